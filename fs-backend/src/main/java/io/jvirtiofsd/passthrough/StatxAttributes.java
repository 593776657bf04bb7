package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.passthrough.rules.IdMaps;

/**
 * The attributes that the thread's last statx(2) gave, owners as the guest knows them: a cursor
 * over its block of native memory. They die with the next statx(2) on the thread, whoever makes it;
 * reading them later is an {@link AssertionError} where assertions are on.
 *
 * <p>Inode numbers of other file systems than the share's own are mixed with their device number,
 * so that two objects of the share never show the same one. <i>Confined to its thread.</i>
 */
final class StatxAttributes implements FullAttributes {
    private static final String STALE = "attributes are read after another statx(2)";

    private final Scratch scratch;
    private final NativeMemory statx;
    private final CachePolicy policy;
    private final DaxMode mode;
    private final long rootDevice;
    private final IdMaps ids;
    private int flags;
    private long validNanos;
    private int stamp;

    /**
     * A cursor over the statx block of {@code scratch}.
     *
     * @param mode which files the guest may map
     */
    StatxAttributes(
            Scratch scratch, CachePolicy policy, DaxMode mode, long rootDevice, IdMaps ids) {
        this.scratch = scratch;
        this.statx = scratch.statx();
        this.policy = policy;
        this.mode = mode;
        this.rootDevice = rootDevice;
        this.ids = ids;
    }

    /**
     * Says whose attributes these are; to be called as soon as statx(2) has given them. They are
     * good until the thread's next statx(2).
     */
    StatxAttributes of(Inode inode) {
        stamp = scratch.statxStamp();
        validNanos = policy == CachePolicy.ALWAYS || !mayMap(inode) ? policy.validNanos() : 0;
        flags = inode.isMarked() ? ATTR_DAX : 0;
        long attributes = statx.getLong(Statx.ATTRIBUTES);
        if ((attributes & Statx.STATX_ATTR_MOUNT_ROOT) != 0
                && inode.isDirectory()
                && !inode.isPinned()) {
            flags |= ATTR_SUBMOUNT;
        }
        return this;
    }

    /** Whether statx(2) has not been called since; asserted by the fields that are read first. */
    private boolean isFresh() {
        return stamp == scratch.statxStamp();
    }

    /**
     * Whether the guest may map the file. A guest reads maps up to the size it knows, without a
     * request; so it may not keep the size, except under "always", where the host changes nothing.
     */
    private boolean mayMap(Inode inode) {
        return switch (mode) {
            case NEVER -> false;
            case INODE -> inode.isMarked();
            case ALWAYS -> inode.isRegular();
        };
    }

    @Override
    public long ino() {
        assert isFresh() : STALE;
        long ino = statx.getLong(Statx.INO);
        long device = Statx.device(statx);
        return device == rootDevice ? ino : ino ^ Long.rotateLeft(device, 17) ^ 1L << 62;
    }

    @Override
    public long size() {
        assert isFresh() : STALE;
        return statx.getLong(Statx.SIZE);
    }

    @Override
    public long blocks() {
        return statx.getLong(Statx.BLOCKS);
    }

    @Override
    public long atimeSeconds() {
        return statx.getLong(Statx.ATIME);
    }

    @Override
    public int atimeNanos() {
        return statx.getInt(Statx.ATIME + 8);
    }

    @Override
    public long mtimeSeconds() {
        return statx.getLong(Statx.MTIME);
    }

    @Override
    public int mtimeNanos() {
        return statx.getInt(Statx.MTIME + 8);
    }

    @Override
    public long ctimeSeconds() {
        return statx.getLong(Statx.CTIME);
    }

    @Override
    public int ctimeNanos() {
        return statx.getInt(Statx.CTIME + 8);
    }

    @Override
    public int mode() {
        assert isFresh() : STALE;
        return statx.getShort(Statx.MODE) & 0xffff;
    }

    @Override
    public int nlink() {
        return statx.getInt(Statx.NLINK);
    }

    @Override
    public int uid() {
        return ids.uids().toGuest(statx.getInt(Statx.UID));
    }

    @Override
    public int gid() {
        return ids.gids().toGuest(statx.getInt(Statx.GID));
    }

    @Override
    public int rdev() {
        int major = statx.getInt(Statx.RDEV_MAJOR);
        int minor = statx.getInt(Statx.RDEV_MINOR);
        return minor & 0xff | major << 8 | (minor & ~0xff) << 12; // linux/kdev_t.h new_encode_dev
    }

    @Override
    public int blksize() {
        return statx.getInt(Statx.BLKSIZE);
    }

    @Override
    public int flags() {
        return flags;
    }

    @Override
    public long validNanos() {
        return validNanos;
    }

    @Override
    public int mask() {
        return statx.getInt(Statx.MASK) & (Statx.STATX_BASIC_STATS | Statx.STATX_BTIME);
    }

    @Override
    public long attributes() {
        return statx.getLong(Statx.ATTRIBUTES);
    }

    @Override
    public long attributesMask() {
        return statx.getLong(Statx.ATTRIBUTES_MASK);
    }

    @Override
    public long btimeSeconds() {
        return statx.getLong(Statx.BTIME);
    }

    @Override
    public int btimeNanos() {
        return statx.getInt(Statx.BTIME + 8);
    }

    @Override
    public int rdevMajor() {
        return statx.getInt(Statx.RDEV_MAJOR);
    }

    @Override
    public int rdevMinor() {
        return statx.getInt(Statx.RDEV_MINOR);
    }

    @Override
    public int devMajor() {
        return statx.getInt(Statx.DEV_MAJOR);
    }

    @Override
    public int devMinor() {
        return statx.getInt(Statx.DEV_MINOR);
    }
}
