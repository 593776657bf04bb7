package io.jvirtiofsd.vhost;

import io.jvirtiofsd.virtio.ChainReader;
import io.jvirtiofsd.virtio.ChainWriter;

/** Serves descriptor chains on one thread. <i>Confined to that thread.</i> */
public interface ChainHandler {
    /** What {@link #handle} returns for a request that is answered later. */
    int PARKED = -1;

    /**
     * Serves one request. Reader and writer are borrowed for the call. Must not throw for anything
     * the guest can cause.
     *
     * @return number of bytes written from the first writable byte on, without gaps; or {@link
     *     #PARKED}, and then nothing may be written
     */
    int handle(ChainReader reader, ChainWriter writer);

    /**
     * Answers a request of which not all buffers are in memory that we know; reader and writer, as
     * above, end before the first byte that is not. It must not be served.
     *
     * @return bytes written; 0 if there is no room to say that it failed
     */
    int refuse(ChainReader reader, ChainWriter writer);

    /**
     * Takes the chain of the request for which {@link #handle} has just returned {@link #PARKED}.
     *
     * @return what makes the answer come at once; it has come when that returns, or another thread
     *     is giving it
     */
    default Runnable parked(ParkedChain chain) {
        throw new IllegalStateException("nothing was parked");
    }
}
