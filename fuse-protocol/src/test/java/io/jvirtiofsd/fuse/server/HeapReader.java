package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.GuestData;
import java.util.Objects;

/** The readable part of a request in an array; strict about its bounds. */
final class HeapReader implements RequestReader {
    private final byte[] bytes;
    private int position;

    HeapReader(byte[] bytes) {
        this.bytes = bytes;
    }

    @Override
    public int remaining() {
        return bytes.length - position;
    }

    @Override
    public void read(byte[] target, int at, int length) {
        Objects.checkFromIndexSize(position, length, bytes.length);
        System.arraycopy(bytes, position, target, at, length);
        position += length;
    }

    @Override
    public GuestData data(int size) {
        return new HeapData(bytes, position, size);
    }
}
