package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The shared directory, and what is asked of the host by descriptors alone. Owned by the file
 * system.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostDirectory implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PassthroughFileSystem.class);

    /** What a lookup asks statx(2) for. */
    static final int LOOKUP_MASK = Statx.STATX_BASIC_STATS | Statx.STATX_BTIME | Statx.STATX_MNT_ID;

    /** The directory itself, then as many steps up from it as fit in a path: "./../..". */
    private static final String UP = "." + "/..".repeat(1360);

    private final Syscalls syscalls;
    private final PassthroughOptions options;
    private final Fd root;
    private final Fd proc;
    private final long rootDevice;
    private final long rootIno;
    private final long rootMountId;
    private final int rootType;
    private final boolean listsByNode;
    private final Mount mount;

    private HostDirectory(Syscalls syscalls, PassthroughOptions options, Fd root, Fd proc)
            throws LinuxException {
        this.syscalls = syscalls;
        this.options = options;
        this.root = root;
        this.proc = proc;
        NativeMemory statx = Scratch.get().statx();
        LinuxException.check(statx(root.number(), LOOKUP_MASK), "statx of the shared directory");
        this.rootDevice = Statx.device(statx);
        this.rootIno = statx.getLong(Statx.INO);
        this.rootMountId = Statx.mountId(statx);
        this.rootType = statx.getShort(Statx.MODE) & Statx.S_IFMT;
        FileSystemType type = FileSystemType.of(syscalls, root.number());
        this.listsByNode = options.cache().policy().keepsListings() && type.hasLastingPositions();
        if (syscalls.geteuid() != 0) {
            LOG.info("not root: guests' files are made by user {}", syscalls.geteuid());
        }
        this.mount = new Mount(rootMountId, type, opensHandles(type) ? root : null);
    }

    /** Whether the host lets this process open by handle here, and that is wanted. */
    private boolean opensHandles(FileSystemType type) throws LinuxException {
        HandleMode wanted = options.inodeFileHandles();
        if (wanted == HandleMode.NEVER) {
            return false;
        }
        FileHandle handle = wantsHandles(type) ? FileHandle.of(syscalls, root.number()) : null;
        int fd = handle == null ? -Errno.EOPNOTSUPP : handle.open(syscalls, root.number());
        if (fd >= 0) {
            syscalls.close(fd);
            return true;
        }
        if (wanted == HandleMode.MANDATORY) {
            LinuxException.check(fd, "cannot open the shared directory by file handle");
        }
        LOG.info("no file handles here: each inode the guest knows keeps a descriptor");
        return false;
    }

    /** Whether file handles are to be tried on such a file system. */
    boolean wantsHandles(FileSystemType type) {
        HandleMode wanted = options.inodeFileHandles();
        return wanted == HandleMode.MANDATORY
                || wanted == HandleMode.PREFER && type.hasLastingHandles();
    }

    /** Opens the directory; the exception's message is one sentence for people. */
    static HostDirectory open(Syscalls syscalls, Path directory, PassthroughOptions options)
            throws IOException {
        try (Parts parts = new Parts()) {
            Fd root = parts.add(open(syscalls, directory.toString(), "cannot share " + directory));
            Fd proc = parts.add(open(syscalls, "/proc/self/fd", "cannot use /proc/self/fd"));
            HostDirectory share = new HostDirectory(syscalls, options, root, proc);
            parts.complete();
            return share;
        }
    }

    private static Fd open(Syscalls syscalls, String path, String failure) throws LinuxException {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > Scratch.MOST_PATH_BYTES) {
            throw new LinuxException(failure, Errno.ENAMETOOLONG);
        }
        int fd =
                syscalls.openat(
                        Fcntl.AT_FDCWD,
                        Scratch.get().path(bytes, 0, bytes.length),
                        Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC,
                        0);
        return Fd.own(syscalls, LinuxException.check(fd, failure));
    }

    /** A descriptor of the directory, borrowed. */
    int root() {
        return root.number();
    }

    Syscalls syscalls() {
        return syscalls;
    }

    PassthroughOptions options() {
        return options;
    }

    long rootDevice() {
        return rootDevice;
    }

    long rootIno() {
        return rootIno;
    }

    long rootMountId() {
        return rootMountId;
    }

    /** The mount that the shared directory is on. */
    Mount mount() {
        return mount;
    }

    int rootType() {
        return rootType;
    }

    /** Opens the shared directory once more, by path only; given. */
    Fd newRootPath() throws ErrnoException {
        byte[] self = {'.'};
        return Fd.own(
                syscalls,
                ErrnoException.check(
                        syscalls.openat(
                                root.number(),
                                Scratch.get().path(self, 0, 1),
                                Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC,
                                0)));
    }

    /** statx(2) of a descriptor into the thread's block; 0 or a negated errno. */
    int statx(int fd) {
        return statx(fd, Statx.STATX_BASIC_STATS);
    }

    /**
     * statx(2) of a descriptor into the thread's block.
     *
     * @param mask what is asked for, STATX_ bits
     * @return 0 or a negated errno
     */
    int statx(int fd, int mask) {
        Scratch scratch = Scratch.get();
        return syscalls.statx(
                fd, scratch.emptyPath(), Fcntl.AT_EMPTY_PATH, mask, scratch.statx().address());
    }

    /** Whether a directory is the shared one or in it; overwrites the small block. */
    boolean contains(int directory) {
        byte[] up = UP.getBytes(StandardCharsets.US_ASCII);
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.small();
        long device = -1;
        long ino = -1;
        long mountId = -1;
        // ".", "./..", "./../..": one step up at a time, as far as the shared directory or the
        // host's
        // root, whose parent is itself.
        for (int length = 1; length < up.length; length += 3) {
            int result =
                    syscalls.statx(
                            directory,
                            scratch.path(up, 0, length),
                            Fcntl.AT_NO_AUTOMOUNT,
                            LOOKUP_MASK,
                            statx.address());
            boolean atTop =
                    Statx.device(statx) == device
                            && statx.getLong(Statx.INO) == ino
                            && Statx.mountId(statx) == mountId;
            if (result < 0 || length > 1 && atTop) {
                return false;
            }
            device = Statx.device(statx);
            ino = statx.getLong(Statx.INO);
            mountId = Statx.mountId(statx);
            if (device == rootDevice && ino == rootIno && mountId == rootMountId) {
                return true;
            }
        }
        return false;
    }

    /** Whether what {@code fd} refers to has no name left; overwrites the small block. */
    boolean isNameless(int fd) {
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.small();
        int result =
                syscalls.statx(
                        fd,
                        scratch.emptyPath(),
                        Fcntl.AT_EMPTY_PATH,
                        Statx.STATX_NLINK,
                        statx.address());
        return result == 0 && statx.getInt(Statx.NLINK) == 0;
    }

    /**
     * Opens what the O_PATH descriptor {@code path} refers to for data. It must be a regular file
     * or a directory: opening others could block, or reach a device.
     *
     * @return a descriptor, or a negated errno
     */
    int reopen(int path, int flags) {
        int all = flags | Fcntl.O_CLOEXEC | Fcntl.O_NOCTTY | Fcntl.O_NONBLOCK;
        return syscalls.openat(proc.number(), Scratch.get().decimal(path), all, 0);
    }

    /** Opens what {@code fd} refers to by path only; a descriptor, or a negated errno. */
    int openPath(int fd) {
        return syscalls.openat(
                proc.number(), Scratch.get().decimal(fd), Fcntl.O_PATH | Fcntl.O_CLOEXEC, 0);
    }

    /**
     * Opens an object in the share by its path only. Nothing is followed: a symbolic link gives the
     * link, and is no directory to go through.
     *
     * @param path relative to the shared directory, which is the empty one
     * @return an O_PATH descriptor, or a negated errno
     */
    int openBeneath(byte[] path) {
        if (path.length == 0) {
            return openPath(root.number());
        }
        if (path.length >= Scratch.MOST_PATH_BYTES) {
            return -Errno.ENAMETOOLONG;
        }
        NativeMemory how = Scratch.get().small(); // struct open_how: flags@0 mode@8 resolve@16
        how.putLong(0, Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC);
        how.putLong(8, 0);
        how.putLong(
                16,
                Fcntl.RESOLVE_BENEATH | Fcntl.RESOLVE_NO_SYMLINKS | Fcntl.RESOLVE_NO_MAGICLINKS);
        return syscalls.openat2(
                root.number(), Scratch.get().path(path, 0, path.length), how.address(), 24);
    }

    /**
     * statx(2), into the thread's block, of what has this path in the share; 0 or a negated errno.
     * The last name is not followed.
     */
    int statxBeneath(byte[] path) {
        if (path.length >= Scratch.MOST_PATH_BYTES) {
            return -Errno.ENAMETOOLONG;
        }
        return syscalls.statx(
                root.number(),
                Scratch.get().path(path, 0, path.length),
                Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT | Fcntl.AT_EMPTY_PATH,
                LOOKUP_MASK,
                Scratch.get().statx().address());
    }

    /**
     * The path of what {@code fd} refers to, as far as the kernel knows: it may be known by no
     * name, or by one of long ago. Overwrites the large block.
     *
     * @return absolute; null if the kernel does not tell
     */
    byte[] linkOf(int fd) {
        NativeMemory target = Scratch.get().large();
        long length =
                syscalls.readlinkat(
                        proc.number(), Scratch.get().decimal(fd), target.address(), target.size());
        if (length < 1 || target.getByte(0) != '/') {
            return null;
        }
        byte[] bytes = new byte[(int) length];
        target.get(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** The descriptor of /proc/self/fd, for calls that take a path but no descriptor. */
    int procFd() {
        return proc.number();
    }

    /**
     * Whether directories can be listed that nobody has opened: positions must mean the same in
     * whatever descriptor, and a guest that opens none keeps lists.
     */
    boolean listsByNode() {
        return listsByNode;
    }

    /**
     * Refuses a change of a share that is read-only.
     *
     * @throws ErrnoException EROFS
     */
    void refuseIfReadOnly() throws ErrnoException {
        if (options.readOnly()) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    @Override
    public void close() {
        root.close();
        proc.close();
    }
}
