package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.shmem.GuestMemory;

/**
 * The three areas of a split virtqueue in guest memory, checked once, and the memory that its
 * descriptors lead to; made by the session for one memory table, replaced when that changes.
 *
 * <p><i>Thread-safe</i>, as it keeps nothing itself. Indices are free-running 16-bit counters. The
 * driver writes descriptors and the available area at any time, the device only the used area.
 * Source: virtio 1.3, 2.7.
 */
public final class SplitRing {
    // spotless:off
    public static final int MAX_SIZE         = 32768; // virtio 1.3, 2.7
    static final int DESCRIPTOR_BYTES        = 16;    // virtio 1.3, 2.7.5
    static final int DESC_F_NEXT             = 1;     // virtio 1.3, 2.7.5
    static final int DESC_F_WRITE            = 2;     // virtio 1.3, 2.7.5
    static final int DESC_F_INDIRECT         = 4;     // virtio 1.3, 2.7.5
    private static final int AVAIL_F_NO_INTERRUPT = 1; // virtio 1.3, 2.7.6
    private static final int USED_F_NO_NOTIFY     = 1; // virtio 1.3, 2.7.8
    // spotless:on

    private final int size;
    private final int mask;
    private final GuestMemory memory;
    private final NativeMemory descriptors;
    private final NativeMemory avail;
    private final NativeMemory used;

    /**
     * @param size a power of two up to {@link #MAX_SIZE}
     * @param memory where the areas are
     * @param descriptors {@link #descriptorsBytes}, aligned to 16
     * @param avail {@link #availBytes}, aligned to 2
     * @param used {@link #usedBytes}, aligned to 4
     */
    public SplitRing(
            int size,
            GuestMemory memory,
            NativeMemory descriptors,
            NativeMemory avail,
            NativeMemory used) {
        this.size = size;
        this.mask = size - 1;
        this.memory = memory;
        this.descriptors = descriptors;
        this.avail = avail;
        this.used = used;
    }

    public static int descriptorsBytes(int size) {
        return DESCRIPTOR_BYTES * size;
    }

    public static int availBytes(int size) {
        return 6 + 2 * size;
    }

    public static int usedBytes(int size) {
        return 6 + 8 * size;
    }

    /** What buffers and indirect tables are found in. */
    GuestMemory memory() {
        return memory;
    }

    int size() {
        return size;
    }

    /** The driver's index; entries before it are readable after this. */
    int availIdx() {
        return avail.getShortAcquire(2) & 0xffff;
    }

    /** Head of the chain at free-running index {@code index}. */
    int availEntry(int index) {
        return avail.getShort(4 + 2 * (index & mask)) & 0xffff;
    }

    boolean driverWantsInterrupts() {
        return (avail.getShort(0) & AVAIL_F_NO_INTERRUPT) == 0;
    }

    int usedEvent() {
        return avail.getShort(4 + 2 * size) & 0xffff;
    }

    int usedIdx() {
        return used.getShort(2) & 0xffff;
    }

    void putUsed(int index, int head, int written) {
        int at = 4 + 8 * (index & mask);
        used.putInt(at, head);
        used.putInt(at + 4, written);
    }

    /** Publishes the entries before {@code index}. */
    void putUsedIdx(int index) {
        used.putShortRelease(2, (short) index);
    }

    void putAvailEvent(int index) {
        used.putShort(4 + 8 * size, (short) index);
    }

    void suppressKicks(boolean suppress) {
        used.putShort(0, (short) (suppress ? USED_F_NO_NOTIFY : 0));
    }

    long address(int index) {
        return descriptors.getLong(index * DESCRIPTOR_BYTES);
    }

    int length(int index) {
        return descriptors.getInt(index * DESCRIPTOR_BYTES + 8);
    }

    int flags(int index) {
        return descriptors.getShort(index * DESCRIPTOR_BYTES + 12) & 0xffff;
    }

    int next(int index) {
        return descriptors.getShort(index * DESCRIPTOR_BYTES + 14) & 0xffff;
    }
}
