package io.jvirtiofsd.vhost;

import java.util.concurrent.Semaphore;
import java.util.function.LongSupplier;

/**
 * How long the thread of a ring that has run empty goes on looking at it before it sleeps. A chain
 * that comes meanwhile costs neither a kick nor a wake-up, which take longer than most requests.
 *
 * <p>By itself ({@link TransportOptions#AUTO_POLL}) it looks only where that pays. Chains that come
 * soon enough are credit, those that do not come cost twice as much of it; the credit is how long
 * it looks. What has none left sleeps at once, and for a pause that doubles; then it gives a trial
 * to a ring whose chains follow each other closely. No more rings are looked at than half of the
 * processors, and none by a thread that has had to wait for its processor, since somebody else
 * needs that.
 *
 * <p><i>Confined to the ring's thread</i>, but for the semaphore. Times are in nanoseconds and
 * those of {@link System#nanoTime}.
 */
final class Polling {
    static final long MOST_NANOS = 64_000;
    static final long LONGEST_STARVED_PAUSE_NANOS = 4_000_000_000L;

    private static final int MOST_CREDIT = 8;
    private static final int FIRST_CREDIT = 4;
    private static final int COST_OF_A_MISS = 2;
    private static final long NANOS_PER_CREDIT = MOST_NANOS / MOST_CREDIT;

    /** Chains that follow so closely may come sooner when nobody has to be woken up for them. */
    private static final long CLOSE_NANOS = 200_000;

    private static final long SHORTEST_PAUSE_NANOS = 1_000_000;
    private static final long LONGEST_PAUSE_NANOS = 16_000_000;

    /**
     * How often the thread's wait for its processor is asked for, and how much of it is too much.
     * Beside a thread that is always busy it is half of the time; this process's own threads, which
     * compile or take in what guests forget, are good for a sixth and for bursts.
     */
    private static final long INTERVAL_NANOS = 20_000_000;

    private static final int MOST_DELAY = 3; // one part in so many

    private static final long STARVED_PAUSE_NANOS = 100_000_000;

    /** A JVM that has just begun to serve compiles; that is what the ring's thread waits for. */
    static final long WARM_UP_NANOS = 2_000_000_000;

    private final int micros;
    private final Semaphore processors;
    private final LongSupplier runDelay;
    private final long warm; // from then on

    private boolean empty;
    private long emptySince;
    private long window; // since then
    private boolean looking; // has one of the processors

    private int credit;
    private boolean stopped; // once
    private long nextTrial; // since then
    private long missPause = SHORTEST_PAUSE_NANOS;
    private long starvedPause = STARVED_PAUSE_NANOS;
    private long intervalBegin;
    private long delayBefore;

    private long hits;
    private long misses;
    private long sleeps; // without having looked
    private long starvations;

    /**
     * @param micros as {@link TransportOptions#pollMicros}
     * @param processors how many rings may be looked at at a time, shared by all of them
     * @param runDelay how long the ring's thread has waited for a processor so far, negative where
     *     that is not known
     * @param now when the ring starts
     */
    Polling(int micros, Semaphore processors, LongSupplier runDelay, long now) {
        this.micros = micros;
        this.processors = processors;
        this.runDelay = runDelay;
        this.warm = now + WARM_UP_NANOS;
    }

    /** The ring is empty at {@code now}: how long to look at it; {@link #end} follows if at all. */
    long begin(long now) {
        if (!empty) {
            empty = true;
            emptySince = now;
            window = micros == TransportOptions.AUTO_POLL ? decide(now) : micros * 1_000L;
            if (window == 0) {
                sleeps++;
            }
            return window;
        }
        return 0; // woken up for something else
    }

    private long decide(long now) {
        if (credit > 0 && now - intervalBegin >= INTERVAL_NANOS) {
            judge(now);
        }
        looking = credit > 0 && processors.tryAcquire();
        return looking ? credit * NANOS_PER_CREDIT : 0;
    }

    /** Stops looking if the thread has waited too much for its processor in this interval. */
    private void judge(long now) {
        long delay = runDelay.getAsLong();
        boolean waits = (delay - delayBefore) * MOST_DELAY > now - intervalBegin;
        if (delay < 0 || waits && now - warm >= 0) {
            starvations++;
            starvedPause = Math.min(2 * starvedPause, LONGEST_STARVED_PAUSE_NANOS);
            stop(now, starvedPause);
        } else if (credit == MOST_CREDIT) {
            missPause = SHORTEST_PAUSE_NANOS;
            starvedPause = STARVED_PAUSE_NANOS;
        }
        intervalBegin = now;
        delayBefore = delay;
    }

    private void stop(long now, long pause) {
        credit = 0;
        stopped = true;
        nextTrial = now + pause;
    }

    /** The look that {@link #begin} has asked for is over. */
    void end() {
        if (looking) {
            looking = false;
            processors.release();
        }
    }

    /** Whether the ring was empty when it was looked at last. */
    boolean isEmpty() {
        return empty;
    }

    /** A chain has come at {@code now} into the ring that was empty. */
    void came(long now) {
        empty = false;
        long gap = now - emptySince;
        if (window > 0) {
            learn(now, gap <= window);
        } else if (credit == 0 && gap <= CLOSE_NANOS && isTrialDue(now)) {
            credit = FIRST_CREDIT;
            intervalBegin = now;
            delayBefore = runDelay.getAsLong();
        }
    }

    private boolean isTrialDue(long now) {
        return !stopped || now - nextTrial >= 0;
    }

    private void learn(long now, boolean hit) {
        if (hit) {
            hits++;
            credit = Math.min(credit + 1, MOST_CREDIT);
        } else {
            misses++;
            credit -= COST_OF_A_MISS;
            if (credit <= 0) {
                missPause = Math.min(2 * missPause, LONGEST_PAUSE_NANOS);
                stop(now, missPause);
            }
        }
    }

    @Override
    public String toString() {
        return "polling: %d hits, %d misses, %d times not tried, %d times given up for want of processors"
                .formatted(hits, misses, sleeps, starvations);
    }
}
