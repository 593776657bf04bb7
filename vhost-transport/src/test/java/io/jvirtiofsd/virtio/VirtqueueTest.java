package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Clauses of virtio 1.3, 2.7, on a ring in a memfd of two regions that follow each other. */
class VirtqueueTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int SIZE = 8;
    private static final int PAGE = 4096;
    private static final int AVAIL = 1024;
    private static final int USED = 2048;

    private GuestRegion low;
    private GuestRegion high;
    private GuestMemory memory;
    private NativeMemory view;
    private SplitRing ring;
    private final DescriptorChain chain = new DescriptorChain();

    @BeforeEach
    void map() throws Exception {
        low = region(0);
        high = region(PAGE);
        memory = GuestMemory.EMPTY.with(low).with(high);
        view = low.view(0, PAGE);
        ring =
                new SplitRing(
                        SIZE,
                        memory,
                        low.view(0, Ring.descriptorsBytes(SIZE)),
                        low.view(AVAIL, SplitRing.availBytes(SIZE)),
                        low.view(USED, SplitRing.usedBytes(SIZE)));
    }

    private static GuestRegion region(long gpa) throws Exception {
        byte[] name = "ring".getBytes(StandardCharsets.UTF_8);
        int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
        SYSCALLS.ftruncate(fd, PAGE);
        return GuestRegion.map(SYSCALLS, Fd.own(SYSCALLS, fd), gpa, PAGE, (1L << 40) + gpa, 0);
    }

    @AfterEach
    void unmap() {
        low.close();
        high.close();
    }

    private void descriptor(int index, long address, int length, int flags, int next) {
        view.putLong(16 * index, address);
        view.putInt(16 * index + 8, length);
        view.putShort(16 * index + 12, (short) flags);
        view.putShort(16 * index + 14, (short) next);
    }

    private void available(int index, int head) {
        view.putShort(AVAIL + 4 + 2 * (index % SIZE), (short) head);
        view.putShortRelease(AVAIL + 2, (short) (index + 1));
    }

    /** Once its bracket has ended a chain is its head, and nothing can be reached through it. */
    @Test
    void chainIsNotUsedOutsideOfItsBracket() throws Exception {
        descriptor(0, PAGE, 16, 1, 1);
        descriptor(1, PAGE + 64, 16, 2, 0);
        available(0, 0);
        Virtqueue queue = new SplitVirtqueue(0, false, false);
        assertTrue(queue.pop(ring, chain));
        assertEquals(16, chain.readable().bytes());
        chain.end();
        assertEquals(0, chain.head().id());
        assertThrows(AssertionError.class, () -> chain.readable().bytes());
        assertThrows(AssertionError.class, () -> chain.writable().bytes());
        assertThrows(
                IndexOutOfBoundsException.class, () -> chain.readable().get(0, new byte[1], 0, 1));
        assertThrows(
                IndexOutOfBoundsException.class, () -> chain.writable().put(0, new byte[1], 0, 1));
    }

    /** 2.7.10: the arithmetic agrees with walking from one index to the other, for all wraps. */
    @Test
    void crossingAnEventIndexIsFoundForAllWraps() {
        Random random = new Random(5);
        for (int before = 0; before < 0x10000; before += 7) {
            int moved = random.nextInt(40);
            int event = (before + random.nextInt(60) - 10) & 0xffff;
            boolean expected = false;
            for (int i = 0; i < moved; i++) {
                expected |= ((before + i) & 0xffff) == event;
            }
            int now = (before + moved) & 0xffff;
            assertEquals(expected, Virtqueue.crosses(event, now, before), before + " " + event);
        }
    }

    /**
     * 2.7.13, 2.7.14: indices are free-running over 16 bits, each chain comes once and in order.
     */
    @Test
    void indicesWrapAndEveryChainComesOnce() throws Exception {
        Virtqueue queue = new SplitVirtqueue(0, false, true);
        descriptor(0, 3000, 10, 0, 0);
        for (int i = 0; i < 200_000; i++) {
            assertFalse(queue.pop(ring, chain));
            assertFalse(queue.hasAvailable(ring, 1));
            available(i, 0);
            assertTrue(queue.hasAvailable(ring, 1));
            assertFalse(queue.hasAvailable(ring, 2));
            assertTrue(queue.pop(ring, chain));
            queue.push(ring, chain.head(), i & 0xff);
            assertEquals((i + 1) & 0xffff, ring.usedIdx());
            assertEquals(i & 0xff, view.getInt(USED + 4 + 8 * (i % SIZE) + 4));
        }
    }

    /** 2.7.4: one buffer may be cut anywhere, also where two regions of memory meet. */
    @Test
    void aDescriptorMayLieInTwoRegions() throws Exception {
        Virtqueue queue = new SplitVirtqueue(0, false, true);
        byte[] bytes = new byte[100];
        new Random(6).nextBytes(bytes);
        low.write(PAGE - 40, bytes, 0, 40);
        high.write(0, bytes, 40, 60);
        descriptor(0, PAGE - 40, 100, 0, 0);
        available(0, 0);
        assertTrue(queue.pop(ring, chain));
        byte[] seen = new byte[100];
        assertEquals(100, chain.readable().bytes());
        chain.readable().get(0, seen, 0, 100);
        assertArrayEquals(bytes, seen);
    }

    /** 2.7.5.3.2: WRITE on the descriptor of a table means nothing; direct ones may come before. */
    @Test
    void directDescriptorsMayBeFollowedByATable() throws Exception {
        Virtqueue queue = new SplitVirtqueue(0, false, true);
        int table = 3072;
        descriptor(0, 3000, 10, 1, 1);
        descriptor(1, table, 32, 2 | 4, 0);
        view.putLong(table, 3100);
        view.putInt(table + 8, 5);
        view.putShort(table + 12, (short) 1);
        view.putShort(table + 14, (short) 1);
        view.putLong(table + 16, 3200);
        view.putInt(table + 24, 7);
        view.putShort(table + 28, (short) 2);
        available(0, 0);
        assertTrue(queue.pop(ring, chain));
        assertEquals(15, chain.readable().bytes());
        assertEquals(7, chain.writable().bytes());
    }

    /** 2.7.7, 2.7.9: flags count without EVENT_IDX, the event index with it. */
    @Test
    void notificationsFollowWhatWasNegotiated() throws Exception {
        descriptor(0, 3000, 10, 0, 0);
        available(0, 0);
        Virtqueue plain = new SplitVirtqueue(0, false, true);
        assertTrue(plain.pop(ring, chain));
        plain.push(ring, chain.head(), 0);
        assertTrue(plain.needsNotify(ring));
        view.putShort(AVAIL, (short) 1);
        assertFalse(plain.needsNotify(ring));
        plain.disableKicks(ring);
        assertEquals(1, view.getShort(USED));
        assertFalse(plain.enableKicks(ring));
        assertEquals(0, view.getShort(USED));

        available(1, 0);
        Virtqueue events = new SplitVirtqueue(1, true, true);
        view.putShort(AVAIL + 4 + 2 * SIZE, (short) 100);
        assertTrue(events.pop(ring, chain));
        events.push(ring, chain.head(), 0);
        assertTrue(events.needsNotify(ring)); // the first decision
        assertFalse(events.needsNotify(ring));
        assertFalse(events.enableKicks(ring));
        assertEquals(2, view.getShort(USED + 4 + 8 * SIZE));
        available(2, 0);
        assertTrue(events.enableKicks(ring));
    }
}
