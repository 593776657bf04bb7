package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** When rings are served, and what may change while they are: vhost-user.rst, "Ring states". */
class RingStatesTest {
    private static final byte ECHO = 7;
    private static final byte SLOW = 1;
    private static final int RESET_OWNER = 4;

    /** Answers with the first byte; takes its time for one that is SLOW. */
    private final class Device extends EchoDevice {
        @Override
        public ChainHandler newHandler(int queueIndex) {
            ChainHandler echo = super.newHandler(queueIndex);
            return new ChainHandler() {
                @Override
                public int handle(GuestBuffers readable, GuestBuffers writable) {
                    byte[] first = new byte[1];
                    readable.get(0, first, 0, 1);
                    if (first[0] == SLOW) {
                        begun.release();
                        released.acquireUninterruptibly();
                        takeTime();
                    }
                    return echo.handle(readable, writable);
                }

                @Override
                public int refuse(GuestBuffers readable, GuestBuffers writable) {
                    return 0;
                }
            };
        }
    }

    @TempDir Path folder;
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final FaultySyscalls faults = new FaultySyscalls();
    private final Device device = new Device();
    private VhostUserServer server;
    private Thread control;
    private FakeFrontend frontend;

    private static void takeTime() {
        try {
            TimeUnit.MILLISECONDS.sleep(50);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @BeforeEach
    void begin() throws Exception {
        Syscalls syscalls = faults.calls();
        Path socket = folder.resolve("s");
        server =
                new VhostUserServer(
                        syscalls,
                        Listener.bind(syscalls, socket, null, 1),
                        device,
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                        new Reclaimer());
        control = new Thread(this::serve, "vhost-control");
        control.start();
        frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES);
    }

    private void serve() {
        try {
            server.serve();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        server.end();
        assertTrue(Waiting.until(() -> !control.isAlive()), "the server does not end");
        server.close();
    }

    private void assertServed(int queue) {
        assertEquals(1, frontend.queue(queue).request(new byte[] {ECHO}, 1));
        assertEquals(ECHO, frontend.queue(queue).answer(0, 1)[0]);
    }

    /** Although the back-end has done what it was told, and serves another ring. */
    private void assertLeftAlone(FakeDriver queue) throws IOException {
        assertServed(2);
        frontend.ask(FakeFrontend.GET_FEATURES);
        assertTrue(queue.staysSilent(0));
    }

    private void enable(int queue) throws IOException {
        frontend.acknowledged(FakeFrontend.SET_VRING_ENABLE, FakeFrontend.state(queue, 1));
    }

    @Test
    void aRingThatWasEnabledWhileStoppedIsServedOnceItStarts() throws Exception {
        FakeDriver queue = frontend.queue(1);
        int base = frontend.stopRing(queue);
        enable(1);
        queue.submit(0, new byte[] {ECHO}, 1, 1);
        assertLeftAlone(queue);
        frontend.startRing(queue, base);
        assertEquals(1, queue.await());
    }

    @Test
    void whatFollowsCloselyInHiprioIsServedWithFewKicksAndStopsAtOnce() throws Exception {
        FakeDriver hiprio = frontend.queue(0);
        int chains = 100;
        for (int i = 0; i < chains; i++) {
            assertServed(0); // the next one comes while chains gather
        }
        assertTrue(hiprio.kick().drain() < chains / 2, "a kick for each");
        int base = frontend.stopRing(hiprio);
        assertEquals(chains, base);
        frontend.startRing(hiprio, base);
        enable(0);
        assertServed(0);
    }

    @Test
    void aRingStartsWithoutAKick() throws Exception {
        FakeDriver queue = frontend.queue(1);
        int base = frontend.stopRing(queue);
        queue.submit(0, new byte[] {ECHO}, 1, 1);
        queue.kick().drain();
        frontend.startRing(queue, base);
        enable(1);
        assertEquals(1, queue.await());
    }

    @Test
    @Timeout(60)
    void requestsUnderWayEndBeforeTheBaseIsTold() throws Exception {
        FakeDriver queue = frontend.queue(1);
        queue.submit(0, new byte[] {SLOW}, 1, 1);
        begun.acquire();
        CompletableFuture<Integer> stopped =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return frontend.stopRing(queue);
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        assertFalse(stopped.isDone());
        released.release();
        boolean packed = (FakeFrontend.FEATURES & FakeFrontend.F_RING_PACKED) != 0;
        int base = stopped.get(30, TimeUnit.SECONDS);
        assertEquals(packed ? 0x80028002 : 1, base); // one chain, of two descriptors
        assertFalse(queue.staysSilent(0));
        assertEquals(1, queue.await());
        frontend.startRing(queue, base);
        enable(1);
        assertServed(1);
    }

    private byte[] contents() {
        NativeMemory memory = frontend.memory().get(0).view();
        byte[] bytes = new byte[memory.size()];
        memory.get(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** Requests and kicks come all the same, and the front-end gets its answers. */
    @Test
    void nothingHappensWhileAllRingsAreStopped() throws Exception {
        for (int i = 0; i < 3; i++) {
            assertServed(i);
        }
        int[] bases = frontend.stop();
        for (int i = 0; i < 3; i++) {
            frontend.queue(i).call().drain();
            frontend.queue(i).submit(0, new byte[] {ECHO}, 1, 1);
            frontend.queue(i).kick().signal();
        }
        byte[] before = contents();
        assertFalse(
                Waiting.readable(frontend.syscalls(), frontend.queue(1).call().number(), 200),
                "a notification"); // no event tells that nothing happens
        assertEquals(8, frontend.ask(FakeFrontend.GET_FEATURES).length);
        assertArrayEquals(before, contents());
        for (int i = 0; i < 3; i++) {
            assertFalse(
                    Waiting.readable(frontend.syscalls(), frontend.queue(i).call().number(), 0));
            assertFalse(
                    Waiting.readable(frontend.syscalls(), frontend.queue(i).error().number(), 0));
        }
        frontend.resume(bases);
        for (int i = 0; i < 3; i++) {
            assertEquals(1, frontend.queue(i).await());
        }
    }

    /** Two descriptors in turn; the driver listens to both, as to the one of an irqfd. */
    @Test
    @Timeout(60)
    void callDescriptorMayChangeUnderLoad() throws Exception {
        FakeDriver queue = frontend.queue(1);
        AtomicInteger swaps = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        try (EventFd other = EventFd.create(frontend.syscalls())) {
            Thread forwarder =
                    new Thread(
                            () -> {
                                while (!over.get()) {
                                    if (Waiting.readable(
                                            frontend.syscalls(), other.number(), 100)) {
                                        other.drain();
                                        queue.call().signal();
                                    }
                                }
                            });
            CompletableFuture<Void> swapper =
                    CompletableFuture.runAsync(
                            () -> {
                                while (!over.get()) {
                                    EventFd next =
                                            swaps.getAndIncrement() % 2 == 0 ? other : queue.call();
                                    swap(next);
                                }
                            });
            forwarder.start();
            for (int i = 0; i < 5000; i++) {
                queue.submit(0, new byte[] {ECHO}, 1, 1);
                assertEquals(1, queue.await());
            }
            over.set(true);
            swapper.get(30, TimeUnit.SECONDS);
            forwarder.join();
            assertTrue(swaps.get() > 10, "swaps: " + swaps);
            swap(queue.call());
        }
        assertServed(1);
    }

    /** Who has been acknowledged the new one does not look at the old one again. */
    @Test
    void theNewCallDescriptorTellsOfWhatWasUsedBeforeIt() throws Exception {
        FakeDriver queue = frontend.queue(1);
        try (EventFd next = EventFd.create(frontend.syscalls())) {
            faults.hold("write");
            queue.submit(0, new byte[] {ECHO}, 1, 1);
            assertTrue(Waiting.until(() -> faults.isHeld("queue-1")), "it does not signal");
            swap(next);
            faults.releaseAll("write");
            assertTrue(Waiting.readable(frontend.syscalls(), next.number(), 20_000), "it is lost");
            assertEquals(1, queue.await());
            swap(queue.call());
        }
        assertServed(1);
    }

    private void swap(EventFd next) {
        try {
            frontend.acknowledged(FakeFrontend.SET_VRING_CALL, FakeFrontend.u64(1), next.number());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aHundredThousandKicksForNothingDoNoHarm() throws Exception {
        for (int i = 0; i < 100_000; i++) {
            frontend.queue(i % 3).kick().signal();
        }
        for (int i = 0; i < 3; i++) {
            assertTrue(frontend.queue(i).staysSilent(0));
            assertServed(i);
        }
    }

    /** It is deprecated, and its old meaning would end what goes on. */
    @Test
    void anOwnerThatIsNoMoreChangesNothing() throws Exception {
        frontend.acknowledged(RESET_OWNER, new byte[0]);
        assertServed(1);
        assertEquals(0, device.resets.get());
        frontend.acknowledged(FakeFrontend.SET_OWNER, new byte[0]);
        assertServed(1);
    }

    @Test
    void aDeviceThatWasResetIsSetUpAnewOverTheSameConnection() throws Exception {
        assertServed(1);
        frontend.acknowledged(FakeFrontend.RESET_DEVICE, new byte[0]);
        assertEquals(1, device.resets.get());
        FakeDriver queue = frontend.queue(1);
        queue.submit(0, new byte[] {ECHO}, 1, 1);
        frontend.ask(FakeFrontend.GET_FEATURES);
        assertTrue(queue.staysSilent(0));
        frontend.restart(); // the memory is that from before
        for (int i = 0; i < 3; i++) {
            assertServed(i);
        }
    }
}
