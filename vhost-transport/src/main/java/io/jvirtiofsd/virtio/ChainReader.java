package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;

/**
 * The device-readable part of one descriptor chain, consumed from the front.
 *
 * <p><i>Confined to the thread of its request.</i> Source: virtio 1.3, 2.6.4.
 */
public final class ChainReader {
    /** Bytes not yet consumed. */
    public long remaining() {
        throw new UnsupportedOperationException();
    }

    /** Consumes {@code length} &le; {@link #remaining} bytes into {@code target[at…]}. */
    public void read(byte[] target, int at, int length) {
        throw new UnsupportedOperationException();
    }

    /**
     * Appends the next {@code length} &le; {@link #remaining} bytes, in place, to {@code vector}.
     */
    public void addTo(IoVector vector, long length) {
        throw new UnsupportedOperationException();
    }

    /** Copies bytes at {@code position} of what is not yet consumed, consuming nothing. */
    public void get(long position, byte[] target, int at, int length) {
        throw new UnsupportedOperationException();
    }
}
