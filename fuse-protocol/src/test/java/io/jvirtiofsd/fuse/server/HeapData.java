package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.GuestData;
import java.util.Objects;

/** Guest memory that is a part of an array; strict about its bounds. */
record HeapData(byte[] bytes, int offset, int size) implements GuestData {
    HeapData {
        Objects.checkFromIndexSize(offset, size, bytes.length);
    }

    @Override
    public long iovAddress() {
        throw new UnsupportedOperationException();
    }

    @Override
    public int iovCount() {
        return 1;
    }

    @Override
    public void skip(int count) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void get(int position, byte[] target, int at, int length) {
        Objects.checkFromIndexSize(position, length, size);
        System.arraycopy(bytes, offset + position, target, at, length);
    }

    @Override
    public void put(int position, byte[] source, int at, int length) {
        Objects.checkFromIndexSize(position, length, size);
        System.arraycopy(source, at, bytes, offset + position, length);
    }
}
