package io.jvirtiofsd.linux;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A bounds-checked view of up to 2 GiB &minus; 1 of native memory, little-endian; the only class
 * that touches raw memory.
 *
 * <p>A view made by {@link #allocate} owns its memory (freed with the last reference); one made by
 * {@link #view} borrows it: whoever unmaps the memory must see to it that no view is used after.
 * Out-of-range offsets throw {@link IndexOutOfBoundsException}.
 *
 * <p><i>Thread-safe</i> as plain memory is: use the acquire and release accessors to order.
 */
public final class NativeMemory {
    private static final VarHandle LONGS =
            MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS =
            MethodHandles.byteBufferViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORTS =
            MethodHandles.byteBufferViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private final long address;
    private final ByteBuffer buffer;

    private NativeMemory(long address, ByteBuffer buffer) {
        this.address = address;
        this.buffer = buffer.order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Zeroed memory of {@code bytes} bytes, aligned to 16 bytes, owned by the view. */
    public static NativeMemory allocate(int bytes) {
        int rounded = (bytes + 15) & -16; // a slice ends aligned, too
        ByteBuffer buffer =
                ByteBuffer.allocateDirect(rounded + 15).alignedSlice(16).slice(0, bytes);
        return new NativeMemory(
                com.kenai.jffi.MemoryIO.getInstance().getDirectBufferAddress(buffer), buffer);
    }

    /** A borrowed view of {@code [address, address + bytes)}, which must be mapped memory. */
    public static NativeMemory view(long address, int bytes) {
        ByteBuffer buffer =
                com.kenai.jffi.MemoryIO.getInstance().newDirectByteBuffer(address, bytes);
        return new NativeMemory(address, buffer);
    }

    /** Address of byte 0. */
    public long address() {
        return address;
    }

    /** Address of the byte at {@code offset}. */
    public long address(int offset) {
        return address + offset;
    }

    /** Number of bytes. */
    public int size() {
        return buffer.capacity();
    }

    public byte getByte(int offset) {
        return buffer.get(offset);
    }

    public short getShort(int offset) {
        return buffer.getShort(offset);
    }

    public int getInt(int offset) {
        return buffer.getInt(offset);
    }

    public long getLong(int offset) {
        return buffer.getLong(offset);
    }

    public void putByte(int offset, byte value) {
        buffer.put(offset, value);
    }

    public void putShort(int offset, short value) {
        buffer.putShort(offset, value);
    }

    public void putInt(int offset, int value) {
        buffer.putInt(offset, value);
    }

    public void putLong(int offset, long value) {
        buffer.putLong(offset, value);
    }

    /** Loads the aligned 16-bit value at {@code offset}; later accesses stay after it. */
    public short getShortAcquire(int offset) {
        return (short) SHORTS.getAcquire(buffer, offset);
    }

    /** Loads the aligned 32-bit value at {@code offset}; later accesses stay after it. */
    public int getIntAcquire(int offset) {
        return (int) INTS.getAcquire(buffer, offset);
    }

    /** Loads the aligned 64-bit value at {@code offset}; later accesses stay after it. */
    public long getLongAcquire(int offset) {
        return (long) LONGS.getAcquire(buffer, offset);
    }

    /**
     * Stores the aligned 16-bit value at {@code offset}; earlier accesses stay before it. By a
     * fence and a plain store: where the JVM interprets it, setRelease is an exchange, and a SIGBUS
     * there would end the process instead of being an InternalError (JDK 17 to 25, x86).
     */
    public void putShortRelease(int offset, short value) {
        VarHandle.releaseFence();
        buffer.putShort(offset, value);
    }

    /** Stores the byte at {@code offset}; earlier accesses stay before it. */
    public void putByteRelease(int offset, byte value) {
        VarHandle.releaseFence();
        buffer.put(offset, value);
    }

    /**
     * Stores the 32-bit value at {@code offset}, whose address is aligned, at once; earlier
     * accesses stay before it.
     */
    public void putIntRelease(int offset, int value) {
        VarHandle.releaseFence();
        buffer.putInt(offset, value);
    }

    /**
     * Stores the 64-bit value at {@code offset}, whose address is aligned, at once; earlier
     * accesses stay before it.
     */
    public void putLongRelease(int offset, long value) {
        VarHandle.releaseFence();
        buffer.putLong(offset, value);
    }

    /** Copies {@code length} bytes from {@code offset} to {@code target[at…]}. */
    public void get(int offset, byte[] target, int at, int length) {
        buffer.get(offset, target, at, length);
    }

    /** Copies {@code source[at… at + length)} to {@code offset}. */
    public void put(int offset, byte[] source, int at, int length) {
        buffer.put(offset, source, at, length);
    }

    /** Copies {@code length} bytes at {@code at} of {@code source} to {@code offset}. */
    public void put(int offset, NativeMemory source, int at, int length) {
        buffer.put(offset, source.buffer, at, length);
    }

    /** Zeroes {@code length} bytes at {@code offset}. */
    public void clear(int offset, int length) {
        for (int i = 0; i < length; i++) {
            buffer.put(offset + i, (byte) 0);
        }
    }

    /**
     * Compares {@code length} bytes at {@code offset} with those at {@code at} of {@code other}.
     *
     * @return index, from 0, of the first byte that differs; &minus;1 if none does
     */
    public int mismatch(int offset, NativeMemory other, int at, int length) {
        return buffer.slice(offset, length).mismatch(other.buffer.slice(at, length));
    }

    /** Writes {@code source[at… at + length)} and a NUL at {@code offset}; a C string. */
    public long putCString(int offset, byte[] source, int at, int length) {
        buffer.put(offset, source, at, length);
        buffer.put(offset + length, (byte) 0);
        return address + offset;
    }

    /** Sets bits of the long at {@code offset}, whose address is aligned, atomically. */
    public void or(int offset, long bits) {
        LONGS.getAndBitwiseOr(buffer, offset, bits);
    }

    /** Orders everything before it against everything after it, loads and stores alike. */
    public static void fullFence() {
        VarHandle.fullFence();
    }
}
