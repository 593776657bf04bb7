package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * A driver and a device on two threads, with one chain between them: each chain races with the
 * device's going to sleep, and each answer with the driver's, which sleeps every other time.
 * Neither may miss the other, and what was written before a chain changes sides is there
 * afterwards.
 *
 * <p>A sleep is a wait for a counter, which stands for an eventfd. That both sleep is noticed by
 * time. x86 reorders only a store with a later load, so that there a missing full fence is what can
 * be found, the sooner the more processors are free. Source: virtio 1.3, 2.7.10, 2.7.13.4.1,
 * 2.8.10, 2.8.21.3.1.
 */
class RingRacesTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final long RACE_NANOS = TimeUnit.MILLISECONDS.toNanos(1500);
    private static final long LOST_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final int SPINS = 2000; // before the other thread may need the processor
    private static final int JITTER = 7;

    private static final int PAGE = 4096;
    private static final int FIRST = 1024; // the area that the driver writes, or its event word
    private static final int SECOND = 1536; // the area that the device writes, or its event word
    private static final int DATA = 2048;
    private static final int ANSWER = 3072;
    private static final int APART = 128; // two places each, in turn
    private static final int BYTES = 8;

    private static final int NEXT = 1; // virtio 1.3, 2.7.5 and 2.8.13
    private static final int WRITE = 2; // virtio 1.3, 2.7.5 and 2.8.13

    private GuestRegion region;
    private GuestMemory memory;
    private NativeMemory view;
    private final AtomicInteger kicks = new AtomicInteger();
    private final AtomicInteger calls = new AtomicInteger();
    private volatile boolean over;

    /** What a driver does with one ring; chains of two descriptors, one at a time. */
    private interface Driver {
        Ring ring();

        Virtqueue queue();

        /** Makes the chain of {@code number} available; whether the device wants a kick. */
        boolean publish(int number);

        boolean isUsed();

        /** Takes the used chain; its length. */
        int take();

        /** Wants to hear of the next used chain, which is to be looked for again after this. */
        void wantCall();

        void wantNothing();
    }

    @BeforeEach
    void map() throws Exception {
        byte[] name = "ring".getBytes(StandardCharsets.UTF_8);
        int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
        SYSCALLS.ftruncate(fd, PAGE);
        region = GuestRegion.map(SYSCALLS, Fd.own(SYSCALLS, fd), 0, PAGE, 1L << 40, 0);
        memory = GuestMemory.EMPTY.with(region);
        view = region.view(0, PAGE);
    }

    @AfterEach
    void unmap() {
        region.close();
    }

    private static int data(int number) {
        return DATA + APART * (number & 1);
    }

    private static int answer(int number) {
        return ANSWER + APART * (number & 1);
    }

    private final class SplitDriver implements Driver {
        private static final int SIZE = 4;
        private static final int NO_INTERRUPT = 1; // virtio 1.3, 2.7.6
        private static final int NO_NOTIFY = 1; // virtio 1.3, 2.7.8

        private final boolean eventIdx;
        private int availIdx;
        private int usedIdx;

        SplitDriver(boolean eventIdx) {
            this.eventIdx = eventIdx;
        }

        @Override
        public Ring ring() {
            return new SplitRing(
                    SIZE,
                    memory,
                    region.view(0, Ring.descriptorsBytes(SIZE)),
                    region.view(FIRST, SplitRing.availBytes(SIZE)),
                    region.view(SECOND, SplitRing.usedBytes(SIZE)));
        }

        @Override
        public Virtqueue queue() {
            return new SplitVirtqueue(0, eventIdx, false);
        }

        private void describe(int index, int address, int flags) {
            view.putLong(16 * index, address);
            view.putInt(16 * index + 8, BYTES);
            view.putShort(16 * index + 12, (short) flags);
            view.putShort(16 * index + 14, (short) (index + 1));
        }

        @Override
        public boolean publish(int number) {
            int head = 2 * number % SIZE;
            describe(head, data(number), NEXT);
            describe(head + 1, answer(number), WRITE);
            view.putShort(FIRST + 4 + 2 * (availIdx % SIZE), (short) head);
            availIdx = availIdx + 1 & 0xffff;
            view.putShortRelease(FIRST + 2, (short) availIdx);
            NativeMemory.fullFence();
            if (!eventIdx) {
                return (view.getShort(SECOND) & NO_NOTIFY) == 0;
            }
            int event = view.getShort(SECOND + 4 + 8 * SIZE) & 0xffff;
            return Virtqueue.crosses(event, availIdx, availIdx - 1 & 0xffff);
        }

        @Override
        public boolean isUsed() {
            return (view.getShortAcquire(SECOND + 2) & 0xffff) != usedIdx;
        }

        @Override
        public int take() {
            int length = view.getInt(SECOND + 4 + 8 * (usedIdx % SIZE) + 4);
            usedIdx = usedIdx + 1 & 0xffff;
            return length;
        }

        @Override
        public void wantCall() {
            if (eventIdx) {
                view.putShort(FIRST + 4 + 2 * SIZE, (short) usedIdx);
            } else {
                view.putShort(FIRST, (short) 0);
            }
            NativeMemory.fullFence();
        }

        @Override
        public void wantNothing() {
            if (!eventIdx) {
                view.putShort(FIRST, (short) NO_INTERRUPT);
            }
        }
    }

    private final class PackedDriver implements Driver {
        private static final int SIZE = 5; // so that chains lie across its end
        private static final int AVAIL = 1 << 7; // virtio 1.3, 2.8.1
        private static final int USED = 1 << 15; // virtio 1.3, 2.8.1
        private static final int DISABLE = 1; // virtio 1.3, 2.8.14
        private static final int AT_DESCRIPTOR = 2; // virtio 1.3, 2.8.14
        private static final int WRAP = 1 << 15; // virtio 1.3, 2.8.14

        private final boolean eventIdx;
        private int availAt;
        private int usedAt;
        private boolean availWrap = true;
        private boolean usedWrap = true;

        PackedDriver(boolean eventIdx) {
            this.eventIdx = eventIdx;
        }

        @Override
        public Ring ring() {
            return new PackedRing(
                    SIZE,
                    memory,
                    region.view(0, Ring.descriptorsBytes(SIZE)),
                    region.gpa(),
                    region.view(FIRST, PackedRing.EVENT_BYTES),
                    region.view(SECOND, PackedRing.EVENT_BYTES));
        }

        @Override
        public Virtqueue queue() {
            return new PackedVirtqueue(PackedVirtqueue.FRESH_BASE, eventIdx, false);
        }

        /** Writes the next descriptor but for its flags, which are returned. */
        private int describe(int address, int flags) {
            int at = 16 * availAt;
            view.putLong(at, address);
            view.putInt(at + 8, BYTES);
            view.putShort(at + 12, (short) 0);
            int all = flags | (availWrap ? AVAIL : USED);
            if (++availAt == SIZE) {
                availAt = 0;
                availWrap = !availWrap;
            }
            return all;
        }

        @Override
        public boolean publish(int number) {
            int first = 16 * availAt + 14;
            int firstFlags = describe(data(number), NEXT);
            int second = 16 * availAt + 14;
            view.putShort(second, (short) describe(answer(number), WRITE));
            view.putShortRelease(first, (short) firstFlags);
            NativeMemory.fullFence();
            int wish = view.getInt(SECOND);
            if (wish >>> 16 != AT_DESCRIPTOR) {
                return wish >>> 16 != DISABLE;
            }
            int event = wish & WRAP - 1;
            if ((wish & WRAP) != 0 != availWrap) {
                event -= SIZE;
            }
            return Virtqueue.crosses(event, availAt, availAt - 2);
        }

        @Override
        public boolean isUsed() {
            int flags = view.getShortAcquire(16 * usedAt + 14);
            return (flags & AVAIL) != 0 == usedWrap && (flags & USED) != 0 == usedWrap;
        }

        @Override
        public int take() {
            int length = view.getInt(16 * usedAt + 8);
            usedAt += 2;
            if (usedAt >= SIZE) {
                usedAt -= SIZE;
                usedWrap = !usedWrap;
            }
            return length;
        }

        @Override
        public void wantCall() {
            if (eventIdx) {
                view.putShort(FIRST, (short) (usedWrap ? usedAt | WRAP : usedAt));
            }
            view.putShortRelease(FIRST + 2, (short) (eventIdx ? AT_DESCRIPTOR : 0));
            NativeMemory.fullFence();
        }

        @Override
        public void wantNothing() {
            view.putShortRelease(FIRST + 2, (short) DISABLE);
        }
    }

    /** Waits for {@code event}; false if that takes so long that it never comes. */
    private static boolean await(BooleanSupplier event) {
        long begin = 0;
        for (int i = 1; !event.getAsBoolean(); i++) {
            if (i % SPINS == 0) {
                long now = System.nanoTime();
                begin = begin == 0 ? now : begin;
                if (now - begin > LOST_NANOS) {
                    return false;
                }
                Thread.yield();
            }
            Thread.onSpinWait();
        }
        return true;
    }

    /** Moves what a thread does next against what the other does. */
    private static void dawdle(Random random) {
        for (int i = random.nextInt(1 << random.nextInt(JITTER)); i > 0; i--) {
            Thread.onSpinWait();
        }
    }

    /** The device: adds one to what it is given, and sleeps when there is nothing more. */
    private void serve(Ring ring, Virtqueue queue) throws RingException {
        DescriptorChain chain = new DescriptorChain();
        byte[] bytes = new byte[BYTES];
        ByteBuffer number = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        Random random = new Random(1);
        while (!over) {
            int before = kicks.get();
            queue.disableKicks(ring);
            while (queue.pop(ring, chain)) {
                chain.readable().get(0, bytes, 0, BYTES);
                number.putLong(0, number.getLong(0) + 1);
                chain.writable().put(0, bytes, 0, BYTES);
                queue.push(ring, chain.head(), BYTES);
                if (queue.needsNotify(ring)) {
                    calls.incrementAndGet();
                }
                chain.end();
                dawdle(random);
            }
            if (!queue.enableKicks(ring)) {
                while (!await(() -> kicks.get() != before || over)) {
                    // nothing wakes it but a kick
                }
            }
        }
    }

    /** Sleeps until the chain is used; a call may still be one for the chain before. */
    private void sleepUntilUsed(Driver driver, int number) {
        int before = calls.get();
        driver.wantCall();
        while (!driver.isUsed()) {
            int seen = before;
            boolean called = await(() -> calls.get() != seen);
            assertTrue(called || driver.isUsed(), "no kick for chain " + number);
            assertTrue(called, "no call for chain " + number);
            before = calls.get();
        }
        driver.wantNothing();
    }

    /** The driver, until {@code end}; how many chains it has had answered. */
    private int drive(Driver driver, long end) {
        Random random = new Random(2);
        int number = 0;
        while (number % 64 != 0 || System.nanoTime() < end) {
            view.putLong(data(number), number);
            if (driver.publish(number)) {
                kicks.incrementAndGet();
            }
            dawdle(random);
            if (random.nextBoolean()) {
                sleepUntilUsed(driver, number);
            } else {
                assertTrue(await(driver::isUsed), "no kick for chain " + number);
            }
            assertEquals(BYTES, driver.take());
            assertEquals(number + 1L, view.getLong(answer(number)));
            number++;
        }
        return number;
    }

    private void race(Driver driver) throws Exception {
        Ring ring = driver.ring();
        Virtqueue queue = driver.queue();
        CompletableFuture<Void> ended = new CompletableFuture<>();
        Thread device =
                new Thread(
                        () -> {
                            try {
                                serve(ring, queue);
                                ended.complete(null);
                            } catch (RingException | RuntimeException e) {
                                ended.completeExceptionally(e);
                            }
                        },
                        "device");
        device.start();
        try {
            assertTrue(drive(driver, System.nanoTime() + RACE_NANOS) > 0);
        } finally {
            over = true;
        }
        ended.get(1, TimeUnit.MINUTES);
        device.join();
    }

    @Test
    void aSplitRingWithEventIndicesMissesNothing() throws Exception {
        race(new SplitDriver(true));
    }

    @Test
    void aSplitRingWithFlagsMissesNothing() throws Exception {
        race(new SplitDriver(false));
    }

    @Test
    void aPackedRingWithEventIndicesMissesNothing() throws Exception {
        race(new PackedDriver(true));
    }

    @Test
    void aPackedRingWithFlagsMissesNothing() throws Exception {
        race(new PackedDriver(false));
    }
}
