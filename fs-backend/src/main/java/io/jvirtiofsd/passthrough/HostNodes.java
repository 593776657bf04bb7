package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NameOperations;
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
 * Operations on names and attributes, of one session.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostNodes implements NodeOperations, NameOperations {
    private static final int RENAME_FLAGS = 1 | 2 | 4; // NOREPLACE, EXCHANGE, WHITEOUT
    private static final int KEEP = -1;
    private static final int UTIME_NOW = 0x3fffffff; // linux/stat.h
    private static final int UTIME_OMIT = 0x3ffffffe; // linux/stat.h
    private static final int MAX_NANOS = 999_999_999;
    private static final int MAX_TARGET_BYTES = 4096; // PATH_MAX
    private static final int PERMISSION_BITS = 07777;

    private final HostDirectory share;
    private final HostSession session;
    private final Lookups lookups;
    private final HostWindow window;
    private final Credentials credentials;
    private final Umask umask;
    private final FileCapability capability;
    private final HostXattrs xattrs;
    private final Syscalls syscalls;

    HostNodes(
            HostDirectory share,
            HostSession session,
            Lookups lookups,
            HostWindow window,
            Credentials credentials,
            Umask umask,
            FileCapability capability,
            HostXattrs xattrs) {
        this.share = share;
        this.session = session;
        this.lookups = lookups;
        this.window = window;
        this.credentials = credentials;
        this.umask = umask;
        this.capability = capability;
        this.xattrs = xattrs;
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

    /** What statx(2) says of {@code inode}, open as {@code fd}, and its maps show. */
    private StatxAttributes attributes(Inode inode, int fd, int mask) throws ErrnoException {
        DaxFile dax = window.file(inode);
        if (dax != null) {
            dax.writeBack();
        }
        Failures.check(share.statx(fd, mask));
        lookups.follow(inode, Scratch.get().statx());
        return session.cursor().attributes().of(inode);
    }

    /** Changes mode, owner, size and times in this order: each may change what follows. */
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
            Failures.check(
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
            Failures.check(
                    syscalls.utimensat(
                            path, Scratch.get().emptyPath(), times.address(), Fcntl.AT_EMPTY_PATH));
        }
        if (!change.has(AttributeChange.FATTR_FH)) {
            session.requireName(inode, path); // what has its name now is changed then
        }
        return attributes(inode, path);
    }

    private static int hostId(IdMap map, int id) throws ErrnoException {
        return id == KEEP ? KEEP : map.toHost(id);
    }

    private void chmod(Inode inode, int path, int mode) throws ErrnoException {
        if (inode.isSymlink()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        Failures.check(
                syscalls.fchmodat(
                        share.procFd(), Scratch.get().decimal(path), mode & PERMISSION_BITS));
    }

    private void resize(Inode inode, int path, AttributeChange change) throws ErrnoException {
        if (change.has(AttributeChange.FATTR_FH)) {
            truncate(inode, session.file(inode.nodeId(), change.fh()).fd().number(), change);
        } else {
            int fd =
                    Failures.check(
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
        Failures.check(
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
                Failures.check(
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
    public Entry symlink(Caller caller, long parent, Name name, Name target) throws ErrnoException {
        int directory = session.directory(parent);
        Credentials.Call creating =
                () -> {
                    long to = Scratch.get().path2(target.array(), target.offset(), target.length());
                    return syscalls.symlinkat(to, directory, EntryCursor.path(name));
                };
        return made(caller, parent, directory, name, creating, 0);
    }

    @Override
    public Entry mknod(Caller caller, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        int directory = session.directory(parent);
        long device = rdev & 0xffffffffL;
        Credentials.Call creating =
                () -> syscalls.mknodat(directory, EntryCursor.path(name), mode, device);
        return made(caller, parent, directory, name, masked(umask, creating), 0);
    }

    @Override
    public Entry mkdir(Caller caller, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        int directory = session.directory(parent);
        int permissions = mode & PERMISSION_BITS;
        Credentials.Call creating =
                () -> syscalls.mkdirat(directory, EntryCursor.path(name), permissions);
        return made(caller, parent, directory, name, masked(umask, creating), Fcntl.AT_REMOVEDIR);
    }

    private Credentials.Call masked(int umask, Credentials.Call creating) {
        return () -> this.umask.during(umask, creating);
    }

    /** {@code removal} are the flags of unlinkat(2) that would take it back. */
    private Entry made(
            Caller caller,
            long parent,
            int directory,
            Name name,
            Credentials.Call creating,
            int removal)
            throws ErrnoException {
        share.refuseIfReadOnly();
        session.requireRoom();
        session.checkByName(parent, directory, credentials.create(caller, creating));
        if (!caller.securityContexts().isEmpty()) {
            label(caller, directory, name, removal);
        }
        return lookups.lookupMade(directory, name);
    }

    /** What cannot get its label must not stay. */
    private void label(Caller caller, int directory, Name name, int removal) throws ErrnoException {
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () -> syscalls.openat(directory, EntryCursor.path(name), flags, 0);
        int fd = session.descriptors().opening(call);
        int result = fd;
        if (fd >= 0) {
            result = xattrs.label(fd, caller);
            syscalls.close(fd);
        }
        if (result < 0) {
            syscalls.unlinkat(directory, EntryCursor.path(name), removal);
            throw ErrnoException.of(-result);
        }
    }

    @Override
    public Entry lookup(long parent, Name name) throws ErrnoException {
        int directory = session.directory(parent);
        Entry entry = lookups.lookup(directory, name);
        if (entry.nodeId() == 0) {
            session.requireName(session.inode(parent), directory);
        }
        return entry;
    }

    @Override
    public Entry find(long nodeId) throws ErrnoException {
        return lookups.find(nodeId);
    }

    @Override
    public Entry parent(long nodeId) throws ErrnoException {
        return lookups.parent(nodeId);
    }

    @Override
    public void unlink(long parent, Name name) throws ErrnoException {
        remove(parent, name, 0);
    }

    @Override
    public void rmdir(long parent, Name name) throws ErrnoException {
        remove(parent, name, Fcntl.AT_REMOVEDIR);
    }

    private void remove(long parent, Name name, int flags) throws ErrnoException {
        share.refuseIfReadOnly();
        int directory = session.directory(parent);
        Inode last = lookups.lastNamed(directory, name);
        int result = syscalls.unlinkat(directory, EntryCursor.path(name), flags);
        session.checkByName(parent, directory, result);
        if (last != null) {
            last.allowNameless();
        }
    }

    @Override
    public void rename(long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        if ((flags & ~RENAME_FLAGS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        share.refuseIfReadOnly();
        int from = session.directory(parent);
        int to = session.directory(newParent);
        Inode last = flags == 0 ? lookups.lastNamed(to, newName) : null;
        long newPath = Scratch.get().path2(newName.array(), newName.offset(), newName.length());
        int result = syscalls.renameat2(from, EntryCursor.path(name), to, newPath, flags);
        if (result == -Errno.ENOENT) {
            session.requireName(session.inode(parent), from);
        }
        session.checkByName(newParent, to, result);
        if (last != null) {
            last.allowNameless();
        }
    }

    @Override
    public Entry link(long nodeId, long newParent, Name newName) throws ErrnoException {
        share.refuseIfReadOnly();
        Inode inode = session.inode(nodeId);
        int path = session.descriptors().of(inode);
        int directory = session.directory(newParent);
        long newPath = Scratch.get().path2(newName.array(), newName.offset(), newName.length());
        int result =
                syscalls.linkat(
                        share.procFd(),
                        Scratch.get().decimal(path),
                        directory,
                        newPath,
                        Fcntl.AT_SYMLINK_FOLLOW);
        if (result == -Errno.ENOENT) { // as linkat(2) says of an object without a name, too
            session.requireName(inode, path);
        }
        session.checkByName(newParent, directory, result);
        return lookups.again(inode, path);
    }

    @Override
    public Statfs statfs(long nodeId) throws ErrnoException {
        NativeMemory statfs = Scratch.get().small(); // struct statfs, 8-byte words
        Failures.check(syscalls.fstatfs(session.path(nodeId), statfs.address()));
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
