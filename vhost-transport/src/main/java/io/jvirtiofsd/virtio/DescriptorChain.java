package io.jvirtiofsd.virtio;

import io.jvirtiofsd.shmem.GuestMemory;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The buffers of one request, taken from a ring: a slot that is filled again and again. Owned by
 * the thread that serves the request.
 *
 * <p>Each descriptor is read once; what the driver writes later changes nothing. What it was filled
 * with is good until {@link #end}, which belongs into the same bracket of the {@link
 * io.jvirtiofsd.linux.Reclaimer} as the filling; then only {@link #head} is left, and that is what
 * may go to another thread or wait. <i>Confined to its thread.</i> Source: virtio 1.3, 2.7.4 and
 * 2.7.5.
 */
public final class DescriptorChain {
    /** Descriptors in an indirect table; more than any driver's queue has. */
    private static final int MAX_INDIRECT = SplitRing.MAX_SIZE;

    private static final long MAX_BYTES = 1L << 32; // virtio 1.3, 2.7.5.2

    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);

    private static final int END = -1; // instead of the index of a next descriptor

    private final GuestBuffers readable = new GuestBuffers();
    private final GuestBuffers writable = new GuestBuffers();
    private final GuestBuffers indirect = new GuestBuffers();
    private byte[] table = new byte[0];
    private int head;
    private long described; // bytes that all descriptors together name
    private boolean answerable;

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    /** What the driver has filled for the device. */
    public GuestBuffers readable() {
        return readable;
    }

    /** Where the device puts its answer. */
    public GuestBuffers writable() {
        return writable;
    }

    /** Index of its first descriptor. */
    public int head() {
        return head;
    }

    /**
     * Whether all its buffers are in memory that we know. If not, those of each direction end
     * before the first byte that is not.
     */
    public boolean isWhole() {
        return readable.isWhole() && writable.isWhole();
    }

    /** Whether the driver has given room for an answer, known to us or not. */
    public boolean isAnswerable() {
        return answerable;
    }

    /** The end of the bracket in which it was filled: its buffers are out of reach from now on. */
    public void end() {
        readable.end();
        writable.end();
        indirect.end();
    }

    /** Walks the chain that starts at {@code head}; throws if it breaks a rule. */
    void fill(SplitRing ring, boolean indirectAllowed, int head) throws RingException {
        GuestMemory memory = ring.memory();
        this.head = head;
        readable.begin(memory);
        writable.begin(memory);
        described = 0;
        answerable = false;
        int index = head;
        for (int steps = 1; index != END; steps++) {
            check(index, steps, ring.size());
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
            index = add(address, length, flags, next);
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
        indirect.begin(memory);
        indirect.add(address, bytes);
        if (!indirect.isWhole()) {
            throw new RingException("indirect table in memory that is not shared");
        }
        indirect.get(0, table, 0, bytes);
        int index = 0;
        for (int steps = 1; index != END; steps++) {
            check(index, steps, count);
            int at = index * SplitRing.DESCRIPTOR_BYTES;
            int flags = (short) SHORTS.get(table, at + 12) & 0xffff;
            int next = (short) SHORTS.get(table, at + 14) & 0xffff;
            if ((flags & SplitRing.DESC_F_INDIRECT) != 0) {
                throw new RingException("indirect descriptor inside of an indirect table");
            }
            index = add((long) LONGS.get(table, at), (int) INTS.get(table, at + 8), flags, next);
        }
    }

    /** Checks the {@code steps}th descriptor of a walk through a table of {@code count}. */
    private static void check(int index, int steps, int count) throws RingException {
        if (index >= count) {
            throw new RingException("descriptor " + index + " of a table of " + count);
        }
        // No chain has more descriptors than the table: a longer walk goes in a circle.
        if (steps > count) {
            throw new RingException("descriptor chain has a loop");
        }
    }

    /**
     * Adds the buffer that one descriptor names.
     *
     * @return index of the next descriptor, or {@link #END}
     */
    private int add(long address, int length, int flags, int next) throws RingException {
        boolean write = (flags & SplitRing.DESC_F_WRITE) != 0;
        long bytes = length & 0xffffffffL;
        if (!write && answerable) {
            throw new RingException("readable descriptor after a writable one");
        }
        described += bytes;
        if (described > MAX_BYTES) {
            throw new RingException("descriptor chain of more than 4 GiB");
        }
        (write ? writable : readable).add(address, bytes);
        answerable |= write && bytes > 0;
        return (flags & SplitRing.DESC_F_NEXT) == 0 ? END : next;
    }
}
