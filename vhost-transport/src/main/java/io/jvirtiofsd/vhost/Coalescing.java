package io.jvirtiofsd.vhost;

/**
 * Lets the chains of a ring gather whose driver waits for no answer, so that one wake-up serves
 * many. FORGET comes by hiprio for each inode that the driver drops. A kick and a wake-up for each
 * cost more than serving it does, and on few processors push the thread of a request queue off its
 * own.
 *
 * <p>Chains gather only where they follow each other closely, and where the ring has room for what
 * comes meanwhile. <i>Confined to the ring's thread.</i> Times are in nanoseconds and those of
 * {@link System#nanoTime}.
 */
final class Coalescing {
    /** How long chains gather. */
    static final int MILLIS = 1;

    private static final long CLOSE_NANOS = 2_000_000;
    private static final int MOST = 4; // one part in so many of the ring

    private final int most;
    private long emptySince;
    private int count; // of the chains that have come since then

    /**
     * @param size entries of the ring
     */
    Coalescing(int size) {
        this.most = size / MOST;
    }

    /** A chain has come. */
    void came() {
        count++;
    }

    /**
     * The ring is empty at {@code now}: whether to look again after {@link #MILLIS} before a kick
     * is asked for.
     */
    boolean begin(long now) {
        boolean gather = count > 0 && count <= most && now - emptySince <= CLOSE_NANOS;
        emptySince = now;
        count = 0;
        return gather;
    }
}
