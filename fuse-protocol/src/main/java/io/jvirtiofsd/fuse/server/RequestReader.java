package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.GuestData;

/**
 * The readable part of one request's buffers, consumed from the front; supplied by the transport.
 *
 * <p><i>Confined to the request's thread.</i>
 */
public interface RequestReader {
    /** Bytes not yet consumed. */
    int remaining();

    /** Consumes {@code length} &le; {@link #remaining} bytes into {@code target[at…]}. */
    void read(byte[] target, int at, int length);

    /** The next {@code size} &le; {@link #remaining} bytes, in place. */
    GuestData data(int size);
}
