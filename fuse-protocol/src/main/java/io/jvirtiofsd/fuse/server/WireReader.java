package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Name;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Reads little-endian fields one after another from a private copy of a request.
 *
 * <p>A structure is read only after it was checked that its bytes are there; reading past the end
 * throws {@link IndexOutOfBoundsException}. <i>Confined to the request's thread.</i>
 */
final class WireReader {
    private static final VarHandle SHORTS =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle LONGS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private byte[] bytes;
    private int position;
    private int end;

    /** Starts over at {@code bytes[from]}, up to {@code to}. */
    void reset(byte[] bytes, int from, int to) {
        this.bytes = bytes;
        this.position = from;
        this.end = to;
    }

    /** Bytes not yet consumed. */
    int remaining() {
        return end - position;
    }

    int u16() {
        int at = position;
        position += 2;
        return (short) SHORTS.get(bytes, at) & 0xffff;
    }

    int u32() {
        int at = position;
        position += 4;
        return (int) INTS.get(bytes, at);
    }

    long u64() {
        int at = position;
        position += 8;
        return (long) LONGS.get(bytes, at);
    }

    /** Consumes {@code count} bytes into a copy. */
    byte[] bytes(int count) {
        int at = position;
        position += count;
        return Arrays.copyOfRange(bytes, at, position);
    }

    /** A copy of what is not yet consumed. */
    byte[] rest() {
        return Arrays.copyOfRange(bytes, position, end);
    }

    /** Passes over padding or fields without meaning. */
    void skip(int count) {
        position += count;
    }

    /**
     * Makes {@code name} the bytes up to the next NUL, which is consumed.
     *
     * @return false if there is no NUL before the end
     */
    boolean string(Name name) {
        for (int i = position; i < end; i++) {
            if (bytes[i] == 0) {
                name.set(bytes, position, i - position);
                position = i + 1;
                return true;
            }
        }
        return false;
    }
}
