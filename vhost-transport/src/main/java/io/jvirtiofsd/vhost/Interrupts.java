package io.jvirtiofsd.vhost;

/**
 * When the driver of a ring is interrupted for the chains it has been given back and wants to hear
 * of. If it were for each, it would often wake up for one, and be asleep again before the next. So
 * where many others wait that are served quickly, what is given back gathers, and one interrupt is
 * for all. When no longer so many wait, the driver is told, and wakes up while the rest is served.
 *
 * <p>What has gathered is told of, too, when it is enough or has waited for some time, and before
 * the ring's thread does anything else than serve the next chain.
 *
 * <p><i>Confined to the ring's thread.</i> Times are in nanoseconds and those of {@link
 * System#nanoTime}.
 */
final class Interrupts {
    /** So many chains are many. */
    static final int MANY = 8;

    static final int MOST = 16;
    static final long MOST_NANOS = 64_000;
    static final long QUICK_NANOS = 32_000;

    private boolean wanted;
    private int gathered;
    private long since;
    private long last;

    /** The driver wants to hear of a chain that it was given back. */
    void want() {
        wanted = true;
    }

    boolean isWanted() {
        return wanted;
    }

    /** Whether what the driver wants to hear of may wait at {@code now}, when many chains wait. */
    boolean gather(long now) {
        boolean quick = now - last <= QUICK_NANOS;
        last = now;
        if (gathered == 0) {
            since = now;
        }
        gathered++;
        return quick && gathered < MOST && now - since < MOST_NANOS;
    }

    /** Whether there is something that the driver wants to hear of; it is told of now. */
    boolean take() {
        boolean any = wanted;
        wanted = false;
        gathered = 0;
        return any;
    }
}
