package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The rules, with a clock that the test sets. */
class CoalescingTest {
    private static final int SIZE = 128;
    private static final long CLOSE = 100_000;
    private static final long LATE = 10_000_000;

    private final Coalescing coalescing = new Coalescing(SIZE);
    private long now = System.nanoTime();

    /** Chains come after a gap, and are served: whether the next ones are to gather. */
    private boolean served(long gap, int chains) {
        now += gap;
        for (int i = 0; i < chains; i++) {
            coalescing.came();
        }
        return coalescing.begin(now);
    }

    @Test
    void whatComesCloselyGathers() {
        assertFalse(served(LATE, 1));
        assertTrue(served(CLOSE, 1));
        assertTrue(served(Coalescing.MILLIS * 1_000_000, 10));
    }

    @Test
    void whatComesSeldomIsToldOfByAKick() {
        for (int i = 0; i < 10; i++) {
            assertFalse(served(LATE, 1));
        }
    }

    @Test
    void anIdleRingIsLookedAtOnceMore() {
        served(LATE, 1);
        assertTrue(served(CLOSE, 1));
        assertFalse(served(Coalescing.MILLIS * 1_000_000, 0), "nothing came");
        assertFalse(served(CLOSE, 0), "woken up for something else");
    }

    @Test
    void aRingThatMightFillUpIsNotLeftAlone() {
        served(LATE, 1);
        assertFalse(served(CLOSE, SIZE / 2));
        assertTrue(served(CLOSE, SIZE / 8));
    }

    @Test
    void inAStreamOneWakeUpServesMany() {
        int wakeUps = 0;
        int chains = 10_000;
        for (int i = 0; i < chains; wakeUps++) {
            boolean gathers = coalescing.begin(now);
            int some = gathers ? (int) (Coalescing.MILLIS * 1_000_000 / CLOSE) : 1;
            now += some * CLOSE;
            for (int k = 0; k < some; k++) {
                coalescing.came();
            }
            i += some;
        }
        assertEquals(chains / 10, wakeUps, chains / 100);
    }
}
