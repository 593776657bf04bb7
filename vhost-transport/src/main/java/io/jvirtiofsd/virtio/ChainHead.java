package io.jvirtiofsd.virtio;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * What is left of a chain outside of a bracket: enough to walk it again and to give it back. Owned
 * by the {@link DescriptorChain} that it was taken into, or by who has asked for it alone.
 *
 * <p>A split ring keeps the descriptors of a chain until it is given back. In a packed ring used
 * descriptors of other chains may be written over them, so those are kept here.
 *
 * <p><i>Confined to one thread at a time.</i>
 */
public final class ChainHead {
    private static final byte[] NONE = {};
    private static final VarHandle SHORTS = view(short[].class);
    private static final VarHandle INTS = view(int[].class);
    private static final VarHandle LONGS = view(long[].class);

    private int id;
    private int count;
    private byte[] descriptors = NONE; // of a packed ring, as they were there
    private int recorded; // where, in the record of what is in flight of a packed ring

    private static VarHandle view(Class<?> array) {
        return MethodHandles.byteArrayViewVarHandle(array, ByteOrder.LITTLE_ENDIAN);
    }

    /** By which the driver knows the chain; in a split ring the index of its first descriptor. */
    public int id() {
        return id;
    }

    /**
     * Descriptors of a packed ring that the chain has taken; those of its indirect table do not
     * count.
     */
    int count() {
        return count;
    }

    byte[] descriptors() {
        return descriptors;
    }

    /** Of descriptor {@code index} of a packed ring. */
    long address(int index) {
        return (long) LONGS.get(descriptors, index * Ring.DESCRIPTOR_BYTES);
    }

    int length(int index) {
        return (int) INTS.get(descriptors, index * Ring.DESCRIPTOR_BYTES + 8);
    }

    int flags(int index) {
        return (short) SHORTS.get(descriptors, index * Ring.DESCRIPTOR_BYTES + 14) & 0xffff;
    }

    /** The chain of a packed ring is recorded as one in flight, from {@code entry} on. */
    void record(int entry) {
        recorded = entry;
    }

    int recorded() {
        return recorded;
    }

    /** One that stays as this one is now. */
    public ChainHead copy() {
        ChainHead copy = new ChainHead();
        copy.id = id;
        copy.count = count;
        copy.recorded = recorded;
        copy.descriptors = count == 0 ? NONE : Arrays.copyOf(descriptors, count * 16);
        return copy;
    }

    /** Starts over with a chain of {@code id}. */
    void begin(int id) {
        this.id = id;
        this.count = 0;
    }

    /** Appends one descriptor of a packed ring; the last one's {@code id} is the chain's. */
    void add(long address, int length, int id, int flags) {
        int at = count * Ring.DESCRIPTOR_BYTES;
        if (at == descriptors.length) {
            descriptors = Arrays.copyOf(descriptors, Math.max(Ring.DESCRIPTOR_BYTES, 2 * at));
        }
        LONGS.set(descriptors, at, address);
        INTS.set(descriptors, at + 8, length);
        SHORTS.set(descriptors, at + 14, (short) flags);
        this.id = id;
        count++;
    }
}
