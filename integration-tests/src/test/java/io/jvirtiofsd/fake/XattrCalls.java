package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/** Requests about extended attributes, through a {@link FuseClient}, which it borrows. */
public final class XattrCalls {
    private static final int SETXATTR = 21;
    private static final int GETXATTR = 22;
    private static final int LISTXATTR = 23;
    private static final int REMOVEXATTR = 24;
    private static final int MAX = 65_536;

    private final FuseClient fuse;

    public XattrCalls(FuseClient fuse) {
        this.fuse = fuse;
    }

    private static byte[] body(byte[] fixed, String name, byte[] value) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(fixed);
        out.writeBytes(name.getBytes(StandardCharsets.UTF_8));
        out.write(0);
        out.writeBytes(value);
        return out.toByteArray();
    }

    private static byte[] numbers(int... values) {
        var out = FakeFrontend.buffer(values.length * 4);
        for (int value : values) {
            out.putInt(value);
        }
        return out.array();
    }

    /** In the form of 16 bytes, which needs SETXATTR_EXT. */
    public void set(long node, String name, byte[] value, int flags, int setxattrFlags) {
        fuse.raw(
                SETXATTR,
                node,
                body(numbers(value.length, flags, setxattrFlags, 0), name, value),
                0);
    }

    /** In the form of 8 bytes. */
    public void setShort(long node, String name, byte[] value, int flags) {
        fuse.raw(SETXATTR, node, body(numbers(value.length, flags), name, value), 0);
    }

    public byte[] get(long node, String name) {
        return fuse.raw(GETXATTR, node, body(numbers(MAX, 0), name, new byte[0]), MAX);
    }

    /** With {@code size} as the most that is wanted; the raw body. */
    byte[] get(long node, String name, int size) {
        int room = Math.max(size, 8);
        return fuse.raw(GETXATTR, node, body(numbers(size, 0), name, new byte[0]), room);
    }

    public Set<String> list(long node) {
        byte[] names = fuse.raw(LISTXATTR, node, numbers(MAX, 0), MAX);
        Set<String> set = new TreeSet<>();
        for (String name : new String(names, StandardCharsets.UTF_8).split("\0")) {
            if (!name.isEmpty()) {
                set.add(name);
            }
        }
        return set;
    }

    byte[] list(long node, int size) {
        return fuse.raw(LISTXATTR, node, numbers(size, 0), Math.max(size, 8));
    }

    public void remove(long node, String name) {
        fuse.raw(REMOVEXATTR, node, body(new byte[0], name, new byte[0]), 0);
    }
}
