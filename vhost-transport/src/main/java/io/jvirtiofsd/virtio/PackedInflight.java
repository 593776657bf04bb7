package io.jvirtiofsd.virtio;

import java.util.Arrays;
import java.util.Comparator;

/**
 * What of a packed ring is in flight, as its {@link InflightRegion} has it: copies of the chains'
 * descriptors, since the ring's own may be written over. Owned by the queue.
 *
 * <p>Entries that no chain has are a list. Each step of a chain ends with a store that makes it
 * valid, by an old value that becomes the new one: what was not finished is not so. The used
 * position and its wrap counter lie in one aligned word, both old and new, and change at once: a
 * wrap counter of one round with a position of another would be neither.
 *
 * <p>What is linked how is kept here as well, and read back from the region at the beginning only.
 * <i>Guarded by its own monitor</i>, which is held from before a chain is given back until that is
 * recorded. But {@link #begin}, {@link #isResuming} and {@link #resume} are the ring's own
 * thread's. Source: vhost-user.rst, "Inflight I/O tracking", "Packed virtqueue".
 */
final class PackedInflight {
    // spotless:off
    private static final int FREE_HEAD     = 12; // vhost-user.rst, QueueRegionPacked
    private static final int OLD_FREE_HEAD = 14; // vhost-user.rst, QueueRegionPacked
    private static final int POSITIONS     = 16; // vhost-user.rst, QueueRegionPacked: used_idx
    private static final int OLD_SHIFT     = 16; // vhost-user.rst, likewise: old_used_idx
    private static final int WRAP_SHIFT    = 32; // vhost-user.rst, likewise: used_wrap_counter
    private static final int OLD_WRAP_SHIFT = 40; // vhost-user.rst, likewise: old_used_wrap_counter
    private static final int INFLIGHT      = 0;  // vhost-user.rst, DescStatePacked
    private static final int NEXT          = 2;  // vhost-user.rst, DescStatePacked
    private static final int LAST          = 4;  // vhost-user.rst, DescStatePacked
    private static final int NUM           = 6;  // vhost-user.rst, DescStatePacked
    private static final int COUNTER       = 8;  // vhost-user.rst, DescStatePacked
    private static final int FLAGS_LEN     = 16; // vhost-user.rst, DescStatePacked: id, flags, len
    private static final int ADDR          = 24; // vhost-user.rst, DescStatePacked
    // spotless:on

    private final InflightRegion region;
    private final int[] next;
    private final int[] last; // by the first entry of a chain
    private int freeHead;
    private long counter;

    /**
     * First entries of chains that a process before this one had taken, in that order, from {@link
     * #resumed} on.
     */
    private int[] left = {};

    private int[] counts; // descriptors of these, by entry
    private int resumed;

    PackedInflight(InflightRegion region) {
        this.region = region;
        this.next = new int[region.size()];
        this.last = new int[region.size()];
    }

    /**
     * Finds out what was in flight, before all else.
     *
     * @param base where to go on, if nothing was ever recorded
     * @return where to go on, after the chains that are left
     */
    int begin(PackedRing ring, int base) throws RingException {
        if (!region.isUsed()) {
            initialise(base);
            return base;
        }
        int used = rollBack(ring);
        boolean[] known = findFree();
        int taken = findLeft(ring.size(), known);
        return PackedVirtqueue.base(used, taken, ring.size());
    }

    private void initialise(int base) {
        for (int i = 0; i < region.size(); i++) {
            next[i] = i + 1;
            region.putShort(entry(i) + NEXT, i + 1);
            region.putByte(entry(i) + INFLIGHT, 0);
        }
        freeHead = 0;
        region.putShort(FREE_HEAD, 0);
        region.putShort(OLD_FREE_HEAD, 0);
        int used = PackedVirtqueue.usedPosition(base);
        putPositions(used, used);
        region.use();
    }

    private static int entry(int index) {
        return InflightRegion.packedEntry(index);
    }

    /** Positions as {@link PackedVirtqueue} says them: an index, above it a wrap counter. */
    private void putPositions(int used, int old) {
        long word = PackedVirtqueue.index(used) | (long) PackedVirtqueue.index(old) << OLD_SHIFT;
        word |= PackedVirtqueue.wrap(used) ? 1L << WRAP_SHIFT : 0;
        word |= PackedVirtqueue.wrap(old) ? 1L << OLD_WRAP_SHIFT : 0;
        region.putLong(POSITIONS, word);
    }

    private static int position(long word, int shift, int wrapShift) {
        int index = (int) (word >>> shift) & 0xffff;
        return PackedVirtqueue.position(index, (word >>> wrapShift & 0xff) != 0);
    }

    /**
     * Undoes what was not finished. A chain has been given back as soon as the driver could see it.
     *
     * @return the used position
     */
    private int rollBack(PackedRing ring) throws RingException {
        int free = region.getShort(FREE_HEAD);
        int oldFree = region.getShort(OLD_FREE_HEAD);
        long word = region.getLong(POSITIONS);
        int used = position(word, 0, WRAP_SHIFT);
        int old = position(word, OLD_SHIFT, OLD_WRAP_SHIFT);
        check(word, ring);
        check(word >>> OLD_SHIFT, ring);
        if (used != old) {
            int flags = ring.flags(PackedVirtqueue.index(old));
            if (!PackedVirtqueue.isAvailable(flags, PackedVirtqueue.wrap(old))) {
                region.putShort(OLD_FREE_HEAD, free);
                putPositions(used, used);
                oldFree = free;
                old = used;
            }
        }
        region.putShort(FREE_HEAD, oldFree);
        putPositions(old, old);
        freeHead = oldFree;
        return old;
    }

    private static void check(long word, PackedRing ring) throws RingException {
        int index = (int) word & 0xffff;
        if (index >= ring.size()) {
            throw new RingException(
                    "record of requests in flight has position " + index + " of " + ring.size());
        }
    }

    /** No entry that is free is in flight; which ones are free. */
    private boolean[] findFree() throws RingException {
        boolean[] known = new boolean[region.size()];
        for (int at = freeHead; at != region.size(); at = next[at]) {
            learn(at, known);
            region.putByte(entry(at) + INFLIGHT, 0);
            next[at] = region.getShort(entry(at) + NEXT);
        }
        return known;
    }

    private void learn(int at, boolean[] known) throws RingException {
        if (known[region.checked(at)]) {
            throw new RingException("record of requests in flight has a loop");
        }
        known[at] = true;
    }

    /** The chains that are in flight; descriptors of the ring that they have. */
    private int findLeft(int ringSize, boolean[] known) throws RingException {
        long[] counters = new long[region.size()];
        Integer[] heads = new Integer[region.size()];
        counts = new int[region.size()];
        int count = 0;
        int descriptors = 0;
        for (int head = 0; head < region.size(); head++) {
            if (!known[head] && region.getByte(entry(head) + INFLIGHT) == 1) {
                counts[head] = region.getShort(entry(head) + NUM);
                descriptors += counts[head];
                if (counts[head] == 0 || descriptors > ringSize) {
                    throw new RingException(
                            "record of requests in flight has a chain of " + counts[head]);
                }
                counters[head] = region.getLong(entry(head) + COUNTER);
                heads[count++] = head;
            }
        }
        for (int i = 0; i < count; i++) {
            followChain(heads[i], known);
        }
        Comparator<Integer> order = (a, b) -> Long.compareUnsigned(counters[a], counters[b]);
        Arrays.sort(heads, 0, count, order);
        left = Arrays.stream(heads, 0, count).mapToInt(Integer::intValue).toArray();
        counter = count == 0 ? 0 : counters[left[count - 1]] + 1;
        return descriptors;
    }

    private void followChain(int head, boolean[] known) throws RingException {
        int at = head;
        learn(at, known);
        for (int i = 1; i < counts[head]; i++) {
            next[at] = region.getShort(entry(at) + NEXT);
            at = next[at];
            learn(at, known);
        }
        last[head] = at; // the region says so, too
    }

    /** Whether chains are left that a process before this one had taken. */
    boolean isResuming() {
        return resumed < left.length;
    }

    /** Fills {@code head} with the next one of these. */
    void resume(ChainHead head) {
        int first = left[resumed++];
        head.begin(0);
        int at = first;
        for (int i = 0; i < counts[first]; i++) {
            long word = region.getLong(entry(at) + FLAGS_LEN);
            long address = region.getLong(entry(at) + ADDR);
            int id = (int) word & 0xffff;
            head.add(address, (int) (word >>> 32), id, (int) (word >>> 16) & 0xffff);
            at = next[at];
        }
        head.record(first);
    }

    /**
     * The chain of {@code head} is taken, which learns where it is recorded.
     *
     * @throws RingException if the driver has made more available than its ring holds
     */
    synchronized void take(ChainHead head) throws RingException {
        int count = head.count();
        int end = freeHead;
        for (int i = 0; i < count; i++) {
            if (end == region.size()) {
                throw new RingException("more descriptors in flight than the ring has");
            }
            end = next[end];
        }
        int first = freeHead;
        region.putShort(entry(first) + NUM, 0);
        region.putLong(entry(first) + COUNTER, counter++);
        region.putByte(entry(first) + INFLIGHT, 1);
        for (int i = 0; i < count; i++) {
            int at = freeHead;
            if (i == count - 1) {
                last[first] = at;
                region.putShort(entry(first) + LAST, at);
            }
            region.putShort(entry(first) + NUM, i + 1);
            region.putLong(entry(at) + ADDR, head.address(i));
            long length = (long) head.length(i) << 32;
            region.putLong(
                    entry(at) + FLAGS_LEN, length | head.flags(i) << 16 & 0xffff0000L | head.id());
            freeHead = next[at];
            region.putShort(FREE_HEAD, freeHead);
        }
        region.putShort(OLD_FREE_HEAD, freeHead);
        head.record(first);
    }

    /** The chain of {@code head} is about to be given back; the monitor is held. */
    void giveBack(ChainHead head, int used, int usedNext) {
        int first = head.recorded();
        next[last[first]] = freeHead;
        region.putShort(entry(last[first]) + NEXT, freeHead);
        freeHead = first;
        region.putShort(FREE_HEAD, first);
        putPositions(usedNext, used);
    }

    /** It has been given back, and the used position is {@code used} now; the monitor is held. */
    void givenBack(ChainHead head, int used) {
        region.putByte(entry(head.recorded()) + INFLIGHT, 0);
        region.putShort(OLD_FREE_HEAD, freeHead);
        putPositions(used, used);
    }
}
