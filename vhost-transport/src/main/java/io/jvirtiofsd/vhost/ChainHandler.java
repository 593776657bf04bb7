package io.jvirtiofsd.vhost;

import io.jvirtiofsd.virtio.ChainReader;
import io.jvirtiofsd.virtio.ChainWriter;

/** Serves descriptor chains on one thread. <i>Confined to that thread.</i> */
@FunctionalInterface
public interface ChainHandler {
    /**
     * Serves one request. Reader and writer are borrowed for the call. Must not throw for anything
     * the guest can cause.
     *
     * @return number of bytes written from the first writable byte on, without gaps
     */
    int handle(ChainReader reader, ChainWriter writer);
}
