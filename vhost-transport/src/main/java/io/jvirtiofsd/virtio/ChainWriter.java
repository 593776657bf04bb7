package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;

/**
 * The device-writable part of one descriptor chain.
 *
 * <p><i>Confined to the thread of its request.</i> Source: virtio 1.3, 2.6.4.
 */
public final class ChainWriter {
    private final Segments segments;

    ChainWriter(Segments segments) {
        this.segments = segments;
    }

    /** Bytes of room in all. */
    public long capacity() {
        return segments.bytes();
    }

    /** Copies {@code source[at… at + length)} to {@code position}; must fit {@link #capacity}. */
    public void write(long position, byte[] source, int at, int length) {
        segments.put(position, source, at, length);
    }

    /** Appends the {@code length} bytes at {@code position}, in place, to {@code vector}. */
    public void addTo(IoVector vector, long position, long length) {
        segments.addTo(vector, position, length);
    }
}
