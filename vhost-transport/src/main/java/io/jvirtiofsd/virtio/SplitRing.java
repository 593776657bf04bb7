package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;

/**
 * The areas of a split virtqueue. Indices are free-running 16-bit counters. The driver writes
 * descriptors and the available area at any time, the device only the used area.
 *
 * <p><i>Thread-safe</i>, as it keeps nothing itself. Source: virtio 1.3, 2.7.
 */
public final class SplitRing extends Ring {
    // spotless:off
    private static final int AVAIL_F_NO_INTERRUPT = 1; // virtio 1.3, 2.7.6
    private static final int USED_F_NO_NOTIFY     = 1; // virtio 1.3, 2.7.8
    // spotless:on

    private final int mask;
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
        super(size, memory);
        this.mask = size - 1;
        this.descriptors = descriptors;
        this.avail = avail;
        this.used = used;
    }

    public static int availBytes(int size) {
        return 6 + 2 * size;
    }

    public static int usedBytes(int size) {
        return 6 + 8 * size;
    }

    @Override
    public void markUsed(DirtyLog log, long usedGpa) {
        log.mark(usedGpa, usedBytes(size()));
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
        return avail.getShort(4 + 2 * size()) & 0xffff;
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
        used.putShort(4 + 8 * size(), (short) index);
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
