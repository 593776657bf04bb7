package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;

/**
 * The device-writable part of one descriptor chain.
 *
 * <p><i>Confined to the thread of its request.</i> Source: virtio 1.3, 2.6.4.
 */
public final class ChainWriter {
    /** Bytes of room in all. */
    public long capacity() {
        throw new UnsupportedOperationException();
    }

    /** Copies {@code source[at… at + length)} to {@code position}; must fit {@link #capacity}. */
    public void write(long position, byte[] source, int at, int length) {
        throw new UnsupportedOperationException();
    }

    /** Appends the {@code length} bytes at {@code position}, in place, to {@code vector}. */
    public void addTo(IoVector vector, long position, long length) {
        throw new UnsupportedOperationException();
    }
}
