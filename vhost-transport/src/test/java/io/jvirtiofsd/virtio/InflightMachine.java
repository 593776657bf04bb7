package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A driver and its ring, with the record of what is in flight: all that is left when the device's
 * process is killed. Can be copied at any time. Owned by the test.
 */
abstract sealed class InflightMachine implements AutoCloseable {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int PAGE = 4096;
    private static final int BUFFERS = 3000;
    private static final int RECORD_BYTES = 1024;

    final NativeMemory record = NativeMemory.allocate(RECORD_BYTES);

    /** Chains that the driver has not seen used, in its order: their bytes by their ids. */
    final Map<Integer, Integer> outstanding = new LinkedHashMap<>();

    private final GuestRegion guest;
    private final GuestMemory memory;
    final NativeMemory view;
    private final int size;

    private InflightMachine(int size) throws Exception {
        this.size = size;
        Fd fd = Memfd.sealed(SYSCALLS, PAGE, "ring");
        this.guest = GuestRegion.map(SYSCALLS, fd, 0, PAGE, 1L << 40, 0);
        this.memory = GuestMemory.EMPTY.with(guest);
        this.view = guest.view(0, PAGE);
    }

    static InflightMachine split(int size) throws Exception {
        return new Split(size);
    }

    static InflightMachine packed(int size) throws Exception {
        return new Packed(size);
    }

    int size() {
        return size;
    }

    abstract InflightMachine blank() throws Exception;

    abstract Ring ring();

    /** One for a process that begins, told what a front-end knows of where to go on. */
    abstract Virtqueue queue(InflightRegion region);

    /** Makes one more chain available, if there is room. */
    abstract void submit(Random random);

    /** The id of the next chain that is used; -1 if there is none. */
    abstract int nextUsed();

    /** The driver sees what is used: each chain that it waits for, and once. */
    void collect() {
        for (int id = nextUsed(); id >= 0; id = nextUsed()) {
            assertNotNull(outstanding.remove(id), "used, but not available: " + id);
        }
    }

    InflightMachine copy() throws Exception {
        InflightMachine copy = blank();
        copy.view.put(0, view, 0, PAGE);
        copy.record.put(0, record, 0, RECORD_BYTES);
        copy.outstanding.putAll(outstanding);
        return copy;
    }

    GuestMemory memory() {
        return memory;
    }

    /** Bytes of what is described at {@code at} of the page. */
    int describe(int at, int id, int part) {
        int length = 1 + id % 7 + part;
        view.putLong(at, BUFFERS + id % 100);
        view.putInt(at + 8, length);
        return length;
    }

    NativeMemory area(int at, int bytes) {
        return guest.view(at, bytes);
    }

    /** Takes all there is, checking that it is what the driver waits for, in its order. */
    List<ChainHead> takeAll(Virtqueue queue) throws RingException {
        List<Integer> expected = new ArrayList<>(outstanding.keySet());
        List<Integer> ids = new ArrayList<>();
        List<ChainHead> heads = new ArrayList<>();
        DescriptorChain chain = new DescriptorChain();
        while (queue.pop(ring(), chain)) {
            int id = chain.head().id();
            ids.add(id);
            heads.add(chain.head().copy());
            assertTrue(outstanding.containsKey(id), "chain " + id + " of " + outstanding);
            assertEquals(outstanding.get(id).intValue(), chain.readable().bytes());
        }
        assertEquals(expected, ids);
        return heads;
    }

    @Override
    public void close() {
        guest.close();
    }

    private static final class Split extends InflightMachine {
        private static final int AVAIL = 1024;
        private static final int USED = 2048;

        private int seenUsed;

        Split(int size) throws Exception {
            super(size);
        }

        @Override
        InflightMachine blank() throws Exception {
            Split blank = new Split(size());
            blank.seenUsed = seenUsed;
            return blank;
        }

        @Override
        Ring ring() {
            return new SplitRing(
                    size(),
                    memory(),
                    area(0, Ring.descriptorsBytes(size())),
                    area(AVAIL, SplitRing.availBytes(size())),
                    area(USED, SplitRing.usedBytes(size())));
        }

        @Override
        Virtqueue queue(InflightRegion region) {
            return new SplitVirtqueue(view.getShort(USED + 2), false, false, region);
        }

        @Override
        void submit(Random random) {
            int head = random.nextInt(size());
            if (outstanding.containsKey(head)) {
                return;
            }
            outstanding.put(head, describe(16 * head, head, 0));
            int index = view.getShort(AVAIL + 2) & 0xffff;
            view.putShort(AVAIL + 4 + 2 * (index % size()), (short) head);
            view.putShort(AVAIL + 2, (short) (index + 1));
        }

        @Override
        int nextUsed() {
            if ((view.getShort(USED + 2) & 0xffff) == seenUsed) {
                return -1;
            }
            int id = view.getInt(USED + 4 + 8 * (seenUsed % size()));
            seenUsed = (seenUsed + 1) & 0xffff;
            return id;
        }
    }

    private static final class Packed extends InflightMachine {
        private static final int EVENTS = 2048;

        private final Map<Integer, Integer> counts = new LinkedHashMap<>();
        private int availAt;
        private boolean availWrap = true;
        private int usedAt;
        private boolean usedWrap = true;
        private int submitted;

        Packed(int size) throws Exception {
            super(size);
        }

        @Override
        InflightMachine blank() throws Exception {
            Packed blank = new Packed(size());
            blank.counts.putAll(counts);
            blank.availAt = availAt;
            blank.availWrap = availWrap;
            blank.usedAt = usedAt;
            blank.usedWrap = usedWrap;
            blank.submitted = submitted;
            return blank;
        }

        @Override
        Ring ring() {
            return new PackedRing(
                    size(),
                    memory(),
                    area(0, Ring.descriptorsBytes(size())),
                    0,
                    area(EVENTS, PackedRing.EVENT_BYTES),
                    area(EVENTS + 4, PackedRing.EVENT_BYTES));
        }

        @Override
        Virtqueue queue(InflightRegion region) {
            int used = PackedVirtqueue.position(usedAt, usedWrap);
            return new PackedVirtqueue(used | used << 16, false, false, region);
        }

        @Override
        void submit(Random random) {
            int free = size() - counts.values().stream().mapToInt(Integer::intValue).sum();
            int count = 1 + random.nextInt(size());
            if (count > free) {
                return;
            }
            int id = submitted++ & 0x3ff;
            int bytes = 0;
            int first = availAt;
            int firstFlags = 0;
            for (int i = 0; i < count; i++) {
                bytes += describe(16 * availAt, id, i);
                view.putShort(16 * availAt + 12, (short) id);
                int flags = i < count - 1 ? Ring.DESC_F_NEXT : 0;
                flags |= availWrap ? PackedRing.DESC_F_AVAIL : PackedRing.DESC_F_USED;
                if (i == 0) {
                    firstFlags = flags;
                } else {
                    view.putShort(16 * availAt + 14, (short) flags);
                }
                if (++availAt == size()) {
                    availAt = 0;
                    availWrap = !availWrap;
                }
            }
            view.putShort(16 * first + 14, (short) firstFlags);
            counts.put(id, count);
            outstanding.put(id, bytes);
        }

        @Override
        int nextUsed() {
            int flags = view.getShort(16 * usedAt + 14);
            boolean avail = (flags & PackedRing.DESC_F_AVAIL) != 0;
            boolean used = (flags & PackedRing.DESC_F_USED) != 0;
            if (counts.isEmpty() || avail != usedWrap || used != usedWrap) {
                return -1;
            }
            int id = view.getShort(16 * usedAt + 12) & 0xffff;
            Integer count = counts.remove(id);
            assertNotNull(count, "used, but not available: " + id);
            usedAt += count;
            if (usedAt >= size()) {
                usedAt -= size();
                usedWrap = !usedWrap;
            }
            return id;
        }
    }
}
