package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever a handler throws, its ring is served or broken, the others go on, and the front-end gets
 * the answer that it waits for when it stops a ring.
 */
class FailingHandlerTest {
    private static final byte ECHO = 0;
    private static final byte THROW_ERROR = 1;
    private static final byte THROW_EXCEPTION = 2;
    private static final byte PARK_AND_THROW = 3;
    private static final byte PARK_ANSWER_AND_THROW = 4;
    private static final byte PARK_UNCANCELLABLE = 5;
    private static final byte PARK = 6;
    private static final byte WAIT = 7;

    private static final class Failure extends Error {
        private static final long serialVersionUID = 1L;
    }

    /** Does what the first byte of a request says. */
    private final class Handler implements ChainHandler {
        private byte deed;

        @Override
        public int handle(GuestBuffers readable, GuestBuffers writable) {
            byte[] request = new byte[1];
            readable.get(0, request, 0, 1);
            deed = request[0];
            switch (deed) {
                case ECHO -> writable.put(0, request, 0, 1);
                case THROW_ERROR -> throw new Failure();
                case THROW_EXCEPTION -> throw new IllegalStateException("on purpose");
                case WAIT -> {
                    begun.release();
                    released.acquireUninterruptibly();
                }
                default -> {
                    return -1; // parked
                }
            }
            return 1;
        }

        @Override
        public int refuse(GuestBuffers readable, GuestBuffers writable) {
            return 0;
        }

        @Override
        public Runnable parked(Consumer<byte[]> answer) {
            if (deed == PARK_ANSWER_AND_THROW) {
                answer.accept(new byte[] {7});
            }
            if (deed == PARK_AND_THROW || deed == PARK_ANSWER_AND_THROW) {
                throw new Failure();
            }
            return () -> {
                answer.accept(new byte[] {8});
                if (deed == PARK_UNCANCELLABLE) {
                    throw new IllegalStateException("on purpose");
                }
            };
        }
    }

    private final class Device extends EchoDevice {
        @Override
        public ChainHandler newHandler(int queueIndex) {
            return new Handler();
        }
    }

    @TempDir Path folder;
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final BlockingQueue<Throwable> uncaught = new LinkedBlockingQueue<>();
    private Thread.UncaughtExceptionHandler before;
    private VhostUserServer server;
    private Thread control;
    private FakeFrontend frontend;

    private void begin(int poolSize) throws Exception {
        begin(poolSize, Syscalls.load());
    }

    private void begin(int poolSize, Syscalls syscalls) throws Exception {
        Path socket = folder.resolve("s");
        server =
                new VhostUserServer(
                        syscalls,
                        Listener.bind(syscalls, socket, null, 1),
                        new Device(),
                        new TransportOptions(poolSize, TransportOptions.AUTO_POLL, false, null),
                        new Reclaimer());
        control =
                new Thread(
                        () -> {
                            try {
                                server.serve();
                            } catch (java.io.IOException e) {
                                throw new java.io.UncheckedIOException(e);
                            }
                        });
        control.start();
        frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES);
    }

    @BeforeEach
    void collectUncaught() {
        before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        server.end();
        control.join(TimeUnit.SECONDS.toMillis(20));
        server.close();
        Thread.setDefaultUncaughtExceptionHandler(before);
        assertTrue(!control.isAlive(), "the control thread does not end");
    }

    /** The ring is broken, the error is told, the other ring serves, both can be stopped. */
    private void assertBreaksItsRingOnly() throws Exception {
        FakeDriver queue = frontend.queue(1);
        assertTrue(Waiting.readable(frontend.syscalls(), queue.error().number(), 10_000));
        assertEquals(Failure.class, uncaught.poll(10, TimeUnit.SECONDS).getClass());
        assertEquals(1, frontend.queue(2).request(new byte[] {ECHO}, 8));
        frontend.stopRing(queue);
        frontend.stopRing(frontend.queue(2));
    }

    @Test
    void errorOnTheQueuesOwnThreadBreaksTheRing() throws Exception {
        begin(0);
        frontend.queue(1).submit(0, new byte[] {THROW_ERROR}, 1, 8);
        assertBreaksItsRingOnly();
    }

    @Test
    void errorOnThePoolsThreadBreaksTheRingAndThePoolGoesOn() throws Exception {
        begin(1);
        for (int round = 0; round < 3; round++) {
            FakeDriver queue = frontend.queue(1);
            queue.makeAvailable(
                    queue.prepare(0, new byte[] {ECHO}, 1, 8),
                    queue.prepare(1, new byte[] {THROW_ERROR}, 1, 8));
            assertBreaksItsRingOnly();
            frontend.stop();
            frontend.restart();
        }
    }

    /** What the pool has no thread for stays in the ring, where the driver's own size bounds it. */
    @Test
    void noMoreRequestsAreTakenThanThereAreThreads() throws Exception {
        int threads = 2;
        begin(threads);
        FakeDriver queue = frontend.queue(1);
        int[] heads = new int[20]; // all of them the same
        Arrays.fill(heads, queue.prepare(0, new byte[] {WAIT}, 1, 8));
        queue.makeAvailable(heads);
        boolean all = begun.tryAcquire(1 + threads, 20, TimeUnit.SECONDS);
        long disabled = frontend.status(FakeFrontend.SET_VRING_ENABLE, FakeFrontend.state(1, 0));
        released.release(heads.length);
        assertTrue(all, "threads without work");
        assertEquals(0, disabled);
        assertEquals(1 + threads, frontend.stopRing(queue));
    }

    /** A JVM may tell a thread that it has touched memory without backing only after it went on. */
    @Test
    void aFaultThatIsToldLateBreaksItsRingOnly() throws Exception {
        AtomicBoolean faulty = new AtomicBoolean();
        begin(
                1,
                AlteredSyscalls.after(
                        (name, arguments) -> {
                            if (name.equals("epollWait")
                                    && Thread.currentThread().getName().equals("queue-1")
                                    && faulty.getAndSet(false)) {
                                throw new InternalError("late");
                            }
                        }));
        FakeDriver queue = frontend.queue(1);
        assertEquals(1, queue.request(new byte[] {ECHO}, 8));
        faulty.set(true);
        queue.kick().signal(); // it may be on its way to sleep
        assertTrue(Waiting.readable(frontend.syscalls(), queue.error().number(), 10_000));
        assertEquals(1, frontend.queue(2).request(new byte[] {ECHO}, 8));
        frontend.stopRing(queue);
        assertNull(uncaught.poll(), "the daemon would end");
    }

    @Test
    void exceptionOfOneRequestIsAnEmptyAnswer() throws Exception {
        begin(0);
        assertEquals(0, frontend.queue(1).request(new byte[] {THROW_EXCEPTION}, 8));
        assertEquals(1, frontend.queue(1).request(new byte[] {ECHO}, 8));
        frontend.stopRing(frontend.queue(1));
    }

    @Test
    void requestThatCannotBeParkedBreaksTheRing() throws Exception {
        begin(0);
        frontend.queue(1).submit(0, new byte[] {PARK_AND_THROW}, 1, 8);
        assertBreaksItsRingOnly();
    }

    @Test
    void requestThatIsAnsweredWhileItIsParkedIsAnsweredOnce() throws Exception {
        begin(0);
        assertEquals(1, frontend.queue(1).request(new byte[] {PARK_ANSWER_AND_THROW}, 8));
        assertEquals(1, frontend.queue(1).request(new byte[] {ECHO}, 8));
        frontend.stopRing(frontend.queue(1));
        assertTrue(frontend.queue(1).staysSilent(0)); // whatever there was has been answered
    }

    @Test
    void waitThatCannotBeCancelledKeepsNoOtherWaiting() throws Exception {
        begin(0);
        FakeDriver queue = frontend.queue(1).slots(3);
        queue.makeAvailable(
                queue.prepare(0, new byte[] {PARK_UNCANCELLABLE}, 1, 8),
                queue.prepare(1, new byte[] {PARK}, 1, 8),
                queue.prepare(2, new byte[] {ECHO}, 1, 8));
        assertEquals(1, queue.await());
        assertEquals(2, queue.lastSlot()); // those before it are parked
        frontend.stopRing(queue);
        assertEquals(1, queue.await());
        assertEquals(1, queue.await());
    }
}
