package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Reclaimer;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WorkerPoolTest {
    private static final int THREADS = 3;

    private final WorkerPool pool = WorkerPool.of(THREADS, new EchoDevice(), new Reclaimer());

    @AfterEach
    void end() {
        pool.close();
    }

    @Test
    void allThreadsServeAtOnceWithWhatIsTheirOwn() throws Exception {
        CountDownLatch begun = new CountDownLatch(THREADS);
        CountDownLatch goOn = new CountDownLatch(1);
        Map<Thread, Object> readers = new ConcurrentHashMap<>();
        Map<Thread, Object> handlers = new ConcurrentHashMap<>();
        Map<Thread, Object> chains = new ConcurrentHashMap<>();
        for (int i = 0; i < THREADS; i++) {
            pool.execute(
                    (reader, handler, chain) -> {
                        readers.put(Thread.currentThread(), reader);
                        handlers.put(Thread.currentThread(), handler);
                        chains.put(Thread.currentThread(), chain);
                        begun.countDown();
                        await(goOn);
                    });
        }
        assertTrue(begun.await(10, TimeUnit.SECONDS));
        goOn.countDown();
        for (Map<Thread, Object> own : Set.of(readers, handlers, chains)) {
            assertEquals(THREADS, Set.copyOf(own.values()).size());
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void whatATaskThrowsIsReportedAndTheThreadGoesOn() throws Exception {
        BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
        var before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
        try {
            Error failure = new Error("on purpose");
            for (int i = 0; i < 2 * THREADS; i++) {
                pool.execute(
                        (reader, handler, chain) -> {
                            throw failure;
                        });
            }
            for (int i = 0; i < 2 * THREADS; i++) {
                assertSame(failure, uncaught.poll(10, TimeUnit.SECONDS));
            }
            CountDownLatch served = new CountDownLatch(1);
            pool.execute((reader, handler, chain) -> served.countDown());
            assertTrue(served.await(10, TimeUnit.SECONDS));
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
    }

    @Test
    void closingServesWhatIsThere() {
        AtomicInteger served = new AtomicInteger();
        for (int i = 0; i < 1000; i++) {
            pool.execute((reader, handler, chain) -> served.incrementAndGet());
        }
        pool.close();
        assertEquals(1000, served.get());
    }

    @Test
    void threadsOnDemandAreThereWhenThereIsSomethingToDo() throws Exception {
        try (WorkerPool few = WorkerPool.onDemand(new EchoDevice(), new Reclaimer())) {
            CountDownLatch begun = new CountDownLatch(WorkerPool.MOST_ON_DEMAND);
            CountDownLatch goOn = new CountDownLatch(1);
            CountDownLatch served = new CountDownLatch(WorkerPool.MOST_WAITING);
            for (int i = 0; i < WorkerPool.MOST_WAITING; i++) {
                assertTrue(
                        few.execute(
                                (reader, handler, chain) -> {
                                    begun.countDown();
                                    await(goOn);
                                    served.countDown();
                                }));
            }
            assertTrue(begun.await(10, TimeUnit.SECONDS));
            goOn.countDown();
            assertTrue(served.await(10, TimeUnit.SECONDS));
        }
    }
}
