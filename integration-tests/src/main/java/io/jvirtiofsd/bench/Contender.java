package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.HdrHistogram.Histogram;

/**
 * One side of a comparison: a back-end, the front-end that drives it, and what is open through it.
 * Owns the front-end. <i>Confined to one thread</i>, but for {@link #forget}.
 */
final class Contender implements AutoCloseable {
    /** How many chains can be in flight, over all queues. */
    static final int MOST_CHAINS = 128;

    private static final int RING = 128; // QEMU's default, and Linux's most with a chain a slot
    private static final int CALLS = 8; // of one chain
    private static final int DATA_BYTES = 1 << 20;
    private static final int SLOT_BYTES = CALLS * Call.PLACE_BYTES + DATA_BYTES;
    private static final int HIPRIO_CALLS = 64;
    private static final int FORGET = 2; // linux/fuse.h
    private static final int O_RDWR = 2; // asm-generic/fcntl.h
    private static final int FILE_MODE = 0644;

    /** What Linux asks for that concerns what is measured: linux/fuse.h, FUSE_INIT. */
    private static final long FLAGS =
            1 // ASYNC_READ
                    | 1 << 5 // BIG_WRITES
                    | 1 << 13 // DO_READDIRPLUS
                    | 1 << 18 // PARALLEL_DIROPS
                    | 1 << 22; // MAX_PAGES

    private final String name;
    private final long pid;
    private final BenchShare share;
    private final FakeFrontend frontend;
    private final List<BareRing> rings = new ArrayList<>();
    private final BareRing hiprio;
    private final Call[] forgets = new Call[HIPRIO_CALLS];
    private final int[] freeForgets = new int[HIPRIO_CALLS];
    private final FuseClient fuse;
    private final int slots;
    private final Opened read;
    private final Opened written;
    private final Opened synced;
    private final long many;
    private final long work;
    private int freeForgetCount;
    private long salts;

    /** A file that is open through the back-end. */
    record Opened(Path file, long node, long fh) {}

    /** A part of the guest's memory that one chain has for itself. */
    record Slot(NativeMemory memory, long gpaBase, int at) {
        /** The place of one of its up to 8 requests. */
        Call call(int index) {
            return new Call(memory, gpaBase, at + DATA_BYTES + index * Call.PLACE_BYTES, at);
        }

        /** Offset of its 1 MiB for data. */
        int data() {
            return at;
        }
    }

    /**
     * Connects to a back-end.
     *
     * @param pid of the process whose processor time counts
     * @param queues how many request queues to start, of those it can have
     */
    Contender(String name, Path socket, long pid, BenchShare share, int queues) throws IOException {
        this.name = name;
        this.pid = pid;
        this.share = share;
        frontend = new FakeFrontend(socket);
        int most = 1 + queues;
        int forgetsAt = FakeDriver.memoryBytes(most);
        slots = forgetsAt + HIPRIO_CALLS * Call.PLACE_BYTES;
        frontend.negotiate(FakeFrontend.FEATURES, 0, 1, slots + MOST_CHAINS * SLOT_BYTES);
        int started = Math.max(1, Math.min(queues, frontend.maxQueues() - 1));
        frontend.start(started, RING);
        fuse = new FuseClient(frontend, 1);
        fuse.init(FLAGS);
        read = open("read");
        written = open("written");
        synced = open("synced");
        many = fuse.lookup(FuseClient.ROOT, "many").nodeId();
        work = fuse.lookup(FuseClient.ROOT, "work").nodeId();
        for (int i = 0; i < started; i++) {
            rings.add(new BareRing(frontend, 1 + i, RING));
        }
        hiprio = new BareRing(frontend, 0, RING);
        hiprio.begin();
        for (int i = 0; i < HIPRIO_CALLS; i++) {
            forgets[i] =
                    new Call(memory(), gpaBase(), forgetsAt + i * Call.PLACE_BYTES, 0)
                            .posting(FORGET, 0, new byte[Long.BYTES])
                            .argument(0, 1);
            freeForgets[freeForgetCount++] = i;
        }
    }

    private Opened open(String file) {
        long node = fuse.lookup(FuseClient.ROOT, file).nodeId();
        return new Opened(share.folder().resolve(file), node, fuse.open(node, O_RDWR));
    }

    /** A new file where names come and go, for one chain. */
    Opened make(String name) {
        FuseClient.Created made = fuse.create(work, name, O_RDWR, FILE_MODE);
        Path file = share.folder().resolve("work").resolve(name);
        return new Opened(file, made.node().nodeId(), made.fh());
    }

    /** Ends what {@link #make} has made. */
    void remove(Opened made) {
        fuse.release(made.node(), made.fh());
        fuse.unlink(work, made.file().getFileName().toString());
        forget(made.node());
    }

    private NativeMemory memory() {
        return frontend.memory().get(0).view();
    }

    private long gpaBase() {
        return frontend.memory().get(0).gpa();
    }

    String name() {
        return name;
    }

    BenchShare share() {
        return share;
    }

    Opened read() {
        return read;
    }

    Opened written() {
        return written;
    }

    Opened synced() {
        return synced;
    }

    /** The node of the directory of many names. */
    long many() {
        return many;
    }

    /** The node of the directory in which names come and go. */
    long work() {
        return work;
    }

    /** Stands for data that nothing was written from so far. */
    long newSalt() {
        return ++salts << 32;
    }

    /**
     * Keeps requests of a row in flight for a while, and looks at what came of it.
     *
     * @param depth how many there are for each queue; a back-end with fewer queues has as many in
     *     those it has
     * @throws IllegalStateException if an answer is not what it must be
     */
    Cell measure(Row row, int depth, int queues, boolean sleeping, long nanos)
            throws IOException, InterruptedException {
        int used = Math.min(queues, rings.size());
        int count = depth * queues;
        List<Chain> chains = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Slot slot = new Slot(memory(), gpaBase(), slots + i * SLOT_BYTES);
            chains.add(row.chain().of(this, slot, i, count));
        }
        List<Lane> lanes = new ArrayList<>();
        for (int i = 0; i < used; i++) {
            List<Chain> some = chains.subList(count * i / used, count * (i + 1) / used);
            lanes.add(new Lane(rings.get(i), some, sleeping));
        }
        ProcessorTime before = ProcessorTime.of(pid);
        try {
            run(lanes, nanos);
        } catch (IllegalStateException e) {
            throw new IllegalStateException(name + ", " + row.name() + ": " + e.getMessage(), e);
        }
        long cpu = ProcessorTime.of(pid).since(before);
        for (Chain chain : chains) {
            chain.finish();
        }
        return cell(lanes, chains.get(0).requests(), cpu);
    }

    private static Cell cell(List<Lane> lanes, double requests, long cpu) {
        Histogram latencies = new Histogram(Lane.MOST_NANOS, Lane.DIGITS);
        double operations = 0;
        double perSecond = 0;
        long kicks = 0;
        long calls = 0;
        for (Lane lane : lanes) {
            operations += lane.requests() / requests;
            perSecond += lane.requestsPerSecond() / requests;
            kicks += lane.ring().kicks();
            calls += lane.ring().calls();
            latencies.add(lane.latencies());
        }
        return new Cell(operations, perSecond, cpu, kicks, calls, latencies);
    }

    private static void run(List<Lane> lanes, long nanos) throws InterruptedException {
        if (lanes.size() == 1) {
            lanes.get(0).run(nanos);
            return;
        }
        ExecutorService threads = Executors.newFixedThreadPool(lanes.size());
        try {
            List<Future<?>> ends = new ArrayList<>();
            lanes.forEach(lane -> ends.add(threads.submit(() -> lane.run(nanos))));
            for (Future<?> end : ends) {
                end.get();
            }
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause().getMessage(), e.getCause());
        } finally {
            threads.shutdown();
        }
    }

    /** Has the back-end forget a node that was found once, and does not wait for it. */
    synchronized void forget(long node) {
        while (freeForgetCount == 0 || hiprio.usedCount() > 0) {
            hiprio.wantNothing();
            while (hiprio.usedCount() > 0) {
                int head = hiprio.take();
                forgets[head].check(hiprio.usedLength());
                freeForgets[freeForgetCount++] = head;
            }
        }
        int head = freeForgets[--freeForgetCount];
        forgets[head].node(node).put(hiprio, head);
        hiprio.publish();
    }

    @Override
    public void close() throws IOException {
        frontend.close();
    }
}
