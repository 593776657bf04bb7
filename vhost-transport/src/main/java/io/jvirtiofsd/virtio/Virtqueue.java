package io.jvirtiofsd.virtio;

/**
 * The device side of one running virtqueue: takes chains, gives them back, and decides on
 * notifications both ways. Owned by the thread that serves the queue.
 *
 * <p><i>Confined to that thread</i>, but for {@link #walk}, and for {@link #push} and {@link
 * #needsNotify}, which several threads may call under a lock of the caller's. The ring is passed to
 * each call, since the memory table behind it may change between two; it is always one of the
 * queue's own format. Source: virtio 1.3, 2.7 and 2.8.
 */
public abstract sealed class Virtqueue permits SplitVirtqueue, PackedVirtqueue {
    private final boolean indirect;

    /**
     * @param indirect whether VIRTIO_F_INDIRECT_DESC was negotiated
     */
    Virtqueue(boolean indirect) {
        this.indirect = indirect;
    }

    /** Where the queue is to go on, as SET_VRING_BASE and GET_VRING_BASE say it. */
    public abstract int base();

    /** Whether a chain is waiting. */
    public abstract boolean hasAvailable(Ring ring);

    /**
     * Whether at least {@code chains} chains are waiting, 1 to 64; where a chain has several places
     * in the ring, this holds if each has as many as the one that was taken last.
     */
    public abstract boolean hasAvailable(Ring ring, int chains);

    /**
     * Whether chains are left that a process before this one had taken and not given back. They
     * come before all others. Known once a chain has been asked for.
     */
    public abstract boolean isResuming();

    /**
     * Takes the next chain, of which {@code head} learns what it is.
     *
     * @return false if there is none
     */
    abstract boolean take(Ring ring, ChainHead head) throws RingException;

    /**
     * Fills {@code chain} with what {@code head} leads to now, if it has been taken and not given
     * back. May be called by any thread, and again: the memory behind it may have changed.
     *
     * @param head borrowed until the chain is filled anew
     */
    public final void walk(Ring ring, ChainHead head, DescriptorChain chain) throws RingException {
        if (this instanceof PackedVirtqueue) {
            chain.fillPacked(ring.memory(), indirect, head);
        } else {
            chain.fillSplit((SplitRing) ring, indirect, head);
        }
    }

    /**
     * Takes the next chain.
     *
     * @return false if there is none
     * @throws RingException if the driver broke a rule; the queue must not be used any more
     */
    public final boolean pop(Ring ring, DescriptorChain chain) throws RingException {
        if (!take(ring, chain.own())) {
            return false;
        }
        walk(ring, chain.own(), chain);
        return true;
    }

    /**
     * Takes the next chain without looking at its buffers.
     *
     * @return its head, for {@link #walk}; null if there is none
     * @throws RingException if the driver broke a rule; the queue must not be used any more
     */
    public final ChainHead popHead(Ring ring) throws RingException {
        ChainHead head = new ChainHead();
        return take(ring, head) ? head : null;
    }

    /** Gives the chain of {@code head} back, with {@code written} bytes in its writable part. */
    public abstract void push(Ring ring, ChainHead head, int written);

    /** Whether the driver wants to hear of what was pushed since this was last asked. */
    public abstract boolean needsNotify(Ring ring);

    /** Tells the driver not to kick while the queue is being served anyway. */
    public abstract void disableKicks(Ring ring);

    /**
     * Asks the driver to kick for the next chain.
     *
     * @return true if one has come meanwhile, so that there may be no kick
     */
    public abstract boolean enableKicks(Ring ring);

    /**
     * Whether moving an index from {@code before} to {@code now} passes {@code event}; 16-bit
     * arithmetic. Source: virtio 1.3, 2.7.10.
     */
    static boolean crosses(int event, int now, int before) {
        return ((now - event - 1) & 0xffff) < ((now - before) & 0xffff);
    }
}
