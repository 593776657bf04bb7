package io.jvirtiofsd.bench;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;

/**
 * One queue with a driver of its own, which keeps a request of each of its chains in flight.
 * <i>Confined to one thread.</i>
 */
final class Lane {
    private static final int LIMIT_MILLIS = 60_000;
    private static final int SPINS_PER_LOOK = 4096;

    /** Latencies are told apart to a thousandth, up to a minute. */
    static final int DIGITS = 3;

    static final long MOST_NANOS = TimeUnit.MILLISECONDS.toNanos(LIMIT_MILLIS);

    private final BareRing ring;
    private final List<Chain> chains;
    private final Call[] underWay;
    private final long[] begun;
    private final boolean sleeping;
    private final Histogram latencies = new Histogram(MOST_NANOS, DIGITS);
    private long requests;
    private long inTime;
    private long nanos;

    Lane(BareRing ring, List<Chain> chains, boolean sleeping) {
        this.ring = ring;
        this.chains = chains;
        this.underWay = new Call[chains.size()];
        this.begun = new long[chains.size()];
        this.sleeping = sleeping;
    }

    /** Begins operations for so many nanoseconds, each chain at least one, and ends them all. */
    void run(long duration) {
        ring.begin();
        long start = System.nanoTime();
        for (int head = 0; head < underWay.length; head++) {
            begin(head, start);
        }
        ring.publish();
        int inFlight = underWay.length;
        while (inFlight > 0) {
            if (sleeping) {
                sleep();
            } else {
                spin();
            }
            long now = System.nanoTime();
            boolean goesOn = now - start < duration;
            int count = ring.usedCount();
            requests += count;
            inTime += goesOn ? count : 0;
            nanos = goesOn ? now - start : nanos;
            for (int i = 0; i < count; i++) {
                int head = ring.take();
                if (!proceed(head, now)) {
                    if (goesOn) {
                        begin(head, now);
                    } else {
                        inFlight--;
                    }
                }
            }
            ring.publish();
        }
        ring.end();
        if (inTime == 0) { // the first answers have taken longer than there was time
            inTime = requests;
            nanos = System.nanoTime() - start;
        }
    }

    private void begin(int head, long now) {
        begun[head] = now;
        underWay[head] = chains.get(head).begin();
        underWay[head].put(ring, head);
    }

    /** Takes an answer; false if the operation is at its end. */
    private boolean proceed(int head, long now) {
        Call answered = underWay[head];
        answered.check(ring.usedLength());
        Call next = chains.get(head).next(answered);
        if (next == null) {
            latencies.recordValue(Math.min(now - begun[head], MOST_NANOS));
            return false;
        }
        underWay[head] = next;
        next.put(ring, head);
        return true;
    }

    private void sleep() {
        long start = System.nanoTime();
        while (ring.usedCount() == 0) {
            boolean called = ring.sleep(LIMIT_MILLIS);
            Chain.require(
                    called && System.nanoTime() - start < MOST_NANOS, "no answer within a minute");
        }
    }

    private void spin() {
        ring.wantNothing();
        long start = 0;
        for (int spins = 1; ring.usedCount() == 0; spins++) {
            if (spins % SPINS_PER_LOOK == 0) {
                start = start == 0 ? System.nanoTime() : start;
                Chain.require(System.nanoTime() - start < MOST_NANOS, "no answer within a minute");
            }
            Thread.onSpinWait();
        }
    }

    BareRing ring() {
        return ring;
    }

    /** Requests that were answered. */
    long requests() {
        return requests;
    }

    /** Requests that were answered while new operations began, a second. */
    double requestsPerSecond() {
        return inTime * 1e9 / nanos;
    }

    /** How long operations took, in nanoseconds. */
    Histogram latencies() {
        return latencies;
    }
}
