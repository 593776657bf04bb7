package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseClient;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/** Requests over a ring. Borrows the client. */
final class RingNodes implements Nodes {
    private static final int GETATTR = 3;
    private static final int SETATTR = 4;
    private static final int ATTR_OUT_BYTES = 104;
    private static final int ATTR = 16; // where struct fuse_attr begins
    private static final int READDIR_BYTES = 3000;

    private final FuseClient fuse;

    RingNodes(FuseClient fuse) {
        this.fuse = fuse;
    }

    private static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    @Override
    public void as(int uid, int gid) {
        fuse.as(uid, gid);
    }

    @Override
    public long lookup(long parent, String name) {
        return fuse.lookup(parent, name).nodeId();
    }

    @Override
    public void forget(long node) {
        fuse.forget(node, 1);
    }

    @Override
    public Stat getattr(long node, long fh) {
        ByteBuffer in = buffer(16).putInt(0, fh == 0 ? 0 : 1).putLong(8, fh);
        ByteBuffer out = buffer(ATTR_OUT_BYTES);
        out.put(fuse.raw(GETATTR, node, in.array(), ATTR_OUT_BYTES));
        return new Stat(
                out.getInt(ATTR + 60),
                out.getLong(ATTR + 8),
                out.getInt(ATTR + 64),
                out.getInt(ATTR + 68),
                out.getInt(ATTR + 72),
                out.getLong(ATTR),
                out.getLong(ATTR + 24) * Stat.NANOS + out.getInt(ATTR + 48),
                out.getLong(ATTR + 32) * Stat.NANOS + out.getInt(ATTR + 52),
                out.getLong(ATTR + 40) * Stat.NANOS + out.getInt(ATTR + 56));
    }

    @Override
    public void setattr(
            long node,
            int valid,
            long fh,
            int mode,
            int uid,
            int gid,
            long size,
            long at,
            long mt) {
        ByteBuffer in =
                buffer(88)
                        .putInt(0, valid)
                        .putLong(8, fh)
                        .putLong(16, size)
                        .putLong(32, Math.floorDiv(at, Stat.NANOS))
                        .putLong(40, Math.floorDiv(mt, Stat.NANOS))
                        .putInt(56, (int) Math.floorMod(at, Stat.NANOS))
                        .putInt(60, (int) Math.floorMod(mt, Stat.NANOS))
                        .putInt(68, mode)
                        .putInt(76, uid)
                        .putInt(80, gid);
        fuse.raw(SETATTR, node, in.array(), ATTR_OUT_BYTES);
    }

    @Override
    public long mkdir(long parent, String name, int mode) {
        return fuse.mkdir(parent, name, mode).nodeId();
    }

    @Override
    public long mknod(long parent, String name, int mode) {
        return fuse.mknod(parent, name, mode, 0).nodeId();
    }

    @Override
    public long symlink(long parent, String name, String target) {
        return fuse.symlink(parent, name, target).nodeId();
    }

    @Override
    public long link(long node, long newParent, String newName) {
        return fuse.link(node, newParent, newName).nodeId();
    }

    @Override
    public String readlink(long node) {
        return fuse.readlink(node);
    }

    @Override
    public void unlink(long parent, String name) {
        fuse.unlink(parent, name);
    }

    @Override
    public void rmdir(long parent, String name) {
        fuse.rmdir(parent, name);
    }

    @Override
    public void rename(long parent, String name, long newParent, String newName, int flags) {
        fuse.rename(parent, name, newParent, newName, flags);
    }

    @Override
    public long open(long node, int flags) {
        return fuse.open(node, flags);
    }

    @Override
    public Opened create(long parent, String name, int flags, int mode) {
        FuseClient.Created made = fuse.create(parent, name, flags, Stat.S_IFREG | mode);
        return new Opened(made.node().nodeId(), made.fh());
    }

    @Override
    public byte[] read(Opened file, long offset, int count) {
        return fuse.read(file.node(), file.fh(), offset, count);
    }

    @Override
    public int write(Opened file, long offset, byte[] data) {
        return fuse.write(file.node(), file.fh(), offset, data);
    }

    @Override
    public void fsync(Opened file) {
        fuse.fsync(file.node(), file.fh());
    }

    @Override
    public void release(Opened file) {
        fuse.flush(file.node(), file.fh());
        fuse.release(file.node(), file.fh());
    }

    @Override
    public long lseek(Opened file, long offset, int whence) {
        return fuse.lseek(file.node(), file.fh(), offset, whence);
    }

    @Override
    public void fallocate(Opened file, int mode, long offset, long length) {
        fuse.fallocate(file.node(), file.fh(), offset, length, mode);
    }

    @Override
    public int copy(Opened from, long fromOffset, Opened to, long toOffset, int length) {
        return fuse.copyFileRange(
                from.node(), from.fh(), fromOffset, to.node(), to.fh(), toOffset, length);
    }

    @Override
    public List<String> list(long node) {
        List<String> found = new ArrayList<>();
        long fh = fuse.opendir(node);
        long offset = 0;
        List<FuseClient.DirEntry> part;
        while (!(part = fuse.readdir(node, fh, offset, READDIR_BYTES, false)).isEmpty()) {
            for (FuseClient.DirEntry entry : part) {
                if (!entry.name().equals(".") && !entry.name().equals("..")) {
                    found.add(entry.name() + ":" + entry.type());
                }
                offset = entry.offset();
            }
        }
        fuse.releasedir(node, fh);
        return found;
    }
}
