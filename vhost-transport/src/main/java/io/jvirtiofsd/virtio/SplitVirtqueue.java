package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * A split virtqueue: the driver says in one area what is available, the device in another what is
 * used.
 *
 * <p>Threads as for {@link Virtqueue}. Source: virtio 1.3, 2.7.
 */
public final class SplitVirtqueue extends Virtqueue {
    private final boolean eventIdx;
    private final SplitInflight inflight; // null for none
    private int lastAvail;
    private int usedIdx;

    /** Whether {@link #usedIdx} has been read from the ring. */
    private boolean begun;

    /** The used index when {@link #needsNotify} was asked last, if it ever was. */
    private int signalledUsed;

    private boolean signalledUsedValid;

    /**
     * Touches no memory of the guest, so that any thread may call it: the used index is continued
     * from the ring when the first chain is taken.
     *
     * @param lastAvail index of the next chain to take
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirect whether VIRTIO_F_INDIRECT_DESC was negotiated
     */
    public SplitVirtqueue(int lastAvail, boolean eventIdx, boolean indirect) {
        this(lastAvail, eventIdx, indirect, null);
    }

    /**
     * Likewise, for a ring of which is recorded what is in flight.
     *
     * @param lastAvail where to go on, unless {@code region} knows better
     * @param region borrowed; null for none
     */
    public SplitVirtqueue(
            int lastAvail, boolean eventIdx, boolean indirect, InflightRegion region) {
        super(indirect);
        this.lastAvail = lastAvail & 0xffff;
        this.eventIdx = eventIdx;
        this.inflight = region == null ? null : new SplitInflight(region);
    }

    /** Index of the next chain to take. */
    @Override
    public int base() {
        return lastAvail;
    }

    @Override
    public boolean hasAvailable(Ring ring) {
        return hasAvailable((SplitRing) ring) || isResuming();
    }

    @Override
    public boolean hasAvailable(Ring ring, int chains) {
        return (((SplitRing) ring).availIdx() - lastAvail & 0xffff) >= chains;
    }

    @Override
    public boolean isResuming() {
        return inflight != null && inflight.isResuming();
    }

    private boolean hasAvailable(SplitRing ring) {
        return ring.availIdx() != lastAvail;
    }

    @Override
    boolean take(Ring any, ChainHead head) throws RingException {
        SplitRing ring = (SplitRing) any;
        if (!begun) {
            begin(ring);
        }
        if (inflight == null) {
            return takeNext(ring, head);
        }
        if (inflight.isResuming()) {
            head.begin(inflight.resume());
            return true;
        }
        if (!takeNext(ring, head)) {
            return false;
        }
        if (head.id() >= ring.size()) {
            throw new RingException("descriptor " + head.id() + " of a table of " + ring.size());
        }
        inflight.take(head.id());
        return true;
    }

    private void begin(SplitRing ring) throws RingException {
        usedIdx = ring.usedIdx();
        if (inflight != null) {
            lastAvail = inflight.begin(ring, usedIdx, lastAvail);
        }
        begun = true;
    }

    private boolean takeNext(SplitRing ring, ChainHead head) throws RingException {
        int pending = (ring.availIdx() - lastAvail) & 0xffff;
        if (pending == 0) {
            return false;
        }
        if (pending > ring.size()) {
            throw new RingException(
                    pending + " chains available in a ring of " + ring.size() + " entries");
        }
        head.begin(ring.availEntry(lastAvail));
        lastAvail = (lastAvail + 1) & 0xffff;
        return true;
    }

    @Override
    public void push(Ring any, ChainHead head, int written) {
        SplitRing ring = (SplitRing) any;
        ring.putUsed(usedIdx, head.id(), written);
        usedIdx = (usedIdx + 1) & 0xffff;
        if (inflight == null) {
            ring.putUsedIdx(usedIdx);
            return;
        }
        synchronized (inflight) {
            inflight.giveBack(head.id());
            ring.putUsedIdx(usedIdx);
            inflight.givenBack(head.id(), usedIdx);
        }
    }

    @Override
    public boolean needsNotify(Ring any) {
        SplitRing ring = (SplitRing) any;
        NativeMemory.fullFence(); // the index must be out before the driver's wish is read
        if (!eventIdx) {
            return ring.driverWantsInterrupts();
        }
        boolean crossed = !signalledUsedValid || crosses(ring.usedEvent(), usedIdx, signalledUsed);
        signalledUsed = usedIdx;
        signalledUsedValid = true;
        return crossed;
    }

    @Override
    public void disableKicks(Ring ring) {
        if (!eventIdx) {
            ((SplitRing) ring).suppressKicks(true);
        }
    }

    @Override
    public boolean enableKicks(Ring any) {
        SplitRing ring = (SplitRing) any;
        if (eventIdx) {
            ring.putAvailEvent(lastAvail);
        } else {
            ring.suppressKicks(false);
        }
        NativeMemory.fullFence(); // the wish must be out before the index is looked at
        return hasAvailable(ring);
    }
}
