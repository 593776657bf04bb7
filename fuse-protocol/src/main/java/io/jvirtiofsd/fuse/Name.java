package io.jvirtiofsd.fuse;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * One path component or symbolic-link target as the guest sent it: bytes without NUL, in no
 * particular encoding. It is a view of the request's private copy and belongs to the request.
 *
 * <p>A component was checked at the edge: 1 to 255 bytes, no '/', neither "." nor "..", except in
 * LOOKUP.
 *
 * <p><i>Confined to the request</i>: reused afterwards; copy with {@link #toByteArray} to keep it.
 */
public final class Name {
    private byte[] bytes = new byte[0];
    private int offset;
    private int length;

    /** A name over all of {@code bytes}, which it borrows. */
    public static Name of(byte... bytes) {
        Name name = new Name();
        name.set(bytes, 0, bytes.length);
        return name;
    }

    /** Makes this a view of {@code bytes[offset… offset + length)}. */
    public void set(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
    }

    /** The array that holds the name, borrowed; see {@link #offset} and {@link #length}. */
    public byte[] array() {
        return bytes;
    }

    /** Index of the first byte in {@link #array}. */
    public int offset() {
        return offset;
    }

    /** Number of bytes. */
    public int length() {
        return length;
    }

    /** Whether it is "." or "..". */
    public boolean isDots() {
        return length > 0
                && length <= 2
                && bytes[offset] == '.'
                && bytes[offset + length - 1] == '.';
    }

    /** A copy of the bytes. */
    public byte[] toByteArray() {
        return Arrays.copyOfRange(bytes, offset, offset + length);
    }

    /** The name as text for messages; a byte that is no UTF-8 becomes a replacement character. */
    @Override
    public String toString() {
        return new String(bytes, offset, length, StandardCharsets.UTF_8);
    }
}
