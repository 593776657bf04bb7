package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.XattrCalls;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;

/** The same over a ring. Borrows tree and client. */
final class RingExtras implements FileExtras {
    private static final int IOCTL = 39;
    private static final int IN_BYTES = 32;
    private static final int OUT_BYTES = 16;

    private final FusePosix tree;
    private final FuseClient fuse;
    private final XattrCalls xattrs;

    RingExtras(FusePosix tree, FuseClient fuse) {
        this.tree = tree;
        this.fuse = fuse;
        this.xattrs = new XattrCalls(fuse);
    }

    @Override
    public void setXattr(String path, String name, byte[] value) {
        xattrs.setShort(tree.node(path), name, value, 0);
    }

    @Override
    public byte[] xattr(String path, String name) {
        return xattrs.get(tree.node(path), name);
    }

    @Override
    public Set<String> xattrs(String path) {
        return xattrs.list(tree.node(path));
    }

    @Override
    public void removeXattr(String path, String name) {
        xattrs.remove(tree.node(path), name);
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private ByteBuffer ioctl(int fd, int request, int inBytes, int outBytes, int value) {
        Nodes.Opened file = tree.file(fd);
        ByteBuffer in = buffer(IN_BYTES + inBytes).putLong(0, file.fh()).putInt(12, request);
        in.putInt(24, inBytes).putInt(28, outBytes);
        if (inBytes > 0) {
            in.putInt(IN_BYTES, value);
        }
        byte[] out = fuse.raw(IOCTL, file.node(), in.array(), OUT_BYTES + outBytes);
        return ByteBuffer.wrap(out).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public int flags(int fd) {
        return ioctl(fd, GETFLAGS, 0, 4, 0).getInt(OUT_BYTES);
    }

    @Override
    public void setFlags(int fd, int flags) {
        ioctl(fd, SETFLAGS, 4, 0, flags);
    }
}
