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
 * io.jvirtiofsd.linux.Reclaimer} as the filling; then only {@link #head} is left, and a copy of
 * that is what may go to another thread or wait. <i>Confined to its thread.</i> Source: virtio 1.3,
 * 2.7.4, 2.7.5, 2.8.5 and 2.8.13.
 */
public final class DescriptorChain {
    /** Descriptors in an indirect table; more than any driver's queue has. */
    private static final int MAX_INDIRECT = Ring.MAX_SIZE;

    private static final long MAX_BYTES = 1L << 32; // virtio 1.3, 2.7.5.2

    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);

    private static final int END = -1; // instead of the index of a next descriptor

    private final GuestBuffers readable = new GuestBuffers();
    private final GuestBuffers writable = new GuestBuffers();
    private final GuestBuffers indirect = new GuestBuffers();
    private final ChainHead own = new ChainHead();
    private byte[] table = new byte[0];
    private ChainHead head = own;
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

    /** By which it is given back; good until the next filling. */
    public ChainHead head() {
        return head;
    }

    /** A head to be filled with; the chain's own. */
    ChainHead own() {
        return own;
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
    void fillSplit(SplitRing ring, boolean indirectAllowed, ChainHead head) throws RingException {
        begin(ring.memory(), head);
        int index = head.id();
        for (int steps = 1; index != END; steps++) {
            check(index, steps, ring.size());
            long address = ring.address(index);
            int length = ring.length(index);
            int flags = ring.flags(index);
            int next = ring.next(index);
            if ((flags & Ring.DESC_F_INDIRECT) != 0) {
                if (!indirectAllowed || (flags & Ring.DESC_F_NEXT) != 0) {
                    throw new RingException("indirect descriptor where none may be");
                }
                int count = copyTable(ring.memory(), address, length);
                walkTable(count);
                return;
            }
            add(address, length, flags);
            index = (flags & Ring.DESC_F_NEXT) == 0 ? END : next;
        }
    }

    /** Walks the descriptors that {@code head} has, from a packed ring with {@code memory}. */
    void fillPacked(GuestMemory memory, boolean indirectAllowed, ChainHead head)
            throws RingException {
        begin(memory, head);
        byte[] descriptors = head.descriptors();
        int count = head.count();
        if ((flagsOfPacked(descriptors, 0) & Ring.DESC_F_INDIRECT) != 0) {
            if (!indirectAllowed || count != 1) {
                throw new RingException("indirect descriptor where none may be");
            }
            count = copyTable(memory, address(descriptors, 0), length(descriptors, 0));
            descriptors = table;
        }
        // The descriptors of a table follow each other, too, whatever their NEXT says.
        for (int i = 0; i < count; i++) {
            int at = i * Ring.DESCRIPTOR_BYTES;
            int flags = flagsOfPacked(descriptors, at);
            if ((flags & Ring.DESC_F_INDIRECT) != 0) {
                throw new RingException("indirect descriptor among others");
            }
            add(address(descriptors, at), length(descriptors, at), flags);
        }
    }

    private void begin(GuestMemory memory, ChainHead head) {
        this.head = head;
        readable.begin(memory);
        writable.begin(memory);
        described = 0;
        answerable = false;
    }

    private static long address(byte[] descriptors, int at) {
        return (long) LONGS.get(descriptors, at);
    }

    private static int length(byte[] descriptors, int at) {
        return (int) INTS.get(descriptors, at + 8);
    }

    private static int flagsOfPacked(byte[] descriptors, int at) {
        return (short) SHORTS.get(descriptors, at + 14) & 0xffff;
    }

    /**
     * Copies an indirect table, which the driver could change, to {@link #table}.
     *
     * @return descriptors in it
     */
    private int copyTable(GuestMemory memory, long address, int bytes) throws RingException {
        int count = bytes >>> 4;
        if (count == 0 || count > MAX_INDIRECT || bytes % Ring.DESCRIPTOR_BYTES != 0) {
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
        return count;
    }

    /** Walks the copy of a split ring's indirect table of {@code count} descriptors. */
    private void walkTable(int count) throws RingException {
        int index = 0;
        for (int steps = 1; index != END; steps++) {
            check(index, steps, count);
            int at = index * Ring.DESCRIPTOR_BYTES;
            int flags = (short) SHORTS.get(table, at + 12) & 0xffff;
            int next = (short) SHORTS.get(table, at + 14) & 0xffff;
            if ((flags & Ring.DESC_F_INDIRECT) != 0) {
                throw new RingException("indirect descriptor inside of an indirect table");
            }
            add(address(table, at), length(table, at), flags);
            index = (flags & Ring.DESC_F_NEXT) == 0 ? END : next;
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

    /** Adds the buffer that one descriptor names. */
    private void add(long address, int length, int flags) throws RingException {
        boolean write = (flags & Ring.DESC_F_WRITE) != 0;
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
    }
}
