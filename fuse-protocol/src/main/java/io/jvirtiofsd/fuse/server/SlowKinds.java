package io.jvirtiofsd.fuse.server;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/**
 * Which kinds of requests take long on this host, going by a running mean of the time of each: a
 * kind is slow from a mean of {@link #SLOW_NANOS} on, and until it is below {@link #FAST_NANOS}.
 * Owned by the server.
 *
 * <p>Means are changed without a lock: of two requests that end at once one may not count.
 * <i>Thread-safe.</i>
 */
final class SlowKinds {
    /** A hand-over to another thread costs some 30 microseconds, and a processor it is woken on. */
    static final long SLOW_NANOS = 100_000;

    static final long FAST_NANOS = 50_000;

    /** Counts for no more, so that one request that takes seconds is soon forgotten. */
    static final long MOST_NANOS = 2_000_000;

    private static final int KINDS = Long.SIZE;
    private static final int WEIGHT = 8; // of the mean so far, against one request

    private final AtomicLongArray means = new AtomicLongArray(KINDS);
    private final AtomicLong slow = new AtomicLong(); // a bit for each kind

    /** Notes that a request of {@code kind}, 0&hellip;63, has taken so long. */
    void note(int kind, long nanos) {
        long before = means.getPlain(kind);
        long mean = before + (Math.min(nanos, MOST_NANOS) - before) / WEIGHT;
        means.setPlain(kind, mean);
        long bit = 1L << kind;
        boolean wasSlow = (slow.getPlain() & bit) != 0;
        if (!wasSlow && mean >= SLOW_NANOS) {
            slow.getAndUpdate(kinds -> kinds | bit);
        } else if (wasSlow && mean < FAST_NANOS) {
            slow.getAndUpdate(kinds -> kinds & ~bit);
        }
    }

    /** Whether any kind is slow. */
    boolean any() {
        return slow.get() != 0;
    }

    /** Whether {@code kind} is; false for what is none. */
    boolean isSlow(int kind) {
        return kind >= 0 && kind < KINDS && (slow.get() >>> kind & 1) != 0;
    }
}
