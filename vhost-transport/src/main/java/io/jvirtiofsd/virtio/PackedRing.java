package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;

/**
 * The areas of a packed virtqueue: one ring of descriptors, which driver and device both write, and
 * two words in which each says when it wants to be notified.
 *
 * <p><i>Thread-safe</i>, as it keeps nothing itself. Source: virtio 1.3, 2.8.
 */
public final class PackedRing extends Ring {
    // spotless:off
    public static final int EVENT_BYTES = 4;      // virtio 1.3, 2.8.14
    static final int DESC_F_AVAIL       = 0x80;   // virtio 1.3, 2.8.1
    static final int DESC_F_USED        = 0x8000; // virtio 1.3, 2.8.1
    static final int EVENT_ENABLE       = 0;      // virtio 1.3, 2.8.14
    static final int EVENT_DISABLE      = 1;      // virtio 1.3, 2.8.14
    static final int EVENT_DESC         = 2;      // virtio 1.3, 2.8.14
    private static final int EVENT_MASK = 3;      // virtio 1.3, 2.8.14
    // spotless:on

    private final NativeMemory descriptors;
    private final long descriptorsGpa;
    private final NativeMemory driverEvent;
    private final NativeMemory deviceEvent;

    /**
     * @param size 1 to {@link #MAX_SIZE}
     * @param memory where the areas are
     * @param descriptors {@link #descriptorsBytes}, aligned to 16
     * @param descriptorsGpa where these are for the guest
     * @param driverEvent {@link #EVENT_BYTES}, aligned to 4
     * @param deviceEvent likewise
     */
    public PackedRing(
            int size,
            GuestMemory memory,
            NativeMemory descriptors,
            long descriptorsGpa,
            NativeMemory driverEvent,
            NativeMemory deviceEvent) {
        super(size, memory);
        this.descriptors = descriptors;
        this.descriptorsGpa = descriptorsGpa;
        this.driverEvent = driverEvent;
        this.deviceEvent = deviceEvent;
    }

    /** The used area is the device's event word; used descriptors are among the others. */
    @Override
    public void markUsed(DirtyLog log, long usedGpa) {
        log.mark(usedGpa, EVENT_BYTES);
        log.mark(descriptorsGpa, descriptorsBytes(size()));
    }

    /** If they say that the descriptor is available, it and its chain are readable after this. */
    int flagsAcquire(int index) {
        return descriptors.getShortAcquire(index * DESCRIPTOR_BYTES + 14) & 0xffff;
    }

    int flags(int index) {
        return descriptors.getShort(index * DESCRIPTOR_BYTES + 14) & 0xffff;
    }

    long address(int index) {
        return descriptors.getLong(index * DESCRIPTOR_BYTES);
    }

    int length(int index) {
        return descriptors.getInt(index * DESCRIPTOR_BYTES + 8);
    }

    int id(int index) {
        return descriptors.getShort(index * DESCRIPTOR_BYTES + 12) & 0xffff;
    }

    /** Writes a used descriptor, and publishes it by its flags. */
    void putUsed(int index, int id, int written, int flags) {
        int at = index * DESCRIPTOR_BYTES;
        descriptors.putInt(at + 8, written);
        descriptors.putShort(at + 12, (short) id);
        descriptors.putShortRelease(at + 14, (short) flags);
    }

    /** Which used descriptors the driver wants to hear of; it may say what does not exist. */
    int driverWish() {
        return driverEvent.getShortAcquire(2) & EVENT_MASK;
    }

    /** With {@link #EVENT_DESC}: bits 0 to 14 are an index, bit 15 is its wrap counter. */
    int driverEventAt() {
        return driverEvent.getShort(0) & 0xffff;
    }

    void putDeviceWish(int wish) {
        deviceEvent.putShortRelease(2, (short) wish);
    }

    /** To be followed by {@link #putDeviceWish}. */
    void putDeviceEventAt(int at) {
        deviceEvent.putShort(0, (short) at);
    }
}
