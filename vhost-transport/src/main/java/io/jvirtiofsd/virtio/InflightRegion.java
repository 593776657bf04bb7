package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * The memory of one ring in which it is recorded what is in flight: which chains were taken and not
 * given back. It outlives the process, so that another one can go on. The session owns the memory.
 *
 * <p>The front-end has it, too, so nothing that is read here is trusted. Whoever kills the process
 * does so between two stores; each is visible before the next. <i>Thread-safe</i>, as it keeps
 * nothing itself. Source: vhost-user.rst, "Inflight I/O tracking".
 */
public class InflightRegion {
    // spotless:off
    static final int VERSION  = 8;  // vhost-user.rst, QueueRegionSplit and QueueRegionPacked
    static final int DESC_NUM = 10; // vhost-user.rst, likewise

    private static final int CURRENT             = 1;  // vhost-user.rst, likewise: of version
    private static final int SPLIT_HEADER_BYTES  = 16; // vhost-user.rst, QueueRegionSplit
    private static final int SPLIT_ENTRY_BYTES   = 16; // vhost-user.rst, DescStateSplit
    private static final int PACKED_HEADER_BYTES = 32; // vhost-user.rst, QueueRegionPacked
    private static final int PACKED_ENTRY_BYTES  = 32; // vhost-user.rst, DescStatePacked
    // spotless:on

    private final NativeMemory memory;
    private final int size;

    /**
     * @param memory {@link #splitBytes} or {@link #packedBytes}, aligned to 8
     * @param size entries, one for each descriptor of a ring that has as many or fewer
     */
    public InflightRegion(NativeMemory memory, int size) {
        this.memory = memory;
        this.size = size;
    }

    /** Bytes that a split ring of {@code size} needs. */
    public static int splitBytes(int size) {
        return splitEntry(size);
    }

    /** Bytes that a packed ring of {@code size} needs. */
    public static int packedBytes(int size) {
        return packedEntry(size);
    }

    static int splitEntry(int index) {
        return SPLIT_HEADER_BYTES + SPLIT_ENTRY_BYTES * index;
    }

    static int packedEntry(int index) {
        return PACKED_HEADER_BYTES + PACKED_ENTRY_BYTES * index;
    }

    /** Whether a ring of which this is the {@code version} has been served, and recorded. */
    public static boolean isUsed(int version) {
        return version != 0;
    }

    /** Whether a {@code version} is one that can be read. */
    public static boolean isKnown(int version) {
        return version == 0 || version == CURRENT;
    }

    final int size() {
        return size;
    }

    /**
     * Whether there is something to go on from.
     *
     * @throws RingException if it is written in a way that is not known here
     */
    final boolean isUsed() throws RingException {
        int version = getShort(VERSION);
        if (!isKnown(version)) {
            throw new RingException("record of requests in flight has version " + version);
        }
        return isUsed(version);
    }

    /** All else has been written: from now on there is something to go on from. */
    final void use() {
        putShort(DESC_NUM, size);
        putShort(VERSION, CURRENT);
    }

    /** An index that the record has. */
    final int checked(int index) throws RingException {
        if (index >= size) {
            throw new RingException(
                    "record of requests in flight has entry " + index + " of " + size);
        }
        return index;
    }

    final int getByte(int offset) {
        return memory.getByte(offset) & 0xff;
    }

    final int getShort(int offset) {
        return memory.getShort(offset) & 0xffff;
    }

    final int getInt(int offset) {
        return memory.getInt(offset);
    }

    final long getLong(int offset) {
        return memory.getLong(offset);
    }

    void putByte(int offset, int value) {
        memory.putByteRelease(offset, (byte) value);
    }

    void putShort(int offset, int value) {
        memory.putShortRelease(offset, (short) value);
    }

    void putLong(int offset, long value) {
        memory.putLongRelease(offset, value);
    }
}
