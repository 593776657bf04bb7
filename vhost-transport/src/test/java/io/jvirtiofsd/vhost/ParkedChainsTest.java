package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class ParkedChainsTest {
    private static final byte[] ONE = {1};
    private static final byte[] TWO = {2};

    private final ParkedChains parked = new ParkedChains();
    private final ConcurrentLinkedQueue<byte[]> given = new ConcurrentLinkedQueue<>();

    /** A device that does {@code deed} when a chain is parked. */
    private record Parking(Function<Consumer<byte[]>, Runnable> deed) implements ChainHandler {
        @Override
        public int handle(GuestBuffers readable, GuestBuffers writable) {
            return -1;
        }

        @Override
        public int refuse(GuestBuffers readable, GuestBuffers writable) {
            return 0;
        }

        @Override
        public Runnable parked(Consumer<byte[]> answer) {
            return deed.apply(answer);
        }
    }

    private void park(Function<Consumer<byte[]>, Runnable> deed) {
        parked.park(new Parking(deed), given::add);
    }

    @Test
    void cancellingAnswersAllThatWait() {
        for (int i = 0; i < 100; i++) {
            park(answer -> () -> answer.accept(ONE));
        }
        assertTrue(given.isEmpty());
        parked.cancelAll();
        assertEquals(100, given.size());
        parked.cancelAll(); // nothing waits any more
        assertEquals(100, given.size());
    }

    @Test
    void whatIsAnsweredTwiceIsGivenBackOnce() {
        park(
                answer -> {
                    answer.accept(ONE);
                    answer.accept(TWO);
                    return () -> answer.accept(TWO);
                });
        parked.cancelAll();
        assertEquals(List.of(ONE), List.copyOf(given));
    }

    /** An answer and the end of the ring meet: one of them answers, and the end waits for it. */
    @Test
    void answerAndCancellingAtTheSameTimeGiveOneAnswer() throws Exception {
        for (int round = 0; round < 300; round++) {
            given.clear();
            CyclicBarrier together = new CyclicBarrier(2);
            CompletableFuture<Consumer<byte[]>> chain = new CompletableFuture<>();
            park(
                    answer -> {
                        chain.complete(answer);
                        return () -> answer.accept(TWO);
                    });
            CompletableFuture<Void> answering =
                    CompletableFuture.runAsync(
                            () -> {
                                await(together);
                                chain.join().accept(ONE);
                            });
            await(together);
            parked.cancelAll();
            assertEquals(1, given.size(), "round " + round);
            answering.get(10, TimeUnit.SECONDS);
            assertEquals(1, given.size(), "round " + round);
        }
    }

    private static void await(CyclicBarrier barrier) {
        try {
            barrier.await(10, TimeUnit.SECONDS);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void cancellingWaitsForAnAnswerThatIsBeingGiven() throws Exception {
        CountDownLatch giving = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        CompletableFuture<Consumer<byte[]>> chain = new CompletableFuture<>();
        parked.park(
                new Parking(
                        answer -> {
                            chain.complete(answer);
                            return () -> {};
                        }),
                reply -> {
                    giving.countDown();
                    try {
                        goOn.await();
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                    given.add(reply);
                });
        var answering = CompletableFuture.runAsync(() -> chain.join().accept(ONE));
        assertTrue(giving.await(10, TimeUnit.SECONDS));
        Thread end = new Thread(parked::cancelAll);
        end.start();
        assertTrue(Waiting.until(() -> end.getState() == Thread.State.WAITING));
        goOn.countDown();
        end.join(10_000);
        assertFalse(end.isAlive());
        assertEquals(1, given.size());
        answering.get(10, TimeUnit.SECONDS);
    }

    @Test
    void whatCannotBeParkedIsTheCallersToAnswer() {
        Error failure = new Error("on purpose");
        Error thrown =
                assertThrows(
                        Error.class,
                        () ->
                                park(
                                        answer -> {
                                            throw failure;
                                        }));
        assertSame(failure, thrown);
        parked.cancelAll(); // which waits for nothing
        assertTrue(given.isEmpty());
    }

    @Test
    void failureAfterTheAnswerIsNobodysConcern() {
        park(
                answer -> {
                    answer.accept(ONE);
                    throw new IllegalStateException("on purpose");
                });
        parked.cancelAll();
        assertEquals(1, given.size());
    }

    @Test
    void oneThatCannotBeCancelledKeepsNoOtherWaiting() {
        for (int i = 0; i < 3; i++) {
            park(
                    answer ->
                            () -> {
                                answer.accept(ONE);
                                throw new IllegalStateException("on purpose");
                            });
        }
        parked.cancelAll();
        assertEquals(3, given.size());
    }
}
