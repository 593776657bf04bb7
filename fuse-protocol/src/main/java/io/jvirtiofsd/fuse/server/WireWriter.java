package io.jvirtiofsd.fuse.server;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Writes little-endian fields one after another into private memory, from where a reply is copied
 * to the guest in one go; owned by a {@link Request}.
 *
 * <p><i>Confined to the request's thread.</i>
 */
final class WireWriter {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final byte[] bytes;
    private int position;

    WireWriter(int size) {
        bytes = new byte[size];
    }

    /** The memory written to, borrowed. */
    byte[] array() {
        return bytes;
    }

    int position() {
        return position;
    }

    /** Goes on at {@code position}. */
    void position(int position) {
        this.position = position;
    }

    void u16(int value) {
        SHORTS.set(bytes, position, (short) value);
        position += 2;
    }

    void u32(int value) {
        INTS.set(bytes, position, value);
        position += 4;
    }

    void u64(long value) {
        LONGS.set(bytes, position, value);
        position += 8;
    }

    /** Writes {@code count} zero bytes: padding and fields without meaning. */
    void zero(int count) {
        Arrays.fill(bytes, position, position + count, (byte) 0);
        position += count;
    }

    /** Copies {@code source[at… at + length)}. */
    void put(byte[] source, int at, int length) {
        System.arraycopy(source, at, bytes, position, length);
        position += length;
    }
}
