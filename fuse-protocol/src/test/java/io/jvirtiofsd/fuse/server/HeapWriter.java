package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.GuestData;
import java.util.Objects;

/** The writable part of a request in an array; strict about its bounds. */
final class HeapWriter implements ReplyWriter {
    private final byte[] bytes;

    HeapWriter(int capacity) {
        bytes = new byte[capacity];
    }

    byte[] bytes() {
        return bytes;
    }

    @Override
    public int capacity() {
        return bytes.length;
    }

    @Override
    public void write(int position, byte[] source, int at, int length) {
        Objects.checkFromIndexSize(position, length, bytes.length);
        System.arraycopy(source, at, bytes, position, length);
    }

    @Override
    public GuestData data(int position, int size) {
        return new HeapData(bytes, position, size);
    }
}
