package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The rules, with a clock that the test sets. */
class InterruptsTest {
    private static final long QUICK = 2_000;

    private final Interrupts interrupts = new Interrupts();
    private long now = System.nanoTime();

    /** Gives back a chain that took so long; whether the driver is told. */
    private boolean give(long took) {
        now += took;
        interrupts.want();
        return !interrupts.gather(now) && interrupts.take();
    }

    private int told(int chains, long took) {
        int told = 0;
        for (int i = 0; i < chains; i++) {
            told += give(took) ? 1 : 0;
        }
        return told;
    }

    @Test
    void nothingIsToldThatIsNotWanted() {
        assertFalse(interrupts.isWanted());
        assertFalse(interrupts.take());
        interrupts.want();
        assertTrue(interrupts.isWanted());
        assertTrue(interrupts.take());
        assertFalse(interrupts.isWanted());
    }

    @Test
    void theFirstAfterAPauseIsToldAtOnceAndTheNextGather() {
        for (int i = 0; i < 3; i++) {
            assertTrue(give(1_000_000));
            assertEquals(0, told(Interrupts.MOST - 1, QUICK));
            assertTrue(interrupts.take());
        }
    }

    @Test
    void someAreEnough() {
        give(QUICK);
        assertEquals(10, told(10 * Interrupts.MOST, QUICK));
    }

    @Test
    void noneWaitsForLong() {
        long took = Interrupts.QUICK_NANOS;
        give(took);
        assertEquals(30 * took / (Interrupts.MOST_NANOS + took), told(30, took));
    }

    @Test
    void whatTakesLongIsToldAtOnce() {
        assertEquals(10, told(10, Interrupts.QUICK_NANOS + 1));
    }
}
