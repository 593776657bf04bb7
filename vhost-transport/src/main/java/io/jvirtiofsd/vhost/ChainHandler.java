package io.jvirtiofsd.vhost;

import io.jvirtiofsd.virtio.GuestBuffers;
import java.util.function.Consumer;

/** Serves descriptor chains on one thread. <i>Confined to that thread.</i> */
public interface ChainHandler {
    /**
     * Serves one request. Both buffers are borrowed for the call. Must not throw for anything the
     * guest can cause.
     *
     * @return number of bytes written from the first writable byte on, without gaps; negative if
     *     the request is parked, which means answered later, and then nothing may be written
     */
    int handle(GuestBuffers readable, GuestBuffers writable);

    /**
     * Whether a request will probably keep its thread waiting, so that another one should serve it
     * if more are there. A guess, and quick.
     */
    default boolean isSlow(GuestBuffers readable) {
        return false;
    }

    /**
     * Answers a request of which not all buffers are in memory that we know; those of each
     * direction end before the first byte that is not. It must not be served.
     *
     * @return bytes written; 0 if there is no room to say that it failed
     */
    int refuse(GuestBuffers readable, GuestBuffers writable);

    /**
     * Takes the request that {@link #handle} has just parked.
     *
     * @param answer gives its chain back with these bytes, on any thread; what comes second is
     *     dropped
     * @return what makes the answer come at once; it has come when that returns, or another thread
     *     is giving it
     */
    default Runnable parked(Consumer<byte[]> answer) {
        throw new IllegalStateException("nothing was parked");
    }
}
