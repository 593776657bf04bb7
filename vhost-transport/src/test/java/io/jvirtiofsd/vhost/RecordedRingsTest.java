package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rings that are recorded: vhost-user.rst, "Inflight I/O tracking". A process that is killed is
 * made of one that is not by putting back all that it had shared as it was in that moment.
 */
@Timeout(60)
class RecordedRingsTest {
    private static final int SLOTS = 4;
    private static final int SIZE = 64;
    private static final int VERSION = 8; // vhost-user.rst, QueueRegionSplit

    @TempDir Path folder;
    private final Semaphore begun = new Semaphore(0);
    private final Semaphore released = new Semaphore(0);
    private final List<Byte> order = new ArrayList<>(); // guarded by itself
    private final List<Running> servers = new ArrayList<>();
    private FakeFrontend frontend;
    private FakeDriver queue;
    private Mapping record;
    private byte[] memoryThen;
    private byte[] recordThen;

    /** Answers with the first byte, when it may. */
    private final class Device extends EchoDevice {
        @Override
        public ChainHandler newHandler(int queueIndex) {
            ChainHandler echo = super.newHandler(queueIndex);
            return new ChainHandler() {
                @Override
                public int handle(GuestBuffers readable, GuestBuffers writable) {
                    byte[] first = new byte[1];
                    readable.get(0, first, 0, 1);
                    synchronized (order) {
                        order.add(first[0]);
                    }
                    begun.release();
                    released.acquireUninterruptibly();
                    return echo.handle(readable, writable);
                }

                @Override
                public int refuse(GuestBuffers readable, GuestBuffers writable) {
                    return 0;
                }
            };
        }
    }

    /** A back-end with a pool of {@code threads}. */
    private final class Running {
        private final Path socket = folder.resolve("s" + servers.size());
        private final VhostUserServer server;
        private final Thread control = new Thread(this::serve, "vhost-control");

        Running(int threads) throws IOException {
            Syscalls syscalls = Syscalls.load();
            server =
                    new VhostUserServer(
                            syscalls,
                            Listener.bind(syscalls, socket, null, 1),
                            new Device(),
                            new TransportOptions(threads, TransportOptions.AUTO_POLL, false, null),
                            new Reclaimer());
            servers.add(this);
            control.start();
        }

        private void serve() {
            try {
                server.serve();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        void end() {
            server.end();
            assertTrue(Waiting.until(() -> !control.isAlive()), "the server does not end");
            server.close();
        }
    }

    private void start(boolean packed, int threads) throws IOException {
        long split = FakeFrontend.FEATURES & ~FakeFrontend.F_RING_PACKED;
        frontend = new FakeFrontend(new Running(threads).socket).recording();
        frontend.negotiate(
                packed ? split | FakeFrontend.F_RING_PACKED : split,
                0,
                2,
                FakeDriver.memoryBytes(2));
        frontend.start(1, SIZE);
        queue = frontend.queue(1).slots(SLOTS);
        int bytes = 2 * (packed ? 32 + 32 * SIZE + 63 & -64 : 16 + 16 * SIZE + 63 & -64);
        record = Mapping.map(frontend.syscalls(), frontend.record(), 0, bytes);
    }

    @AfterEach
    void end() throws Exception {
        released.release(1000);
        frontend.close();
        servers.forEach(Running::end);
        record.close();
    }

    private NativeMemory recordView() {
        return NativeMemory.view(record.address(), (int) record.length());
    }

    private static byte[] contents(NativeMemory memory) {
        byte[] bytes = new byte[memory.size()];
        memory.get(0, bytes, 0, bytes.length);
        return bytes;
    }

    private void submit(int slot) {
        queue.submit(slot, new byte[] {(byte) (slot + 1)}, 1, 1);
    }

    /** This is how a killed process leaves it. */
    private void remember() {
        memoryThen = contents(frontend.memory().get(0).view());
        recordThen = contents(recordView());
    }

    private void putBackRecord() {
        recordView().put(0, recordThen, 0, recordThen.length);
    }

    private void putBack() {
        frontend.memory().get(0).view().put(0, memoryThen, 0, memoryThen.length);
        putBackRecord();
        order.clear();
        begun.drainPermits();
    }

    private void assertEachAnsweredOnce(int slots) {
        Set<Integer> answered = new HashSet<>();
        for (int i = 0; i < slots; i++) {
            assertEquals(1, queue.await());
            int slot = queue.lastSlot();
            assertTrue(answered.add(slot));
            assertEquals(slot + 1, queue.answer(slot, 1)[0]);
        }
        assertTrue(queue.staysSilent(20));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatWasUnderWayComesFirstAndEachOnce(boolean packed) throws Exception {
        start(packed, 0);
        for (int slot = 0; slot < SLOTS; slot++) {
            submit(slot); // one is under way, the others are not taken yet
        }
        begun.acquire();
        remember();
        released.release(SLOTS);
        begun.acquire(SLOTS - 1);
        int[] bases = frontend.stop();
        putBack();
        released.release(SLOTS);
        frontend.resume(bases);
        assertEachAnsweredOnce(SLOTS);
        assertEquals(List.of((byte) 1, (byte) 2, (byte) 3, (byte) 4), order);
        released.release(SLOTS);
        submit(2); // and so on
        assertEachAnsweredOnceOf(2);
    }

    private void assertEachAnsweredOnceOf(int slot) {
        assertEquals(1, queue.await());
        assertEquals(slot, queue.lastSlot());
        assertTrue(queue.staysSilent(20));
    }

    /** Nothing before the base that is told is under way any more, whoever had taken it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRingThatStopsGivesBackWhatAnotherProcessHadTaken(boolean packed) throws Exception {
        start(packed, SLOTS - 1);
        int[] heads = new int[SLOTS];
        for (int slot = 0; slot < SLOTS; slot++) {
            heads[slot] = queue.prepare(slot, new byte[] {(byte) (slot + 1)}, 1, 1);
        }
        queue.makeAvailable(heads); // at once: the ring's own thread takes one
        begun.acquire(SLOTS);
        remember();
        released.release(SLOTS);
        frontend.stop();
        putBack();
        frontend.takeOver(new Running(0).socket);
        begun.acquire(); // the first; nobody else could take the others
        CompletableFuture<int[]> stopped =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                return frontend.stop();
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        });
        released.release(SLOTS);
        int base = stopped.get(30, TimeUnit.SECONDS)[1];
        assertEachAnsweredOnce(SLOTS);
        int expected = packed ? (0x8000 | 2 * SLOTS) * 0x10001 : SLOTS; // of two descriptors each
        assertEquals(expected, base);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aDriverThatStartsAnewMeetsNothingOfBefore(boolean packed) throws Exception {
        start(packed, 0);
        submit(0);
        begun.acquire();
        remember();
        released.release();
        frontend.stop();
        putBackRecord();
        frontend.restart();
        queue = frontend.queue(1).slots(SLOTS);
        assertTrue(queue.staysSilent(50));
        released.release();
        submit(1);
        assertEachAnsweredOnceOf(1);
    }

    /** It may have been killed after it had given a chain back, and before it said so. */
    @Test
    void whoeverTakesOverCallsTheDriver() throws Exception {
        start(false, 0);
        queue.call().drain();
        frontend.takeOver(new Running(0).socket);
        assertTrue(Waiting.readable(frontend.syscalls(), queue.call().number(), 10_000), "no call");
    }

    /** Nobody but the rings' threads has touched it before. */
    @Test
    void aRecordBeginsWithTheFirstLookAtItsRing() throws Exception {
        start(false, 0);
        submit(0);
        begun.acquire();
        int stride = 16 + 16 * SIZE + 63 & -64;
        assertEquals(1, recordView().getShort(stride + VERSION));
        assertEquals(SIZE, recordView().getShort(stride + VERSION + 2));
        assertEquals(1, recordView().getByte(stride + 16)); // slot 0 is head 0
        released.release();
        assertEquals(1, queue.await());
        frontend.stop();
        assertEquals(0, recordView().getByte(stride + 16));
        assertEquals(1, recordView().getShort(stride + 14)); // used_idx
    }
}
