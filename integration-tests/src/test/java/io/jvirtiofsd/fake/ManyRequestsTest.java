package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeMemory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A thread pool of four and two busy queues, of whose requests each fourth is malformed, while the
 * memory table changes a thousand times, rings are stopped, and rings are broken: 1,000,000
 * requests, or as many as {@code -Djvirtiofsd.requests} says.
 */
class ManyRequestsTest {
    private static final int REQUESTS = Integer.getInteger("jvirtiofsd.requests", 1_000_000);
    private static final int CHANGES = 1008; // so often all kinds of them in turn, to the last
    private static final int BREAKS = 10; // of each queue
    private static final int QUEUES = 2;
    private static final int POOL = 4;
    private static final int RING = 512;
    private static final int SLOTS = 64;
    private static final int REGION_BYTES = FakeDriver.memoryBytes(1 + QUEUES);
    private static final long SEED = 7;

    @TempDir Path folder;
    private FakeFrontend frontend;
    private FakeMemory foreign;
    private final Semaphore progress = new Semaphore(0); // one permit for each answer

    @Test
    void requestsAreServedWhileTheMemoryTableChanges() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        try (InProcess backEnd = new InProcess(share, folder, o -> o.threadPoolSize(POOL));
                FakeFrontend connected = backEnd.connect()) {
            frontend = connected;
            frontend.negotiate(FuseRig.FEATURES, 0, 2, REGION_BYTES);
            frontend.start(QUEUES, RING);
            long gpa = 5L * REGION_BYTES;
            try (FakeMemory other =
                    new FakeMemory(frontend.syscalls(), gpa, 1L << 46, REGION_BYTES, 0)) {
                foreign = other;
                serveAndLeaveNothing();
            }
        }
        assertEquals(List.of(), servingThreads());
    }

    private void serveAndLeaveNothing() throws Exception {
        List<RequestMix> mixes = mixes();
        List<String> threads = servingThreads();
        int descriptors = OpenDescriptors.count();
        long mappings = mappings();
        long start = System.nanoTime();
        run(mixes);
        System.out.printf(
                "%d requests in %.1f s, %d malformed, %d in memory that was not there; the memory"
                        + " table changed %d times%n",
                REQUESTS,
                (System.nanoTime() - start) / 1e9,
                mixes.stream().mapToLong(RequestMix::malformed).sum(),
                mixes.stream().mapToLong(RequestMix::unreachable).sum(),
                CHANGES);
        OpenDescriptors.assertSettleAt(descriptors);
        assertTrue(Waiting.until(() -> mappings() == mappings));
        assertEquals(threads, servingThreads());
        // The kernel maps it where memory of the guest has just gone: nothing came there.
        NativeMemory zeros = NativeMemory.allocate(REGION_BYTES);
        assertEquals(-1, foreign.view().mismatch(0, zeros, 0, REGION_BYTES));
    }

    /** Each queue has a file of its own. */
    private List<RequestMix> mixes() {
        List<RequestMix> mixes = new ArrayList<>();
        for (int i = 1; i <= QUEUES; i++) {
            FuseClient fuse = new FuseClient(frontend, i);
            if (i == 1) {
                fuse.init(0);
            }
            String name = "f" + i;
            FuseClient.Created file = fuse.create(FuseClient.ROOT, name, 2, 0100600);
            long node = file.node().nodeId();
            RequestMix mix = new RequestMix(SLOTS, node, file.fh(), name, SEED + i);
            fuse.write(node, file.fh(), 0, mix.content());
            mixes.add(mix);
        }
        return mixes;
    }

    private void run(List<RequestMix> mixes) throws Exception {
        ExecutorService drivers = Executors.newFixedThreadPool(QUEUES);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 1; i <= QUEUES; i++) {
                FakeDriver queue = frontend.queue(i);
                RequestMix mix = mixes.get(i - 1);
                ends.add(
                        drivers.submit(
                                () -> {
                                    try {
                                        drive(queue, mix);
                                        return null;
                                    } finally {
                                        progress.release(REQUESTS); // nobody needs to wait
                                    }
                                }));
            }
            for (int i = 0; i < CHANGES; i++) {
                progress.acquire(REQUESTS / CHANGES);
                change(i);
            }
            for (Future<?> end : ends) {
                end.get(60, TimeUnit.SECONDS);
            }
        } finally {
            drivers.shutdownNow();
            drivers.awaitTermination(10, TimeUnit.SECONDS);
        }
    }

    /** The driver of one queue: fills it, waits until half of it is answered, fills it again. */
    private void drive(FakeDriver queue, RequestMix mix) throws IOException {
        int count = REQUESTS / QUEUES;
        int[] free = new int[SLOTS];
        queue.slots(SLOTS);
        int frees = refill(free);
        int answered = 0;
        int breaks = 0;
        while (answered < count) {
            int inFlight = SLOTS - frees;
            int[] heads = new int[Math.min(frees, count - answered - inFlight)];
            for (int i = 0; i < heads.length; i++) {
                heads[i] = mix.put(queue, free[--frees]);
            }
            queue.makeAvailable(heads);
            if (answered >= (breaks + 1L) * count / (BREAKS + 1)) {
                breakAndRestart(queue);
                frees = refill(free);
                breaks++;
                continue;
            }
            int batch = Math.min(SLOTS / 2, SLOTS - frees);
            queue.awaitUsed(batch);
            for (int i = 0; i < batch; i++) {
                int used = queue.await();
                mix.check(queue, queue.lastSlot(), used);
                free[frees++] = queue.lastSlot();
            }
            answered += batch;
            progress.release(batch);
        }
    }

    private static int refill(int[] free) {
        for (int i = 0; i < SLOTS; i++) {
            free[i] = i;
        }
        return SLOTS;
    }

    /** Ends a ring by a head that is none, while requests are under way; they are lost. */
    private void breakAndRestart(FakeDriver queue) throws IOException {
        queue.makeAvailable(RING);
        assertTrue(Waiting.readable(frontend.syscalls(), queue.error().number(), 10_000));
        synchronized (frontend) {
            int base = queue.giveUp(frontend.stopRing(queue));
            queue.error().drain();
            frontend.startRing(queue, base);
            frontend.enable(queue, 1);
        }
    }

    /** One change of the memory table, as they come when memory is plugged, unplugged, moved. */
    private void change(int number) throws IOException {
        FakeMemory first = frontend.memory().get(0); // which holds the rings
        FakeMemory second = frontend.memory().get(1);
        synchronized (frontend) {
            switch (number % 9) {
                case 0, 6 -> remove(second);
                case 1 -> add(foreign);
                case 2 -> add(second);
                case 3 -> remove(foreign);
                case 4 -> replace(first);
                case 5 -> replace(first, second);
                case 7 -> replace(second, first);
                default -> {
                    remove(first);
                    add(first);
                }
            }
            if (number % 18 == 17) {
                frontend.resume(frontend.stop());
            }
        }
    }

    private void add(FakeMemory region) throws IOException {
        byte[] payload = FakeMemory.singleRegion(region);
        frontend.acknowledged(FakeFrontend.ADD_MEM_REG, payload, region.fd());
    }

    private void remove(FakeMemory region) throws IOException {
        frontend.acknowledged(FakeFrontend.REM_MEM_REG, FakeMemory.singleRegion(region));
    }

    private void replace(FakeMemory... regions) throws IOException {
        frontend.acknowledged(
                FakeFrontend.SET_MEM_TABLE,
                FakeMemory.table(List.of(regions)),
                Stream.of(regions).mapToInt(FakeMemory::fd).toArray());
    }

    /** Names of the threads that serve rings. */
    private static List<String> servingThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("queue-") || name.startsWith("worker-"))
                .sorted()
                .toList();
    }

    /** How often guest memory is mapped in this process. */
    private static long mappings() {
        try (var lines = Files.lines(Path.of("/proc/self/maps"))) {
            return lines.filter(line -> line.contains("memfd:fake-guest")).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
