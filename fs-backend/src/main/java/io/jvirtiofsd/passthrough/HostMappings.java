package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.dax.DaxStatistics;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.WindowRange;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Maps files of the share in the DAX window, and decides which. Owned by the file system; borrows
 * the window.
 *
 * <p>A file is mapped read-write or not at all: front-ends refuse descriptors that cannot write,
 * and a guest that goes from reading to writing needs no other map then. <i>Thread-safe.</i>
 */
final class HostMappings {
    private static final Logger LOG = LoggerFactory.getLogger(HostMappings.class);
    private static final int R_OK_W_OK = 4 | 2; // unistd.h
    private static final int FD_MODE = Fcntl.O_RDWR | Fcntl.O_NOATIME;

    // statx(2) stx_attributes: what may not be written to at any place
    private static final long UNWRITABLE = 0x10 | 0x20; // STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND

    /**
     * File systems with one page cache for whoever maps a file. Others (network, FUSE, overlay,
     * whose lower files move when written) are served without.
     */
    private static final Set<Long> COHERENT =
            Set.of(
                    0xef53L, // ext2, ext3, ext4: linux/magic.h
                    0x58465342L, // xfs
                    0x9123683eL, // btrfs
                    0x01021994L, // tmpfs
                    0xf2f52010L, // f2fs
                    0xca451a4eL, // bcachefs
                    0x858458f6L); // ramfs

    private final HostDirectory share;
    private final DaxPolicy policy;
    private final Map<Long, Boolean> coherentDevices = new ConcurrentHashMap<>();
    private final Set<Integer> complained = ConcurrentHashMap.newKeySet();

    private volatile DaxMode mode = DaxMode.NEVER;

    HostMappings(HostDirectory share, DaxPolicy policy) {
        this.share = share;
        this.policy = policy;
    }

    /**
     * Whether to mark a file that the guest meets for the first time; for good, since the guest
     * does not change its mind either.
     *
     * @param path its O_PATH descriptor
     * @param statx its attributes
     */
    boolean wants(int path, NativeMemory statx) {
        return (statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFREG
                && statx.getLong(Statx.SIZE) >= policy.threshold()
                && (statx.getLong(Statx.ATTRIBUTES) & UNWRITABLE) == 0
                && !share.options().readOnly()
                && policy.window().isAttached()
                && isCoherent(path, Statx.device(statx))
                && share.syscalls()
                                .faccessat(
                                        path,
                                        Scratch.get().emptyPath(),
                                        R_OK_W_OK,
                                        Fcntl.AT_EMPTY_PATH | Fcntl.AT_EACCESS)
                        == 0;
    }

    private boolean isCoherent(int path, long device) {
        return coherentDevices.computeIfAbsent(
                device,
                unused -> {
                    NativeMemory statfs = Scratch.get().small();
                    return share.syscalls().fstatfs(path, statfs.address()) == 0
                            && COHERENT.contains(statfs.getLong(0));
                });
    }

    /** A session begins whose guest maps files by {@code mode}. */
    void begin(DaxMode mode) {
        this.mode = mode;
    }

    /** Whether the guest may map the file without asking again for its size. */
    boolean mayMap(Inode inode) {
        return switch (mode) {
            case NEVER -> false;
            case INODE -> inode.isMarked();
            case ALWAYS -> inode.isRegular();
        };
    }

    boolean isPossible() {
        return policy.window().isAttached();
    }

    /** What the window holds and has done, for people; empty while nobody has mapped anything. */
    String report() {
        DaxStatistics now = policy.window().statistics();
        return now.maps() == 0 ? "" : now.toString();
    }

    /** FUSE_SETUPMAPPING. */
    void setup(HostSession session, long nodeId, long fileOffset, WindowRange range)
            throws ErrnoException {
        if (!isPossible()) {
            throw ErrnoException.of(LinuxErrno.ENODEV);
        }
        Inode inode = session.inode(nodeId);
        if (!inode.isRegular()) {
            throw ErrnoException.of(LinuxErrno.EINVAL);
        }
        int result =
                policy.window()
                        .setup(
                                () -> open(session, inode),
                                fileOffset,
                                range.offset(),
                                range.length());
        if (result == -LinuxErrno.ENOMEM) {
            complain(LinuxErrno.ENOMEM, "the front-end has no room for more maps");
        }
        Failures.check(result);
    }

    private DaxFile open(HostSession session, Inode inode) throws ErrnoException {
        DaxWindow window = policy.window();
        int path = session.descriptors().of(inode); // so its number cannot be another file's
        DaxFile file = window.find(inode.id());
        if (file == null) {
            file = window.open(openForBoth(session, path, inode.device()), inode.id());
        }
        if (inode.isForgotten()) { // and who forgot it may have found no file to close
            forgotten(session, inode);
            throw ErrnoException.of(LinuxErrno.ESTALE);
        }
        return file;
    }

    /** Unmaps the file of an inode that the guest has forgotten, if it knows it by no other. */
    void forgotten(HostSession session, Inode inode) {
        FileId id = inode.id();
        policy.window().forget(id, () -> session.inodes().knows(id));
    }

    private Fd openForBoth(HostSession session, int path, long device) throws ErrnoException {
        if (share.options().readOnly()) {
            complain(LinuxErrno.EROFS, "the share is read-only");
            throw ErrnoException.of(LinuxErrno.EROFS);
        }
        if (!isCoherent(path, device)) {
            complain(LinuxErrno.ENODEV, "the file system has no page cache that can be shared");
            throw ErrnoException.of(LinuxErrno.ENODEV);
        }
        PathDescriptors descriptors = session.descriptors();
        int fd = descriptors.openingToStay(() -> share.reopen(path, FD_MODE));
        if (fd == -LinuxErrno.EPERM) { // only the owner may read without a trace
            fd = descriptors.openingToStay(() -> share.reopen(path, Fcntl.O_RDWR));
        }
        if (fd < 0) {
            complain(-fd, "it cannot be opened for reading and writing");
        }
        return Fd.own(share.syscalls(), Failures.check(fd));
    }

    /** Says once for each kind why a file is not mapped. */
    private void complain(int errno, String reason) {
        if (complained.add(errno)) {
            LOG.warn(
                    "a file that the guest wants to map cannot be: {} ({}); guests that mount with"
                            + " dax=inode are told beforehand where that can be known",
                    reason,
                    LinuxErrno.describe(errno));
        }
    }

    /** FUSE_REMOVEMAPPING: checks all ranges before the first is touched. */
    void remove(List<WindowRange> ranges) throws ErrnoException {
        DaxWindow window = policy.window();
        for (WindowRange range : ranges) {
            if (!window.contains(range.offset(), range.length())) {
                throw ErrnoException.of(LinuxErrno.EINVAL);
            }
        }
        int result = 0;
        for (WindowRange range : ranges) {
            int removed = window.remove(range.offset(), range.length());
            result = result == 0 ? removed : result;
        }
        Failures.check(result);
    }
}
