package io.jvirtiofsd.virtio;

import java.util.Arrays;
import java.util.Comparator;

/**
 * What of a split ring is in flight, as its {@link InflightRegion} has it; owned by the queue.
 *
 * <p>Chains are given back one by one, so a batch is one chain. <i>Guarded by its own monitor</i>,
 * which is held from before a chain is given back until that is recorded: the driver may make its
 * head available again at once. But {@link #begin}, {@link #isResuming} and {@link #resume} are the
 * ring's own thread's. Source: vhost-user.rst, "Inflight I/O tracking", "Split virtqueue".
 */
final class SplitInflight {
    // spotless:off
    private static final int LAST_BATCH_HEAD = 12; // vhost-user.rst, QueueRegionSplit
    private static final int USED_IDX        = 14; // vhost-user.rst, QueueRegionSplit
    private static final int INFLIGHT        = 0;  // vhost-user.rst, DescStateSplit
    private static final int NEXT            = 6;  // vhost-user.rst, DescStateSplit
    private static final int COUNTER         = 8;  // vhost-user.rst, DescStateSplit
    // spotless:on

    private final InflightRegion region;
    private int lastBatchHead;
    private long counter;

    /** Heads that a process before this one had taken, in that order, from {@link #resumed} on. */
    private int[] left = {};

    private int resumed;

    SplitInflight(InflightRegion region) {
        this.region = region;
    }

    /**
     * Finds out what was in flight, before all else.
     *
     * @param usedIdx what the ring says
     * @param lastAvail index of the next chain to take, if nothing was ever recorded
     * @return index of the next chain to take, after those that are left
     */
    int begin(SplitRing ring, int usedIdx, int lastAvail) throws RingException {
        if (!region.isUsed()) {
            initialise(usedIdx);
            return lastAvail;
        }
        lastBatchHead = region.checked(region.getShort(LAST_BATCH_HEAD));
        finishBatch((usedIdx - region.getShort(USED_IDX)) & 0xffff);
        region.putShort(USED_IDX, usedIdx);
        findLeft(ring.size());
        return (usedIdx + left.length) & 0xffff;
    }

    private void initialise(int usedIdx) {
        for (int i = 0; i < region.size(); i++) {
            region.putByte(InflightRegion.splitEntry(i) + INFLIGHT, 0);
        }
        region.putShort(LAST_BATCH_HEAD, 0);
        region.putShort(USED_IDX, usedIdx);
        region.use();
    }

    /** The last {@code count} chains given back are so, which the record may not say. */
    private void finishBatch(int count) throws RingException {
        if (count > region.size()) {
            throw new RingException("record of requests in flight is another ring's");
        }
        int head = lastBatchHead;
        for (int i = 0; i < count; i++) {
            int entry = InflightRegion.splitEntry(region.checked(head));
            region.putByte(entry + INFLIGHT, 0);
            head = region.getShort(entry + NEXT);
        }
    }

    private void findLeft(int ringSize) throws RingException {
        long[] counters = new long[region.size()];
        Integer[] heads = new Integer[region.size()];
        int count = 0;
        for (int head = 0; head < region.size(); head++) {
            int entry = InflightRegion.splitEntry(head);
            if (region.getByte(entry + INFLIGHT) == 1) {
                if (head >= ringSize) {
                    throw new RingException("request in flight at " + head + " of " + ringSize);
                }
                counters[head] = region.getLong(entry + COUNTER);
                heads[count++] = head;
            }
        }
        Comparator<Integer> order = (a, b) -> Long.compareUnsigned(counters[a], counters[b]);
        Arrays.sort(heads, 0, count, order);
        left = Arrays.stream(heads, 0, count).mapToInt(Integer::intValue).toArray();
        counter = count == 0 ? 0 : counters[left[count - 1]] + 1;
    }

    /** Whether chains are left that a process before this one had taken. */
    boolean isResuming() {
        return resumed < left.length;
    }

    /** The next one of these. */
    int resume() {
        return left[resumed++];
    }

    /** The chain at {@code head}, of the ring, is taken. */
    synchronized void take(int head) {
        int entry = InflightRegion.splitEntry(head);
        region.putLong(entry + COUNTER, counter++);
        region.putByte(entry + INFLIGHT, 1);
    }

    /** The chain at {@code head} is about to be given back; the monitor is held. */
    void giveBack(int head) {
        region.putShort(InflightRegion.splitEntry(head) + NEXT, lastBatchHead);
        lastBatchHead = head;
        region.putShort(LAST_BATCH_HEAD, head);
    }

    /** It has been given back: the ring's index is {@code usedIdx} now. The monitor is held. */
    void givenBack(int head, int usedIdx) {
        region.putByte(InflightRegion.splitEntry(head) + INFLIGHT, 0);
        region.putShort(USED_IDX, usedIdx);
    }
}
