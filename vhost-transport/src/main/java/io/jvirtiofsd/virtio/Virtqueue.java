package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * The device side of one running split virtqueue: takes chains, gives them back, and decides on
 * notifications both ways. Owned by the thread that serves the queue.
 *
 * <p><i>Confined to that thread</i>, but for {@link #push}, which several threads may call under a
 * lock of the caller's. The ring is passed to each call, since the memory table behind it may
 * change between two. Source: virtio 1.3, 2.7.
 */
public final class Virtqueue {
    private final boolean eventIdx;
    private final boolean indirect;
    private int lastAvail;
    private int usedIdx;

    /** Whether {@link #usedIdx} has been read from the ring. */
    private boolean begun;

    /** The used index when {@link #needsNotify} was asked last, if it ever was. */
    private int signalledUsed;

    private boolean signalledUsedValid;

    /**
     * Touches no memory of the guest, so that any thread may call it: the used index is continued
     * from the ring at the first {@link #popHead}.
     *
     * @param lastAvail index of the next chain to take
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirect whether VIRTIO_F_INDIRECT_DESC was negotiated
     */
    public Virtqueue(int lastAvail, boolean eventIdx, boolean indirect) {
        this.lastAvail = lastAvail & 0xffff;
        this.eventIdx = eventIdx;
        this.indirect = indirect;
    }

    /** Index of the next chain to take. */
    public int lastAvail() {
        return lastAvail;
    }

    /** Whether a chain is waiting. */
    public boolean hasAvailable(SplitRing ring) {
        return ring.availIdx() != lastAvail;
    }

    /**
     * Takes the next chain.
     *
     * @return false if there is none
     * @throws RingException if the driver broke a rule; the queue must not be used any more
     */
    public boolean pop(SplitRing ring, DescriptorChain chain) throws RingException {
        int head = popHead(ring);
        if (head < 0) {
            return false;
        }
        walk(ring, head, chain);
        return true;
    }

    /**
     * Takes the next chain without looking at its descriptors.
     *
     * @return its head, for {@link #walk}; &minus;1 if there is none
     * @throws RingException if the driver broke a rule; the queue must not be used any more
     */
    public int popHead(SplitRing ring) throws RingException {
        if (!begun) {
            usedIdx = ring.usedIdx();
            begun = true;
        }
        int pending = (ring.availIdx() - lastAvail) & 0xffff;
        if (pending == 0) {
            return -1;
        }
        if (pending > ring.size()) {
            throw new RingException(
                    pending + " chains available in a ring of " + ring.size() + " entries");
        }
        int head = ring.availEntry(lastAvail);
        lastAvail = (lastAvail + 1) & 0xffff;
        return head;
    }

    /**
     * Fills {@code chain} with what {@code head} leads to now, if it has been taken and not given
     * back. May be called by any thread, and again: the memory behind it may have changed.
     */
    public void walk(SplitRing ring, int head, DescriptorChain chain) throws RingException {
        chain.fill(ring, indirect, head);
    }

    /** Gives the chain of {@code head} back, with {@code written} bytes in its writable part. */
    public void push(SplitRing ring, int head, int written) {
        ring.putUsed(usedIdx, head, written);
        usedIdx = (usedIdx + 1) & 0xffff;
        ring.putUsedIdx(usedIdx);
    }

    /** Whether the driver wants to hear of what was pushed since this was last asked. */
    public boolean needsNotify(SplitRing ring) {
        NativeMemory.fullFence(); // the index must be out before the driver's wish is read
        if (!eventIdx) {
            return ring.driverWantsInterrupts();
        }
        boolean crossed = !signalledUsedValid || crosses(ring.usedEvent(), usedIdx, signalledUsed);
        signalledUsed = usedIdx;
        signalledUsedValid = true;
        return crossed;
    }

    /**
     * Whether moving an index from {@code before} to {@code now} passes {@code event}; 16-bit
     * arithmetic. Source: virtio 1.3, 2.7.10.
     */
    static boolean crosses(int event, int now, int before) {
        return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
    }

    /** Tells the driver not to kick while the queue is being served anyway. */
    public void disableKicks(SplitRing ring) {
        if (!eventIdx) {
            ring.suppressKicks(true);
        }
    }

    /**
     * Asks the driver to kick for the next chain.
     *
     * @return true if one has come meanwhile, so that there may be no kick
     */
    public boolean enableKicks(SplitRing ring) {
        if (eventIdx) {
            ring.putAvailEvent(lastAvail);
        } else {
            ring.suppressKicks(false);
        }
        NativeMemory.fullFence(); // the wish must be out before the index is looked at
        return hasAvailable(ring);
    }
}
