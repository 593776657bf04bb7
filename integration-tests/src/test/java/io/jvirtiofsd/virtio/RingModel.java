package io.jvirtiofsd.virtio;

import java.nio.ByteBuffer;
import java.util.BitSet;

/**
 * What a chain of a split ring leads to, read from a copy of the guest's memory as virtio 1.3,
 * 2.7.5 words it; slow, and written apart from what it judges. <i>Confined to its thread.</i>
 */
final class RingModel {
    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final long MOST_BYTES = 1L << 32;

    /** The guest's memory as far as it begins at address 0; one region or several. */
    private final ByteBuffer memory;

    /** Descriptors of the ring, which begin at address 0. */
    private final int size;

    private final boolean indirect;

    private long named;
    private boolean room;

    /** Bytes of each direction before the first that is not in the memory. */
    long readable;

    long writable;
    private boolean readableEnds;
    private boolean writableEnds;

    RingModel(ByteBuffer memory, int size, boolean indirect) {
        this.memory = memory;
        this.size = size;
        this.indirect = indirect;
    }

    /** Whether all buffers are in the memory. */
    boolean isWhole() {
        return !readableEnds && !writableEnds;
    }

    /** Walks the chain of {@code head}; false if it breaks a rule. */
    boolean walk(int head) {
        BitSet met = new BitSet();
        for (int index = head; index >= 0; ) {
            if (index >= size || met.get(index)) {
                return false;
            }
            met.set(index);
            int at = index * DESCRIPTOR_BYTES;
            int flags = memory.getShort(at + 12);
            if ((flags & INDIRECT) != 0) {
                return indirect
                        && (flags & NEXT) == 0
                        && walkTable(
                                memory.getLong(at), Integer.toUnsignedLong(memory.getInt(at + 8)));
            }
            if (!take(at)) {
                return false;
            }
            index = (flags & NEXT) == 0 ? -1 : Short.toUnsignedInt(memory.getShort(at + 14));
        }
        return true;
    }

    private boolean walkTable(long address, long bytes) {
        long count = bytes / DESCRIPTOR_BYTES;
        if (bytes == 0 || bytes % DESCRIPTOR_BYTES != 0 || known(address, bytes) < bytes) {
            return false;
        }
        BitSet met = new BitSet();
        for (int index = 0; index >= 0; ) {
            if (index >= count || met.get(index)) {
                return false;
            }
            met.set(index);
            int at = (int) address + index * DESCRIPTOR_BYTES;
            int flags = memory.getShort(at + 12);
            if ((flags & INDIRECT) != 0 || !take(at)) {
                return false;
            }
            index = (flags & NEXT) == 0 ? -1 : Short.toUnsignedInt(memory.getShort(at + 14));
        }
        return true;
    }

    /** Takes the buffer of the descriptor at {@code at}. */
    private boolean take(int at) {
        long bytes = Integer.toUnsignedLong(memory.getInt(at + 8));
        boolean write = (memory.getShort(at + 12) & WRITE) != 0;
        long there = known(memory.getLong(at), bytes);
        named += bytes;
        if (!write && room || named > MOST_BYTES) {
            return false;
        }
        if (write) {
            room |= bytes > 0;
            writable += writableEnds ? 0 : there;
            writableEnds |= there < bytes;
        } else {
            readable += readableEnds ? 0 : there;
            readableEnds |= there < bytes;
        }
        return true;
    }

    /** How many of {@code bytes} bytes at {@code address} are in the memory, from the first. */
    private long known(long address, long bytes) {
        boolean begins = address >= 0 && address < memory.limit();
        return begins ? Math.min(bytes, memory.limit() - address) : 0;
    }
}
