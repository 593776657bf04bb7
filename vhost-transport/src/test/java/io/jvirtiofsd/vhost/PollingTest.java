package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.Test;

/** The rules, with a clock that the test sets. */
class PollingTest {
    private static final long SOON = 5_000;
    private static final long CLOSE = 150_000;
    private static final long LATE = 3_000_000;

    private final Semaphore processors = new Semaphore(1);
    private long now = System.nanoTime();
    private long delay;
    private Polling polling = new Polling(TransportOptions.AUTO_POLL, processors, () -> delay, now);

    /** The ring is empty for {@code gap}; how long it was looked at before the thread slept. */
    private long gap(long gap) {
        long window = polling.begin(now);
        polling.end();
        now += gap;
        polling.came(now);
        return window;
    }

    private void untilItLooks(long gap) {
        for (int i = 0; polling.begin(now) == 0; i++) {
            assertTrue(i < 1000, "never looks");
            now += gap;
            polling.came(now);
        }
        polling.end();
        polling.came(now);
    }

    @Test
    void looksLongerAsLongAsChainsComeSoon() {
        untilItLooks(SOON);
        long first = gap(SOON);
        assertTrue(gap(SOON) > first);
        for (int i = 0; i < 10; i++) {
            gap(SOON);
        }
        assertEquals(Polling.MOST_NANOS, gap(SOON));
    }

    @Test
    void stopsWhenTheyDoNotAndTriesAgainEverLater() {
        long tries = 0;
        for (int second = 0; second < 2; second++) {
            tries = 0;
            for (long begin = now; now - begin < 1_000_000_000; ) {
                tries += gap(CLOSE) > 0 ? 1 : 0;
            }
        }
        assertTrue(tries > 0, "never again");
        assertTrue(tries < 200, tries + " looks in vain in a second");
    }

    @Test
    void neverLooksWhereChainsComeLate() {
        for (int i = 0; i < 1000; i++) {
            assertEquals(0, gap(LATE));
        }
    }

    @Test
    void idleRingIsLookedAtOnce() {
        untilItLooks(SOON);
        assertTrue(polling.begin(now) > 0);
        polling.end();
        now += LATE;
        assertEquals(0, polling.begin(now), "woken up for something else, and looks again");
    }

    @Test
    void noMoreRingsAreLookedAtThanThereAreProcessorsFor() {
        untilItLooks(SOON);
        Polling first = polling;
        polling = new Polling(TransportOptions.AUTO_POLL, processors, () -> delay, now);
        untilItLooks(SOON);
        assertTrue(first.begin(now) > 0);
        assertEquals(0, gap(SOON));
        first.end();
        assertTrue(gap(SOON) > 0);
    }

    /**
     * How often it looks in so long a time, while its thread waits for a processor for one part of
     * it in so many.
     */
    private long looks(long nanos, int waits) {
        long looks = 0;
        for (long begin = now; now - begin < nanos; ) {
            looks += gap(SOON) > 0 ? 1 : 0;
            delay += SOON / waits;
        }
        return looks;
    }

    @Test
    void itsOwnJvmMayMakeItWaitAtFirst() {
        untilItLooks(SOON);
        long nanos = Polling.WARM_UP_NANOS / 2;
        assertEquals(nanos / SOON, looks(nanos, 2));
    }

    @Test
    void goesOnWhereItsThreadHasToWaitALittle() {
        untilItLooks(SOON);
        long nanos = 2 * Polling.WARM_UP_NANOS;
        assertEquals(nanos / SOON, looks(nanos, 5));
    }

    @Test
    void stopsWhereItsThreadHasToWaitForAProcessor() {
        untilItLooks(SOON);
        looks(Polling.WARM_UP_NANOS, 2);
        long looks = looks(10_000_000_000L, 2);
        assertTrue(looks > 0);
        assertTrue(looks * SOON < 200_000_000, looks + " looks in ten seconds");
        gap(Polling.LONGEST_STARVED_PAUSE_NANOS);
        untilItLooks(SOON);
    }

    @Test
    void doesNotLookWhereThatIsNotKnown() {
        delay = -1;
        for (long begin = now; now - begin < 1_000_000_000; ) {
            gap(SOON);
        }
        long looks = 0;
        for (long begin = now; now - begin < 1_000_000_000; ) {
            looks += gap(SOON) > 0 ? 1 : 0;
        }
        assertTrue(looks * SOON < 30_000_000, looks + " looks in a second");
    }

    @Test
    void looksAsLongAsItIsToldInAnyCase() {
        polling = new Polling(700, processors, () -> 1_000_000 * now, now);
        processors.drainPermits();
        assertEquals(700_000, gap(LATE));
        assertEquals(700_000, gap(SOON));
    }
}
