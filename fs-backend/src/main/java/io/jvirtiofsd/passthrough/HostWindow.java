package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The DAX window as the share uses it: which files may be mapped, and what must happen to those
 * that are. Without a window no file is. Owned by the file system; borrows the window.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostWindow {
    private static final Logger LOG = LoggerFactory.getLogger(HostMappings.class);
    private static final int R_OK_W_OK = 4 | 2; // unistd.h

    // statx(2) stx_attributes: what may not be written to at any place
    private static final long UNWRITABLE = 0x10 | 0x20; // STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND

    private final HostDirectory share;
    private final DaxWindow window; // null without DAX
    private final long threshold;
    private final Map<Long, Boolean> coherentDevices = new ConcurrentHashMap<>();
    private final Set<Integer> complained = ConcurrentHashMap.newKeySet();

    HostWindow(HostDirectory share, Optional<DaxPolicy> policy) {
        this.share = share;
        this.window = policy.map(DaxPolicy::window).orElse(null);
        this.threshold = policy.map(DaxPolicy::threshold).orElse(Long.MAX_VALUE);
    }

    /** Whether there is a window at all, which may come and go with the front-end. */
    boolean isPresent() {
        return window != null;
    }

    /** Whether files can be mapped just now. */
    boolean isAttached() {
        return window != null && window.isAttached();
    }

    /** The window, which must be present. */
    DaxWindow window() {
        return window;
    }

    /** What it holds and has done, for people; empty while nobody has mapped anything. */
    String report() {
        return window == null ? "" : window.report();
    }

    /** What keeps the maps of an inode's file right, or null while nothing of it is mapped. */
    DaxFile file(Inode inode) {
        boolean any = window != null && window.hasFiles();
        return any ? window.find(inode.id()) : null;
    }

    /** Before the guest learns a file's size: its maps must reach as far. */
    void follow(Inode inode, NativeMemory statx) {
        DaxFile dax = file(inode);
        if (dax != null) {
            long stamp =
                    statx.getLong(Statx.MTIME) * 1_000_000_000L + statx.getInt(Statx.MTIME + 8);
            dax.follow(statx.getLong(Statx.SIZE), stamp);
        }
    }

    /** Brings what the guest has stored into all files that are mapped. */
    void writeBack() {
        if (window != null) {
            window.writeBack();
        }
    }

    /** Opens a file for data as {@link HostDirectory#reopen} does, without waking the DAX guard. */
    int reopen(Inode inode, int path, int flags) {
        DaxFile dax = file(inode);
        return dax == null
                ? share.reopen(path, flags)
                : dax.reopen(path, way -> share.reopen(way, flags));
    }

    /**
     * Makes a change for the guest that may take bytes from a file or put others in their place:
     * its maps follow.
     *
     * @param size of the file afterwards, if that may be less than now
     */
    int change(Inode inode, long size, DaxWindow.Change<ErrnoException> change)
            throws ErrnoException {
        return window == null ? change.apply() : window.change(inode.id(), size, change);
    }

    /**
     * Whether to mark a file that the guest meets for the first time; for good, since the guest
     * does not change its mind either.
     *
     * @param path its O_PATH descriptor
     * @param statx its attributes
     */
    boolean wants(int path, NativeMemory statx) {
        return window != null
                && (statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFREG
                && statx.getLong(Statx.SIZE) >= threshold
                && (statx.getLong(Statx.ATTRIBUTES) & UNWRITABLE) == 0
                && !share.options().readOnly()
                && isAttached()
                && isCoherent(path, Statx.device(statx))
                && share.syscalls()
                                .faccessat(
                                        path,
                                        Scratch.get().emptyPath(),
                                        R_OK_W_OK,
                                        Fcntl.AT_EMPTY_PATH | Fcntl.AT_EACCESS)
                        == 0;
    }

    /** Whether the file system has one page cache for all programs that map a file. */
    boolean isCoherent(int path, long device) {
        return coherentDevices.computeIfAbsent(
                device, unused -> FileSystemType.of(share.syscalls(), path).hasOnePageCache());
    }

    /** Says once for each kind why a file is not mapped. */
    void complain(int errno, String reason) {
        if (complained.add(errno)) {
            LOG.warn(
                    "a file that the guest wants to map cannot be: {} ({}); guests that mount with"
                            + " dax=inode are told beforehand where that can be known",
                    reason,
                    LinuxErrno.describe(errno));
        }
    }
}
