package io.jvirtiofsd.nio;

/**
 * Memory that is let go of when a request finds none. What a provider keeps in the heap (Jimfs)
 * nobody can count; in a heap that is full to the last byte nothing could be removed any more.
 * Until the reserve is there again, nothing is made or written.
 *
 * <p><i>Thread-safe.</i>
 */
final class Reserve {
    /** More than what removing a file takes, also the first time, when code is loaded for it. */
    static final int BYTES = 4 << 20;

    private volatile byte[] memory = new byte[BYTES];

    /** Lets go of it. */
    void spend() {
        memory = null;
    }

    /**
     * Must precede whatever makes a provider keep more.
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
