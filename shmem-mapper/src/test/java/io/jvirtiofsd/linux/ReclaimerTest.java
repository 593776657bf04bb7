package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class ReclaimerTest {
    private final Reclaimer reclaimer = new Reclaimer();

    @Test
    void nothingRunningMeansClosedAtOnce() {
        AtomicInteger closed = new AtomicInteger();
        reclaimer.retire(closed::incrementAndGet);
        assertEquals(1, closed.get());
    }

    @Test
    void aRequestThatRanBeforeKeepsItOpenUntilItEnds() {
        AtomicInteger closed = new AtomicInteger();
        Reclaimer.Reader first = reclaimer.register();
        Reclaimer.Reader second = reclaimer.register();
        first.enter();
        reclaimer.retire(closed::incrementAndGet);
        second.enter(); // began later: cannot have seen it
        assertEquals(0, closed.get());
        first.exit();
        assertEquals(1, closed.get());
        second.exit();
        assertEquals(1, closed.get());
    }

    @Test
    void aClosedReaderHoldsNothingBack() {
        AtomicInteger closed = new AtomicInteger();
        Reclaimer.Reader reader = reclaimer.register();
        reader.enter();
        reclaimer.retire(closed::incrementAndGet);
        reader.close();
        assertEquals(1, closed.get());
    }

    @Test
    void nobodyEverSeesAClosedResource() throws Exception {
        AtomicReference<AtomicBoolean> table = new AtomicReference<>(new AtomicBoolean(true));
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger violations = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            threads.add(
                    new Thread(
                            () -> {
                                try (Reclaimer.Reader reader = reclaimer.register()) {
                                    while (!stop.get()) {
                                        reader.enter();
                                        AtomicBoolean open = table.get();
                                        for (int k = 0; k < 10; k++) {
                                            if (!open.get()) {
                                                violations.incrementAndGet();
                                            }
                                        }
                                        reader.exit();
                                    }
                                }
                            }));
        }
        threads.forEach(Thread::start);
        AtomicInteger closed = new AtomicInteger();
        for (int i = 0; i < 100_000; i++) {
            AtomicBoolean old = table.getAndSet(new AtomicBoolean(true));
            reclaimer.retire(
                    () -> {
                        old.set(false);
                        closed.incrementAndGet();
                    });
        }
        stop.set(true);
        for (Thread thread : threads) {
            thread.join(10_000);
            assertFalse(thread.isAlive());
        }
        assertEquals(0, violations.get());
        assertTrue(closed.get() == 100_000, "closed " + closed.get());
    }
}
