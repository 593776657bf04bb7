package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;

/**
 * The device-readable part of one descriptor chain, consumed from the front.
 *
 * <p><i>Confined to the thread of its request.</i> Source: virtio 1.3, 2.6.4.
 */
public final class ChainReader {
    private final Segments segments;
    private long consumed;

    ChainReader(Segments segments) {
        this.segments = segments;
    }

    void rewind() {
        consumed = 0;
    }

    /** Bytes not yet consumed. */
    public long remaining() {
        return segments.bytes() - consumed;
    }

    /** Consumes {@code length} &le; {@link #remaining} bytes into {@code target[at…]}. */
    public void read(byte[] target, int at, int length) {
        segments.get(consumed, target, at, length);
        consumed += length;
    }

    /**
     * Appends the next {@code length} &le; {@link #remaining} bytes, in place, to {@code vector}.
     */
    public void addTo(IoVector vector, long length) {
        segments.addTo(vector, consumed, length);
    }

    /** Copies bytes at {@code position} of what is not yet consumed, consuming nothing. */
    public void get(long position, byte[] target, int at, int length) {
        segments.get(consumed + position, target, at, length);
    }
}
