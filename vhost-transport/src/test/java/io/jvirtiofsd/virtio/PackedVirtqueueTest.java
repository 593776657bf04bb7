package io.jvirtiofsd.virtio;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Clauses of virtio 1.3, 2.8. The driver is this class, which knows no more of the ring than the
 * clauses say.
 */
class PackedVirtqueueTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int PAGE = 4096;
    private static final int DRIVER_EVENT = 2048;
    private static final int DEVICE_EVENT = 2052;
    private static final int TABLE = 2560;
    private static final int BUFFERS = 3072;

    private static final int NEXT = 1; // virtio 1.3, 2.8.13
    private static final int WRITE = 2; // virtio 1.3, 2.8.13
    private static final int INDIRECT = 4; // virtio 1.3, 2.8.13
    private static final int AVAIL = 1 << 7; // virtio 1.3, 2.8.1
    private static final int USED = 1 << 15; // virtio 1.3, 2.8.1
    private static final int FRESH = 0x80008000; // vhost-user.rst, "A vring state description"

    private GuestRegion region;
    private GuestMemory memory;
    private NativeMemory view;
    private final DescriptorChain chain = new DescriptorChain();

    // The driver: its size, where it goes on, and whether its wrap counters are 1.
    private int size;
    private PackedRing ring;
    private int availAt;
    private boolean availWrap;
    private int usedAt;
    private boolean usedWrap;

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

    /** A fresh ring of {@code count} descriptors. */
    private void begin(int count) {
        view.clear(0, PAGE);
        size = count;
        ring =
                new PackedRing(
                        size,
                        memory,
                        region.view(0, Ring.descriptorsBytes(size)),
                        region.gpa(),
                        region.view(DRIVER_EVENT, PackedRing.EVENT_BYTES),
                        region.view(DEVICE_EVENT, PackedRing.EVENT_BYTES));
        availAt = 0;
        usedAt = 0;
        availWrap = true;
        usedWrap = true;
    }

    private void put(int offset, long address, int length, int id, int flags) {
        view.putLong(offset, address);
        view.putInt(offset + 8, length);
        view.putShort(offset + 12, (short) id);
        view.putShortRelease(offset + 14, (short) flags);
    }

    /** Makes a chain of so many bytes in each of its descriptors available. */
    private void available(int id, int flags, int... lengths) {
        int first = availAt;
        int firstFlags = 0;
        for (int i = 0; i < lengths.length; i++) {
            boolean last = i == lengths.length - 1;
            int bits = flags | (last ? 0 : NEXT) | (availWrap ? AVAIL : USED);
            if (i == 0) {
                firstFlags = bits;
                bits ^= AVAIL | USED; // not yet
            }
            put(16 * availAt, BUFFERS, lengths[i], last ? id : 0xdead, bits);
            if (++availAt == size) {
                availAt = 0;
                availWrap = !availWrap;
            }
        }
        view.putShortRelease(16 * first + 14, (short) firstFlags);
    }

    /** Whether the next used descriptor is there. */
    private boolean isUsed() {
        int flags = view.getShortAcquire(16 * usedAt + 14);
        return ((flags & AVAIL) != 0) == usedWrap && ((flags & USED) != 0) == usedWrap;
    }

    /** Steps over a used descriptor, which stands for a chain of {@code slots}. */
    private void skip(int slots) {
        usedAt += slots;
        if (usedAt >= size) {
            usedAt -= size;
            usedWrap = !usedWrap;
        }
    }

    /**
     * 2.8.1, 2.8.4, 2.8.6: chains come in ring order, each once, and are given back in any order,
     * over used descriptors that lie where their own were.
     */
    @Test
    void chainsGivenBackInAnyOrderAreEachUsedOnce() throws Exception {
        Random random = new Random(7);
        for (int count : new int[] {1, 2, 7, 8, 100}) {
            begin(count);
            PackedVirtqueue queue = new PackedVirtqueue(FRESH, true, true);
            int[] slots = new int[0x10000]; // by id; 0 for one that is not in flight
            List<Integer> waiting = new ArrayList<>(); // ids that the device has not taken
            List<ChainHead> taken = new ArrayList<>();
            int free = count;
            int nextId = 0;
            int last = 1; // places of the chain that was taken last
            for (int round = 0; round < 20_000; round++) {
                int wanted = 1 + random.nextInt(3);
                if (wanted <= free && random.nextBoolean()) {
                    int[] lengths = new int[wanted];
                    java.util.Arrays.fill(lengths, nextId % 200);
                    available(nextId, WRITE, lengths);
                    slots[nextId] = wanted;
                    waiting.add(nextId);
                    free -= wanted;
                    nextId = (nextId + 1) & 0xffff;
                }
                assertEquals(!waiting.isEmpty(), queue.hasAvailable(ring));
                int places = waiting.stream().mapToInt(id -> slots[id]).sum();
                int many = 1 + random.nextInt(2 * count);
                assertEquals(places >= many * last, queue.hasAvailable(ring, many));
                if (random.nextBoolean()) {
                    ChainHead head = queue.popHead(ring);
                    assertEquals(!waiting.isEmpty(), head != null);
                    if (head != null) {
                        assertEquals(waiting.remove(0), head.id());
                        last = slots[head.id()];
                        taken.add(head);
                    }
                }
                if (!taken.isEmpty() && random.nextBoolean()) {
                    ChainHead head = taken.remove(random.nextInt(taken.size()));
                    queue.walk(ring, head, chain);
                    assertEquals(slots[head.id()] * (head.id() % 200), chain.writable().bytes());
                    chain.end();
                    assertFalse(isUsed());
                    queue.push(ring, head, head.id() % 200);
                }
                while (isUsed()) {
                    int at = 16 * usedAt;
                    int id = view.getShort(at + 12) & 0xffff;
                    assertTrue(slots[id] > 0, "used twice");
                    boolean written = (view.getShort(at + 14) & WRITE) != 0;
                    assertEquals(id % 200 > 0, written);
                    assertEquals(id % 200, view.getInt(at + 8));
                    free += slots[id];
                    skip(slots[id]);
                    slots[id] = 0;
                }
            }
            int avail = availAt | (availWrap ? 0x8000 : 0);
            while (queue.popHead(ring) != null) {
                // up to where the driver is
            }
            assertEquals(avail, queue.base() & 0xffff);
            assertEquals(usedAt | (usedWrap ? 0x8000 : 0), queue.base() >>> 16);
        }
    }

    /** 2.8.7, 2.8.10: the driver is notified when the descriptor that it named is used. */
    @Test
    void notificationsComeWhereTheDriverWantsThem() throws Exception {
        Random random = new Random(8);
        for (int count : new int[] {1, 2, 7, 100}) {
            begin(count);
            PackedVirtqueue queue = new PackedVirtqueue(FRESH, true, true);
            boolean first = true;
            view.putShort(DRIVER_EVENT + 2, (short) 2);
            int ahead = -1; // slots from the used position to the event; negative if it has passed
            for (int round = 0; round < 20_000; round++) {
                if (ahead < 0 || random.nextInt(10) == 0) {
                    ahead = random.nextInt(count);
                    int at = usedAt + ahead;
                    boolean wrap = usedWrap ^ at >= count;
                    int event = at % count | (wrap ? 0x8000 : 0);
                    view.putShort(DRIVER_EVENT, (short) event);
                }
                int slots = 1 + random.nextInt(Math.min(3, count));
                available(1, 0, new int[slots]);
                assertTrue(queue.pop(ring, chain));
                queue.push(ring, chain.head(), 0);
                boolean expected = first || ahead >= 0 && ahead < slots;
                assertEquals(expected, queue.needsNotify(ring), "round " + round);
                first = false;
                ahead -= slots;
                skip(slots);
            }
        }
    }

    /** 2.8.10.1: flags count; those that EVENT_IDX would have to explain ask for everything. */
    @Test
    void notificationsCanBeSwitchedOff() throws Exception {
        for (boolean eventIdx : new boolean[] {false, true}) {
            begin(7);
            PackedVirtqueue queue = new PackedVirtqueue(FRESH, eventIdx, true);
            boolean[] wanted = {true, false, !eventIdx, true};
            for (int wish : new int[] {0, 1, 2, 3, 1, 0}) {
                view.putShort(DRIVER_EVENT + 2, (short) wish);
                available(1, 0, 0);
                assertTrue(queue.pop(ring, chain));
                view.putShort(DRIVER_EVENT, (short) 0x8006); // far ahead
                queue.push(ring, chain.head(), 0);
                assertEquals(wanted[wish], queue.needsNotify(ring), eventIdx + " " + wish);
            }
        }
    }

    /** 2.8.7, 2.8.14: kicks are asked for by flags, or at the next available descriptor. */
    @Test
    void kicksAreAskedForAtTheNextDescriptor() throws Exception {
        begin(3);
        PackedVirtqueue plain = new PackedVirtqueue(FRESH, false, true);
        plain.disableKicks(ring);
        assertEquals(1, view.getShort(DEVICE_EVENT + 2));
        assertFalse(plain.enableKicks(ring));
        assertEquals(0, view.getShort(DEVICE_EVENT + 2));
        available(0, 0, 0);
        assertTrue(plain.enableKicks(ring));

        begin(3);
        PackedVirtqueue events = new PackedVirtqueue(FRESH, true, true);
        for (int round = 0; round < 100; round++) {
            events.disableKicks(ring);
            assertEquals(1, view.getShort(DEVICE_EVENT + 2));
            assertFalse(events.enableKicks(ring));
            int next = availAt | (availWrap ? 0x8000 : 0);
            assertEquals((short) next, view.getShort(DEVICE_EVENT));
            assertEquals(2, view.getShort(DEVICE_EVENT + 2));
            available(round, 0, 0, 0);
            assertTrue(events.enableKicks(ring));
            assertTrue(events.pop(ring, chain));
            events.push(ring, chain.head(), 0);
        }
    }

    /** 2.8.1: both bits tell that a descriptor is available, in each round others. */
    @Test
    void otherBitsAreNotAvailable() throws Exception {
        for (int base : new int[] {FRESH, 0}) {
            begin(7);
            PackedVirtqueue queue = new PackedVirtqueue(base, true, true);
            for (int bits : new int[] {0, AVAIL, USED, AVAIL | USED}) {
                put(0, 0, 0, 0, bits);
                assertEquals(bits == (base == FRESH ? AVAIL : USED), queue.hasAvailable(ring));
            }
        }
    }

    /** 2.8.8: a table's descriptors follow each other, and only WRITE means something in them. */
    @Test
    void tablesAreReadInOrder() throws Exception {
        begin(1);
        PackedVirtqueue queue = new PackedVirtqueue(FRESH, true, true);
        put(TABLE, BUFFERS, 10, 77, NEXT);
        put(TABLE + 16, BUFFERS, 20, 3, AVAIL);
        put(TABLE + 32, BUFFERS, 7, 0, WRITE | USED);
        put(0, TABLE, 48, 5, INDIRECT | WRITE | AVAIL);
        assertTrue(queue.pop(ring, chain));
        assertEquals(5, chain.head().id());
        assertEquals(30, chain.readable().bytes());
        assertEquals(7, chain.writable().bytes());
        queue.push(ring, chain.head(), 7);
        assertTrue(isUsed());
        assertFalse(queue.hasAvailable(ring));
    }

    private void assertBroken(boolean indirect) {
        PackedVirtqueue queue = new PackedVirtqueue(FRESH, true, indirect);
        assertThrows(RingException.class, () -> queue.pop(ring, chain));
        chain.end();
    }

    /** 2.8.5, 2.8.8, 2.8.19: what a driver must not do breaks the ring, and hangs nothing. */
    @Test
    void brokenRulesAreSeen() throws Exception {
        begin(7);
        for (int i = 0; i < size; i++) {
            put(16 * i, BUFFERS, 1, i, NEXT | AVAIL);
        }
        assertBroken(true); // a chain longer than the ring
        put(0, TABLE, 16, 0, INDIRECT | AVAIL);
        assertBroken(false); // not negotiated
        put(TABLE, TABLE, 16, 0, INDIRECT);
        assertBroken(true); // a table in a table
        put(TABLE, BUFFERS, 16, 0, 0);
        put(16, TABLE, 16, 0, INDIRECT | AVAIL);
        put(0, TABLE, 16, 0, INDIRECT | NEXT | AVAIL);
        assertBroken(true); // two tables
        put(0, BUFFERS, 16, 0, NEXT | AVAIL);
        assertBroken(true); // a table after a buffer
        put(16, BUFFERS, 16, 0, AVAIL);
        put(0, BUFFERS, 16, 0, NEXT | WRITE | AVAIL);
        assertBroken(true); // readable after writable
        for (int bytes : new int[] {0, 8, 17, -16, 16 * (Ring.MAX_SIZE + 1)}) {
            put(0, TABLE, bytes, 0, INDIRECT | AVAIL);
            assertBroken(true);
        }
        put(0, 1L << 50, 16, 0, INDIRECT | AVAIL);
        assertBroken(true); // a table that is nowhere
    }

    /** Whatever a driver writes, it is chains in memory that is there, or a rule that is broken. */
    @Test
    void anyBytesAreChainsOrABrokenRule() {
        Random random = new Random(9);
        byte[] bytes = new byte[PAGE];
        int broken = 0;
        for (int round = 0; round < 20_000; round++) {
            begin(1 + random.nextInt(100));
            random.nextBytes(bytes);
            region.write(0, bytes, 0, PAGE);
            int bits = round % 2 == 0 ? NEXT | WRITE | AVAIL | USED : 0xffff;
            for (int i = 0; i < size; i++) {
                view.putLong(16 * i, random.nextInt(2 * PAGE));
                view.putInt(16 * i + 8, 16 * random.nextInt(20));
                view.putShort(16 * i + 14, (short) (random.nextInt() & bits));
            }
            int positions = random.nextInt(size) | random.nextInt(size) << 16;
            int base = positions | (random.nextInt() & FRESH);
            PackedVirtqueue queue = new PackedVirtqueue(base, random.nextBoolean(), true);
            try {
                for (int i = 0; i < 2 * size && queue.pop(ring, chain); i++) {
                    int readable = (int) Math.min(PAGE, chain.readable().bytes());
                    chain.readable().get(0, bytes, 0, readable);
                    chain.end();
                    queue.push(ring, chain.head(), readable);
                    queue.needsNotify(ring);
                    queue.enableKicks(ring);
                }
            } catch (RingException e) {
                broken++;
            } finally {
                chain.end();
            }
            assertTrue(PackedVirtqueue.fits(queue.base(), size));
        }
        assertTrue(broken > 1_000 && broken < 19_000, broken + " are broken");
    }

    /** vhost-user.rst, "A vring state description": positions and wrap counters of both. */
    @Test
    void queuesGoOnWhereTheyWere() throws Exception {
        begin(7);
        for (int base : new int[] {FRESH, 0, 0x00068006, 0x80068005, 0x00020003}) {
            assertEquals(base, new PackedVirtqueue(base, true, true).base());
            assertTrue(PackedVirtqueue.fits(base, 7));
        }
        assertFalse(PackedVirtqueue.fits(7, 7));
        assertFalse(PackedVirtqueue.fits(7 << 16, 7));
        PackedVirtqueue queue = new PackedVirtqueue(FRESH, true, true);
        for (int round = 0; round < 100; round++) {
            available(round, 0, 1, 2, 3);
            assertTrue(queue.pop(ring, chain));
            queue = new PackedVirtqueue(queue.base(), true, true);
            queue.push(ring, chain.head(), 0);
            assertTrue(isUsed());
            assertEquals(round, view.getShort(16 * usedAt + 12));
            skip(3);
            queue = new PackedVirtqueue(queue.base(), true, true);
        }
    }
}
