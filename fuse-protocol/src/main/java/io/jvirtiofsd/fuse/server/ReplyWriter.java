package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.GuestData;

/**
 * The writable part of one request's buffers; supplied by the transport.
 *
 * <p><i>Confined to the request's thread.</i>
 */
public interface ReplyWriter {
    /** Bytes of room in all; 0 for a request that takes no reply. */
    int capacity();

    /** Copies {@code source[at… at + length)} to {@code position}; must fit {@link #capacity}. */
    void write(int position, byte[] source, int at, int length);

    /** The {@code size} bytes at {@code position}, in place; must fit {@link #capacity}. */
    GuestData data(int position, int size);
}
