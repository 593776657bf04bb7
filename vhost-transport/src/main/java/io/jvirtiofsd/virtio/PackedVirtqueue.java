package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * A packed virtqueue: the driver writes available descriptors around one ring, and the device
 * writes used ones over them, one for a chain, in the order in which chains are given back. A bit
 * that changes with each round, the wrap counter, tells what belongs to this round.
 *
 * <p>Since a used descriptor may take the place of one of a chain that is still being served, a
 * chain's descriptors are copied when it is taken. Ids are the driver's own: they are given back as
 * they came.
 *
 * <p>Threads as for {@link Virtqueue}: the ring's own thread moves the available position, who
 * pushes moves the used one. Source: virtio 1.3, 2.8.
 */
public final class PackedVirtqueue extends Virtqueue {
    /** {@link #base} of a ring that has served nothing. */
    public static final int FRESH_BASE = 0x80008000; // vhost-user.rst, "A vring state description"

    private static final int POSITION_MASK = 0x7fff; // vhost-user.rst, likewise
    private static final int WRAP_SHIFT = 15; // vhost-user.rst, likewise
    private static final int USED_SHIFT = 16; // vhost-user.rst, likewise

    private final boolean eventIdx;
    private final PackedInflight inflight; // null for none
    private boolean begun; // with that

    private int availAt;
    private boolean availWrap;
    private int lastCount = 1; // descriptors of the chain that was taken last

    private int usedAt;
    private boolean usedWrap;

    /** Descriptors given back since {@link #needsNotify} was asked last. */
    private int unsignalled;

    private boolean signalled; // it was asked at all

    private boolean wantsKicks = true; // of the ring's own thread

    /**
     * Touches no memory of the guest, so that any thread may call it.
     *
     * @param base where to go on; both positions are in the ring, see {@link #fits}
     * @param eventIdx whether VIRTIO_F_EVENT_IDX was negotiated
     * @param indirect whether VIRTIO_F_INDIRECT_DESC was negotiated
     */
    public PackedVirtqueue(int base, boolean eventIdx, boolean indirect) {
        this(base, eventIdx, indirect, null);
    }

    /**
     * Likewise, for a ring of which is recorded what is in flight.
     *
     * @param base where to go on, unless {@code region} knows better
     * @param region borrowed; null for none
     */
    public PackedVirtqueue(int base, boolean eventIdx, boolean indirect, InflightRegion region) {
        super(indirect);
        this.eventIdx = eventIdx;
        this.inflight = region == null ? null : new PackedInflight(region);
        goOnAt(base);
    }

    private void goOnAt(int base) {
        availAt = index(base);
        availWrap = wrap(base);
        int used = usedPosition(base);
        usedAt = index(used);
        usedWrap = wrap(used);
    }

    /** A base with {@code used} as its used position and {@code taken} descriptors in flight. */
    static int base(int used, int taken, int size) {
        int at = index(used) + taken;
        int avail = at < size ? position(at, wrap(used)) : position(at - size, !wrap(used));
        return avail | used << USED_SHIFT;
    }

    /** The used position in a base. */
    static int usedPosition(int base) {
        return base >>> USED_SHIFT;
    }

    /** Which descriptor a position is, whatever is above it in a base. */
    static int index(int position) {
        return position & POSITION_MASK;
    }

    /** The wrap counter of a position, likewise. */
    static boolean wrap(int position) {
        return (position >>> WRAP_SHIFT & 1) != 0;
    }

    /** Whether both positions of {@code base} are in a ring of {@code size} descriptors. */
    public static boolean fits(int base, int size) {
        return (base & POSITION_MASK) < size && (base >>> USED_SHIFT & POSITION_MASK) < size;
    }

    /** The available position with its wrap counter below the used one with its own. */
    @Override
    public int base() {
        return position(availAt, availWrap) | position(usedAt, usedWrap) << USED_SHIFT;
    }

    static int position(int at, boolean wrap) {
        return wrap ? at | 1 << WRAP_SHIFT : at;
    }

    @Override
    public boolean hasAvailable(Ring ring) {
        return isAvailable(((PackedRing) ring).flagsAcquire(availAt), availWrap) || isResuming();
    }

    @Override
    public boolean hasAvailable(Ring any, int chains) {
        PackedRing ring = (PackedRing) any;
        int places = chains * lastCount;
        if (places > ring.size()) {
            return false;
        }
        int at = availAt + places - 1;
        boolean around = at >= ring.size();
        int flags = ring.flagsAcquire(around ? at - ring.size() : at);
        return isAvailable(flags, availWrap != around);
    }

    @Override
    public boolean isResuming() {
        return inflight != null && inflight.isResuming();
    }

    /** Whether a descriptor with these flags is available in the round that {@code wrap} tells. */
    static boolean isAvailable(int flags, boolean wrap) {
        boolean avail = (flags & PackedRing.DESC_F_AVAIL) != 0;
        boolean used = (flags & PackedRing.DESC_F_USED) != 0;
        return avail == wrap && used != wrap;
    }

    @Override
    boolean take(Ring any, ChainHead head) throws RingException {
        PackedRing ring = (PackedRing) any;
        if (inflight == null) {
            return takeNext(ring, head);
        }
        if (!begun) {
            goOnAt(inflight.begin(ring, base()));
            begun = true;
        }
        if (inflight.isResuming()) {
            inflight.resume(head);
            return true;
        }
        if (!takeNext(ring, head)) {
            return false;
        }
        inflight.take(head);
        return true;
    }

    private boolean takeNext(PackedRing ring, ChainHead head) throws RingException {
        int flags = ring.flagsAcquire(availAt);
        if (!isAvailable(flags, availWrap)) {
            return false;
        }
        head.begin(0);
        // The driver makes the first one available last, so its successors are there.
        int at = availAt;
        boolean wrap = availWrap;
        boolean more = true;
        while (more) {
            if (head.count() == ring.size()) {
                throw new RingException("descriptor chain is longer than its ring");
            }
            head.add(ring.address(at), ring.length(at), ring.id(at), flags);
            if (++at == ring.size()) {
                at = 0;
                wrap = !wrap;
            }
            more = (flags & Ring.DESC_F_NEXT) != 0;
            if (more) {
                flags = ring.flags(at);
            }
        }
        availAt = at;
        availWrap = wrap;
        lastCount = head.count();
        return true;
    }

    @Override
    public void push(Ring any, ChainHead head, int written) {
        PackedRing ring = (PackedRing) any;
        int flags = usedWrap ? PackedRing.DESC_F_AVAIL | PackedRing.DESC_F_USED : 0;
        if (written > 0) {
            flags |= Ring.DESC_F_WRITE; // else the length means nothing
        }
        int at = usedAt;
        int before = position(at, usedWrap);
        usedAt += head.count();
        if (usedAt >= ring.size()) {
            usedAt -= ring.size();
            usedWrap = !usedWrap;
        }
        unsignalled += head.count();
        if (inflight == null) {
            ring.putUsed(at, head.id(), written, flags);
            return;
        }
        int now = position(usedAt, usedWrap);
        synchronized (inflight) {
            inflight.giveBack(head, before, now);
            ring.putUsed(at, head.id(), written, flags);
            inflight.givenBack(head, now);
        }
    }

    @Override
    public boolean needsNotify(Ring any) {
        PackedRing ring = (PackedRing) any;
        NativeMemory.fullFence(); // the flags must be out before the driver's wish is read
        int wish = ring.driverWish();
        boolean wanted = wish != PackedRing.EVENT_DISABLE;
        if (eventIdx && wish == PackedRing.EVENT_DESC && signalled) {
            int event = ring.driverEventAt();
            int at = event & POSITION_MASK;
            if ((event >>> WRAP_SHIFT != 0) != usedWrap) {
                at -= ring.size(); // in the round before
            }
            wanted = crosses(at, usedAt, usedAt - unsignalled);
        }
        unsignalled = 0;
        signalled = true;
        return wanted;
    }

    /**
     * {@inheritDoc} An index that is left behind would not do: the driver comes by it in each
     * round. Who has said so does not say it again, since the driver reads that word for each
     * chain.
     */
    @Override
    public void disableKicks(Ring ring) {
        if (wantsKicks) {
            wantsKicks = false;
            ((PackedRing) ring).putDeviceWish(PackedRing.EVENT_DISABLE);
        }
    }

    @Override
    public boolean enableKicks(Ring any) {
        PackedRing ring = (PackedRing) any;
        wantsKicks = true;
        if (eventIdx) {
            ring.putDeviceEventAt(position(availAt, availWrap));
            ring.putDeviceWish(PackedRing.EVENT_DESC);
        } else {
            ring.putDeviceWish(PackedRing.EVENT_ENABLE);
        }
        NativeMemory.fullFence(); // the wish must be out before the ring is looked at
        return hasAvailable(ring);
    }
}
