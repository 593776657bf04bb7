package io.jvirtiofsd.passthrough;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Keeps the number of O_PATH descriptors of inodes bounded: beyond it the least used are closed,
 * and opened again by file handle when they are needed. Owned by the session.
 *
 * <p>An inode that cannot be reopened keeps its descriptor. <i>Thread-safe.</i>
 */
final class PathDescriptors {
    private final Syscalls syscalls;
    private final Reclaimer reclaimer;
    private final int mountFd;
    private final long mountDevice;
    private final long mountId;
    private final Cache<Inode, Boolean> open;

    /**
     * @param mountFd a readable descriptor, borrowed, on the file system that handles are for
     * @param mountDevice that file system's device number
     * @param mountId the mount it is reached through; only what is of both can be reopened by it
     */
    PathDescriptors(
            Syscalls syscalls,
            Reclaimer reclaimer,
            int mountFd,
            long mountDevice,
            long mountId,
            int limit) {
        this.syscalls = syscalls;
        this.reclaimer = reclaimer;
        this.mountFd = mountFd;
        this.mountDevice = mountDevice;
        this.mountId = mountId;
        this.open =
                Caffeine.newBuilder()
                        .maximumSize(limit)
                        .executor(Runnable::run)
                        .removalListener(this::removed)
                        .build();
    }

    /** Notes that {@code inode} has a descriptor now. */
    void opened(Inode inode) {
        boolean sameMount = inode.device() == mountDevice && inode.mountId() == mountId;
        if (sameMount && !inode.isPinned()) {
            open.put(inode, Boolean.TRUE);
        }
    }

    /** The inode's descriptor, borrowed for the request; opens it again if it was closed. */
    int of(Inode inode) throws ErrnoException {
        Fd path = inode.path();
        return path != null ? path.number() : reopen(inode);
    }

    private int reopen(Inode inode) throws ErrnoException {
        FileHandle handle = inode.handle();
        if (handle == null) {
            throw ErrnoException.of(Errno.ESTALE); // forgotten while this request was running
        }
        Fd fresh = Fd.own(syscalls, Failures.check(handle.open(syscalls, mountFd)));
        if (inode.offerPath(fresh)) {
            opened(inode);
            if (inode.isForgotten()) {
                closed(inode); // whoever forgot it may have found no descriptor to close
            }
        } else {
            reclaimer.retire(fresh); // another thread was faster; either one will do for now
        }
        return fresh.number();
    }

    /** Whether the object still exists, where only its handle is known. */
    boolean exists(Inode inode) {
        try {
            of(inode);
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    /** Closes the descriptor of an inode that has been forgotten. */
    void closed(Inode inode) {
        open.invalidate(inode);
        Fd path = inode.takePath();
        if (path != null) {
            reclaimer.retire(path);
        }
    }

    private void removed(Inode inode, Boolean present, RemovalCause cause) {
        Fd path = inode.path();
        if (!cause.wasEvicted() || path == null) {
            return;
        }
        if (inode.handle() == null) {
            inode.setHandle(FileHandle.of(syscalls, path.number()));
        }
        if (inode.handle() != null) {
            Fd taken = inode.takePath();
            if (taken != null) {
                reclaimer.retire(taken);
            }
        }
    }
}
