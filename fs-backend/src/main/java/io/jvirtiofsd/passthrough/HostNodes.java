package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Statfs;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.IdMap;
import io.jvirtiofsd.passthrough.rules.IdMaps;

/**
 * Operations on attributes, and what else is asked of a node, of one session.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostNodes implements NodeOperations {
    private static final int KEEP = -1;
    private static final int UTIME_NOW = 0x3fffffff; // linux/stat.h
    private static final int UTIME_OMIT = 0x3ffffffe; // linux/stat.h
    private static final int MAX_NANOS = 999_999_999;
    private static final int MAX_TARGET_BYTES = 4096; // PATH_MAX
    private static final int PERMISSION_BITS = 07777;

    private final HostDirectory share;
    private final HostSession session;
    private final HostWindow window;
    private final Credentials credentials;
    private final FileCapability capability;
    private final Syscalls syscalls;

    HostNodes(
            HostDirectory share,
            HostSession session,
            HostWindow window,
            Credentials credentials,
            FileCapability capability) {
        this.share = share;
        this.session = session;
        this.window = window;
        this.credentials = credentials;
        this.capability = capability;
        this.syscalls = share.syscalls();
    }

    @Override
    public Attributes getattr(long nodeId, boolean hasHandle, long fh) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        int fd =
                hasHandle
                        ? session.handle(nodeId, fh).fd().number()
                        : session.descriptors().of(inode);
        return attributes(inode, fd);
    }

    @Override
    public FullAttributes statx(long nodeId, boolean hasHandle, long fh, int mask)
            throws ErrnoException {
        Inode inode = session.inode(nodeId);
        int fd =
                hasHandle
                        ? session.handle(nodeId, fh).fd().number()
                        : session.descriptors().of(inode);
        return attributes(inode, fd, mask & Statx.STATX_BTIME | Statx.STATX_BASIC_STATS);
    }

    private Attributes attributes(Inode inode, int fd) throws ErrnoException {
        return attributes(inode, fd, Statx.STATX_BASIC_STATS);
    }

    /**
     * Attributes of {@code inode}, open as {@code fd}, after its maps have been written back. They
     * are good until the thread's next statx(2).
     */
    private StatxAttributes attributes(Inode inode, int fd, int mask) throws ErrnoException {
        DaxFile dax = window.file(inode);
        if (dax != null) {
            dax.writeBack();
        }
        ErrnoException.check(share.statx(fd, mask));
        StatxAttributes attributes = session.cursor().attributes().of(inode);
        window.follow(inode, Scratch.get().statx());
        return attributes;
    }

    /**
     * Changes mode, owner, size and times, in this order: the times come last, since a change of
     * the size changes them.
     */
    @Override
    public Attributes setattr(long nodeId, AttributeChange change) throws ErrnoException {
        share.refuseIfReadOnly();
        Inode inode = session.inode(nodeId);
        if (change.has(AttributeChange.FATTR_SIZE)
                && !inode.isRegular()) { // before anything changes
            throw ErrnoException.of(inode.isDirectory() ? Errno.EISDIR : Errno.EINVAL);
        }
        IdMaps ids = share.options().ids();
        int uid = change.has(AttributeChange.FATTR_UID) ? hostId(ids.uids(), change.uid()) : KEEP;
        int gid = change.has(AttributeChange.FATTR_GID) ? hostId(ids.gids(), change.gid()) : KEEP;
        int path = session.descriptors().of(inode);
        DaxFile dax = window.file(inode);
        if (dax != null) {
            dax.writeBack(); // or it would undo the times that are set
        }
        if (change.has(AttributeChange.FATTR_MODE)) {
            chmod(inode, path, change.mode());
        }
        if (change.has(AttributeChange.FATTR_UID) || change.has(AttributeChange.FATTR_GID)) {
            if (inode.isRegular()) {
                capability.drop(path);
            }
            ErrnoException.check(
                    syscalls.fchownat(
                            path, Scratch.get().emptyPath(), uid, gid, Fcntl.AT_EMPTY_PATH));
        }
        if (change.has(AttributeChange.FATTR_SIZE)) {
            capability.drop(path);
            resize(inode, path, change);
        }
        if ((change.valid() & (AttributeChange.FATTR_ATIME | AttributeChange.FATTR_MTIME)) != 0) {
            NativeMemory times = Scratch.get().small();
            putTime(
                    times,
                    0,
                    change.has(AttributeChange.FATTR_ATIME),
                    change.has(AttributeChange.FATTR_ATIME_NOW),
                    change.atime(),
                    change.atimensec());
            putTime(
                    times,
                    16,
                    change.has(AttributeChange.FATTR_MTIME),
                    change.has(AttributeChange.FATTR_MTIME_NOW),
                    change.mtime(),
                    change.mtimensec());
            ErrnoException.check(
                    syscalls.utimensat(
                            path, Scratch.get().emptyPath(), times.address(), Fcntl.AT_EMPTY_PATH));
        }
        Attributes attributes = attributes(inode, path);
        boolean byName = !change.has(AttributeChange.FATTR_FH);
        if (byName && attributes.nlink() == 0 && !inode.mayBeNameless()) {
            throw ErrnoException.of(Errno.ESTALE); // what has its name now is changed then
        }
        return attributes;
    }

    private static int hostId(IdMap map, int id) throws ErrnoException {
        return id == KEEP ? KEEP : map.toHost(id);
    }

    private void chmod(Inode inode, int path, int mode) throws ErrnoException {
        if (inode.isSymlink()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        ErrnoException.check(
                syscalls.fchmodat(
                        share.procFd(), Scratch.get().decimal(path), mode & PERMISSION_BITS));
    }

    private void resize(Inode inode, int path, AttributeChange change) throws ErrnoException {
        if (change.has(AttributeChange.FATTR_FH)) {
            truncate(inode, session.file(inode.nodeId(), change.fh()).fd().number(), change);
        } else {
            int fd =
                    ErrnoException.check(
                            session.descriptors()
                                    .opening(() -> window.reopen(inode, path, Fcntl.O_WRONLY)));
            try {
                truncate(inode, fd, change);
            } finally {
                syscalls.close(fd);
            }
        }
    }

    private void truncate(Inode inode, int fd, AttributeChange change) throws ErrnoException {
        boolean killing = change.has(AttributeChange.FATTR_KILL_SUIDGID);
        Credentials.Call call = () -> syscalls.ftruncate(fd, change.size());
        ErrnoException.check(
                window.change(
                        inode, change.size(), () -> credentials.clearingSuid(killing, fd, call)));
    }

    private static void putTime(
            NativeMemory times, int at, boolean set, boolean now, long seconds, int nanos)
            throws ErrnoException {
        if (set && !now && (nanos < 0 || nanos > MAX_NANOS)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        times.putLong(at, seconds);
        times.putLong(at + 8, !set ? UTIME_OMIT : now ? UTIME_NOW : nanos);
    }

    @Override
    public byte[] readlink(long nodeId) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        if (!inode.isSymlink()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int path = session.descriptors().of(inode);
        session.requireName(inode, path);
        NativeMemory block = Scratch.get().directory();
        long length =
                ErrnoException.check(
                        syscalls.readlinkat(
                                path,
                                Scratch.get().emptyPath(),
                                block.address(),
                                MAX_TARGET_BYTES));
        byte[] target = new byte[(int) length];
        block.get(0, target, 0, target.length);
        return target;
    }

    @Override
    public Statfs statfs(long nodeId) throws ErrnoException {
        NativeMemory statfs = Scratch.get().small(); // struct statfs, 8-byte words
        ErrnoException.check(syscalls.fstatfs(session.path(nodeId), statfs.address()));
        return new Statfs(
                statfs.getLong(16),
                statfs.getLong(24),
                statfs.getLong(32),
                statfs.getLong(40),
                statfs.getLong(48),
                (int) statfs.getLong(8),
                (int) statfs.getLong(64),
                (int) statfs.getLong(72));
    }

    /** Checks by mode bits, as the guest's own kernel does under default_permissions. */
    @Override
    public void access(Caller caller, long nodeId, int mask) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        Attributes attributes = attributes(inode, session.descriptors().of(inode));
        if ((mask & 2) != 0) {
            share.refuseIfReadOnly();
        }
        int mode = attributes.mode();
        boolean directory = (mode & Statx.S_IFMT) == Statx.S_IFDIR;
        int allowed;
        if (caller.uid() == 0) {
            allowed = directory || (mode & 0111) != 0 ? 7 : 6;
        } else if (caller.uid() == attributes.uid()) {
            allowed = mode >> 6;
        } else if (caller.gid() == attributes.gid()) {
            allowed = mode >> 3;
        } else {
            allowed = mode;
        }
        if ((mask & 7 & ~allowed) != 0) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }
}
