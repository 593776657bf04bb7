package io.jvirtiofsd.ivshmem;

/**
 * How an {@link IvshmemServer} serves.
 *
 * @param vectors doorbells of each peer, from 1 to {@link #MOST_VECTORS}
 * @param maxPeers peers at a time, from 1 to {@link #MOST_PEERS}
 */
public record IvshmemOptions(int vectors, int maxPeers) {
    /** What MSI-X has: PCI 3.0, 6.8.2. */
    public static final int MOST_VECTORS = 2048;

    /** Most peers at a time; the other ids wait until nobody takes them for somebody gone. */
    public static final int MOST_PEERS = 4096;

    /** Peers at a time, unless one says otherwise. */
    public static final int USUAL_PEERS = 64;

    /** Descriptors of the server itself, and of the JVM. */
    static final int OWN_DESCRIPTORS = 64;

    /**
     * @throws IllegalArgumentException if they are out of range; the message is one sentence
     */
    public IvshmemOptions {
        check("vectors", vectors, MOST_VECTORS);
        check("peers", maxPeers, MOST_PEERS);
    }

    private static void check(String what, int value, int most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(
                    "%d %s: there can be 1 to %d".formatted(value, what, most));
        }
    }

    /** Descriptors that the server may have open: a socket and the doorbells of each peer. */
    public int descriptors() {
        return maxPeers * (vectors + 1) + OWN_DESCRIPTORS;
    }
}
