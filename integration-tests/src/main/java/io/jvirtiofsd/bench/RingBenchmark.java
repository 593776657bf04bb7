package io.jvirtiofsd.bench;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import io.jvirtiofsd.virtio.DescriptorChain;
import io.jvirtiofsd.virtio.Ring;
import io.jvirtiofsd.virtio.SplitRing;
import io.jvirtiofsd.virtio.SplitVirtqueue;
import io.jvirtiofsd.virtio.Virtqueue;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Taking a chain from a ring, walking it, and giving it back, without any request in it. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RingBenchmark {
    private static final int SIZE = 512;
    private static final int MEMORY = 4 << 20;
    private static final int AVAIL = 16 * SIZE;
    private static final int USED = AVAIL + 8 * SIZE;
    private static final int BUFFERS = 1 << 20;

    /** Descriptors in the chain: a GETATTR has 3 or 4, a READ of 128 KiB some 35. */
    @Param({"4", "36"})
    public int descriptors;

    private final DescriptorChain chain = new DescriptorChain();
    private final byte[] header = new byte[40];
    private NativeMemory view;
    private SplitRing ring;
    private Virtqueue queue;
    private int availIdx;

    @Setup
    public void prepare() throws Exception {
        Syscalls syscalls = Syscalls.load();
        byte[] name = "bench".getBytes(StandardCharsets.UTF_8);
        int fd = syscalls.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
        syscalls.ftruncate(fd, MEMORY);
        GuestRegion region = GuestRegion.map(syscalls, Fd.own(syscalls, fd), 0, MEMORY, 0, 0);
        view = region.view(0, MEMORY);
        ring =
                new SplitRing(
                        SIZE,
                        GuestMemory.EMPTY.with(region),
                        region.view(0, Ring.descriptorsBytes(SIZE)),
                        region.view(AVAIL, SplitRing.availBytes(SIZE)),
                        region.view(USED, SplitRing.usedBytes(SIZE)));
        queue = new SplitVirtqueue(0, true, true);
        for (int i = 0; i < descriptors; i++) {
            boolean writable = i >= 2;
            boolean last = i == descriptors - 1;
            view.putLong(16 * i, BUFFERS + 4096L * i);
            view.putInt(16 * i + 8, i == 0 ? 40 : 4096);
            view.putShort(16 * i + 12, (short) ((writable ? 2 : 0) | (last ? 0 : 1)));
            view.putShort(16 * i + 14, (short) (i + 1));
        }
    }

    @Benchmark
    public boolean popWalkPush() throws Exception {
        view.putShort(AVAIL + 4 + 2 * (availIdx % SIZE), (short) 0);
        availIdx = (availIdx + 1) & 0xffff;
        view.putShortRelease(AVAIL + 2, (short) availIdx);
        queue.pop(ring, chain);
        chain.readable().get(0, header, 0, header.length);
        queue.push(ring, chain.head(), 16);
        return queue.needsNotify(ring);
    }
}
