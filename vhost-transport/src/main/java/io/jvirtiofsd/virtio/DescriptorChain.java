package io.jvirtiofsd.virtio;

import io.jvirtiofsd.shmem.GuestMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The buffers of one request, taken from a ring: a slot that is filled again and again. Owned by
 * the queue that fills it.
 *
 * <p>Each descriptor is read once; what the driver writes later changes nothing. <i>Confined to one
 * thread at a time.</i> Source: virtio 1.3, 2.7.4 and 2.7.5.
 */
public final class DescriptorChain {
    /** Descriptors in an indirect table; more than any driver's queue has. */
    private static final int MAX_INDIRECT = SplitRing.MAX_SIZE;

    private static final long MAX_BYTES = 1L << 32; // virtio 1.3, 2.7.5.2

    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);

    private final Segments readable = new Segments();
    private final Segments writable = new Segments();
    private final Segments indirect = new Segments();
    private final ChainReader reader = new ChainReader(readable);
    private final ChainWriter writer = new ChainWriter(writable);
    private byte[] table = new byte[0];
    private int head;

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    public ChainReader reader() {
        return reader;
    }

    public ChainWriter writer() {
        return writer;
    }

    /** Index of its first descriptor. */
    public int head() {
        return head;
    }

    /** Walks the chain that starts at {@code head}; throws if it breaks a rule. */
    void fill(SplitRing ring, GuestMemory memory, boolean indirectAllowed, int head)
            throws RingException {
        this.head = head;
        readable.clear();
        writable.clear();
        reader.rewind();
        int index = head;
        for (int steps = 1; ; steps++) {
            if (index >= ring.size()) {
                throw new RingException("descriptor index " + index + " outside of the table");
            }
            if (steps > ring.size()) {
                throw new RingException("descriptor chain has a loop");
            }
            long address = ring.address(index);
            int length = ring.length(index);
            int flags = ring.flags(index);
            int next = ring.next(index);
            if ((flags & SplitRing.DESC_F_INDIRECT) != 0) {
                if (!indirectAllowed || (flags & SplitRing.DESC_F_NEXT) != 0) {
                    throw new RingException("indirect descriptor where none may be");
                }
                walkTable(memory, address, length);
                return;
            }
            add(memory, address, length, flags);
            if ((flags & SplitRing.DESC_F_NEXT) == 0) {
                return;
            }
            index = next;
        }
    }

    /** Copies the indirect table, which the driver could change, and walks the copy. */
    private void walkTable(GuestMemory memory, long address, int bytes) throws RingException {
        int count = bytes >>> 4;
        if (count == 0 || count > MAX_INDIRECT || bytes % SplitRing.DESCRIPTOR_BYTES != 0) {
            throw new RingException("indirect table of " + (bytes & 0xffffffffL) + " bytes");
        }
        if (table.length < bytes) {
            table = new byte[Math.max(bytes, 4096)];
        }
        indirect.clear();
        indirect.add(memory, address, bytes);
        indirect.get(0, table, 0, bytes);
        int index = 0;
        for (int steps = 1; ; steps++) {
            if (index >= count) {
                throw new RingException("descriptor index " + index + " outside of its table");
            }
            if (steps > count) {
                throw new RingException("indirect descriptor chain has a loop");
            }
            int at = index * SplitRing.DESCRIPTOR_BYTES;
            int flags = (short) SHORTS.get(table, at + 12) & 0xffff;
            if ((flags & SplitRing.DESC_F_INDIRECT) != 0) {
                throw new RingException("indirect descriptor inside of an indirect table");
            }
            add(memory, (long) LONGS.get(table, at), (int) INTS.get(table, at + 8), flags);
            if ((flags & SplitRing.DESC_F_NEXT) == 0) {
                return;
            }
            index = (short) SHORTS.get(table, at + 14) & 0xffff;
        }
    }

    private void add(GuestMemory memory, long address, int length, int flags) throws RingException {
        boolean write = (flags & SplitRing.DESC_F_WRITE) != 0;
        if (!write && writable.bytes() > 0) {
            throw new RingException("readable descriptor after a writable one");
        }
        (write ? writable : readable).add(memory, address, length & 0xffffffffL);
        if (readable.bytes() + writable.bytes() > MAX_BYTES) {
            throw new RingException("descriptor chain of more than 4 GiB");
        }
    }
}
