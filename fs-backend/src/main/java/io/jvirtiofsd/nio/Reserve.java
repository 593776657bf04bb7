package io.jvirtiofsd.nio;

/**
 * Memory that is let go of when a request finds none. Nobody can count what a provider (Jimfs)
 * keeps in the heap, and in a heap that is full to the last byte not even a file could be removed.
 * Until the reserve has been allocated again, nothing is made or written.
 *
 * <p><i>Thread-safe.</i>
 */
final class Reserve {
    /** More than what removing a file takes, also the first time, when code is loaded for it. */
    static final int BYTES = 4 << 20;

    private volatile byte[] memory = new byte[BYTES];

    /** Lets go of the reserve, so that the next requests find memory. */
    void spend() {
        memory = null;
    }

    /**
     * To be called before a provider is made to keep more.
     *
     * @throws OutOfMemoryError if the reserve is spent and there is no memory for it yet
     */
    void require() {
        if (memory == null) {
            refill();
        }
    }

    private synchronized void refill() {
        if (memory == null) {
            memory = new byte[BYTES];
        }
    }
}
