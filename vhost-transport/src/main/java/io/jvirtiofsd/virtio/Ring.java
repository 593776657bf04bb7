package io.jvirtiofsd.virtio;

import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;

/**
 * The three areas of a virtqueue in guest memory, checked once, and the memory that its descriptors
 * lead to; made by the session for one memory table, replaced when that changes.
 *
 * <p><i>Thread-safe</i>, as it keeps nothing itself. Source: virtio 1.3, 2.7 and 2.8.
 */
public abstract sealed class Ring permits SplitRing, PackedRing {
    // spotless:off
    public static final int MAX_SIZE  = 32768; // virtio 1.3, 2.7 and 2.8.10.1
    static final int DESCRIPTOR_BYTES = 16;    // virtio 1.3, 2.7.5 and 2.8.13
    static final int DESC_F_NEXT      = 1;     // virtio 1.3, 2.7.5 and 2.8.13
    static final int DESC_F_WRITE     = 2;     // virtio 1.3, 2.7.5 and 2.8.13
    static final int DESC_F_INDIRECT  = 4;     // virtio 1.3, 2.7.5 and 2.8.13
    // spotless:on

    private final int size;
    private final GuestMemory memory;

    Ring(int size, GuestMemory memory) {
        this.size = size;
        this.memory = memory;
    }

    /** Bytes of the descriptor area, which is aligned to 16, in both formats. */
    public static int descriptorsBytes(int size) {
        return DESCRIPTOR_BYTES * size;
    }

    /**
     * Marks all that the device writes to.
     *
     * @param usedGpa where the used area is for the guest
     */
    public abstract void markUsed(DirtyLog log, long usedGpa);

    /** Descriptors it has. */
    final int size() {
        return size;
    }

    /** What buffers and indirect tables are found in. */
    final GuestMemory memory() {
        return memory;
    }
}
