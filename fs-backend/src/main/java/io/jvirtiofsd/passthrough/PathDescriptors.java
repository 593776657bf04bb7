package io.jvirtiofsd.passthrough;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.RemovalCause;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;

/**
 * Keeps the number of O_PATH descriptors of inodes bounded: beyond it the least used are closed,
 * and opened again by file handle when they are needed. Owned by the session.
 *
 * <p>An inode that cannot be reopened keeps its descriptor. That of a regular file is closed when
 * no request has used it for a second or two: as long as it is open, the host gets nothing back of
 * the space of a file that it has removed. <i>Thread-safe.</i>
 */
final class PathDescriptors {
    private static final int MAX_TRIES = 20;
    private static final int TRIES_TO_STAY = 5;
    private static final int EVICTED_AT_ONCE = 64;
    private static final long PAUSE_NANOS = 1_000_000;

    /**
     * Descriptors that no guest gets: the DAX guard could not answer other programs without one.
     */
    private static final int RESERVED = 64;

    private final Syscalls syscalls;
    private final Reclaimer reclaimer;
    private final int root; // any descriptor that stays open
    private final boolean mandatory;
    private final SpareDescriptors spares;
    private final Cache<Inode, Boolean> open;
    private final DescriptorAgeing ageing;

    /** The first number that is reserved: the kernel gives the lowest there is. */
    private final int ceiling;

    /**
     * Whether a number from {@link #ceiling} up was given out when last looked at. Then each
     * opening is preceded by a look at the number that the kernel would give next.
     */
    private volatile boolean crowded;

    /** A system call that gives a descriptor or a negated errno, and may be made again. */
    @FunctionalInterface
    interface Opening {
        int run() throws ErrnoException;
    }

    PathDescriptors(HostDirectory share, Reclaimer reclaimer, SpareDescriptors spares) {
        this.syscalls = share.syscalls();
        this.reclaimer = reclaimer;
        this.root = share.root();
        this.mandatory = share.options().inodeFileHandles() == HandleMode.MANDATORY;
        this.spares = spares;
        int limit = OpenFileLimit.now(syscalls);
        this.ceiling = limit - Math.min(RESERVED, limit / 8);
        this.open =
                Caffeine.newBuilder()
                        .maximumSize(mandatory ? 0 : share.options().maxDescriptors())
                        .executor(Runnable::run)
                        .removalListener(this::removed)
                        .build();
        this.ageing = new DescriptorAgeing(reclaimer, this::closeUnused);
    }

    /**
     * Opens a descriptor. If the process, or the host, has as many as it may have, the least used
     * ones of inodes are closed for it.
     *
     * @return the result of {@code call}
     */
    int opening(Opening call) throws ErrnoException {
        return opening(call, false);
    }

    /**
     * Opens a descriptor that stays open as long as the guest likes, as {@link #opening(Opening)}.
     * It is refused if that would leave too few for the requests of a guest that has everything
     * open.
     *
     * @return the result of {@code call}
     */
    int openingToStay(Opening call) throws ErrnoException {
        return opening(call, true);
    }

    /**
     * Makes {@code call}, and makes room for it as long as there is none:
     *
     * <pre>
     *  first                     evict descriptors of inodes, which close when this request has ended
     *  enough were evicted, or
     *  the new one closes soon   close a spare one, and try again at once; none left: pause
     *  else                      pause, for other requests to end; refuse after a few tries
     * </pre>
     */
    private int opening(Opening call, boolean staying) throws ErrnoException {
        spares.refill();
        int result = run(call);
        for (int tries = 0; isFull(result) && tries < MAX_TRIES; tries++) {
            // What is evicted stays open until this request has ended, a spare one does not.
            int evicted = evict();
            // One of those may be the object's own, opened for this request in a spare one's place.
            boolean scarce = evicted <= 1 + spares.missing();
            if (staying && scarce && tries >= TRIES_TO_STAY) {
                return result;
            }
            if (staying && scarce || !spares.release()) {
                LockSupport.parkNanos(PAUSE_NANOS); // other requests end meanwhile
            }
            result = run(call);
        }
        return result;
    }

    private int run(Opening call) throws ErrnoException {
        if (crowded && isCrowded()) {
            return -Errno.EMFILE;
        }
        int result = call.run();
        if (result >= ceiling) {
            crowded = true; // and no one after this
        }
        return result;
    }

    private boolean isCrowded() {
        // The kernel gives the lowest number there is, so a duplicate shows which one would be
        // next.
        int next = syscalls.dup(root);
        if (next >= 0) {
            syscalls.close(next);
        }
        crowded = next < 0 || next >= ceiling;
        return crowded;
    }

    private static boolean isFull(int result) {
        return result == -Errno.EMFILE || result == -Errno.ENFILE;
    }

    /** Lets go of the inodes' least used descriptors; how many will be closed. */
    private int evict() {
        int closed = 0;
        Set<Inode> coldest =
                open.policy().eviction().orElseThrow().coldest(EVICTED_AT_ONCE).keySet();
        for (Inode inode : coldest) {
            open.invalidate(inode);
            closed += closeIfReopenable(inode) ? 1 : 0;
        }
        return closed;
    }

    private static boolean isReopenable(Inode inode) {
        return inode.mount().opensHandles() && !inode.isPinned();
    }

    /**
     * Refuses what would need to keep its descriptor where none may.
     *
     * @throws ErrnoException EOPNOTSUPP
     */
    void require(Inode fresh) throws ErrnoException {
        if (!mandatory) {
            return;
        }
        if (isReopenable(fresh)) {
            fresh.setHandle(FileHandle.of(syscalls, fresh.path().number()));
        }
        if (fresh.handle() == null) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
    }

    /**
     * Gives an inode that is about to be forgotten a file handle, if it can have one and its object
     * has a name still: so it can be found again by its nodeId.
     */
    void prepareToForget(Inode inode) {
        Fd path = inode.path();
        if (path != null
                && inode.handle() == null
                && isReopenable(inode)
                && !inode.isRemoved()) { // then it ends now
            inode.setHandle(FileHandle.of(syscalls, path.number()));
        }
    }

    /**
     * Opens an inode by its file handle; given.
     *
     * @throws ErrnoException ESTALE if the object is gone, or the handle leads to another one by
     *     now
     */
    Fd again(Inode forgotten) throws ErrnoException {
        FileHandle handle = forgotten.handle();
        int mount = forgotten.mount().fd().number();
        Fd path =
                Fd.own(syscalls, ErrnoException.check(opening(() -> handle.open(syscalls, mount))));
        int result = compare(forgotten, path, 0);
        if (result == 0) {
            return path;
        }
        path.close();
        throw ErrnoException.of(-result);
    }

    /** Notes that {@code inode} has a descriptor now. */
    void opened(Inode inode) {
        if (isReopenable(inode)) {
            inode.use();
            open.put(inode, Boolean.TRUE);
            if (inode.isRegular() && !mandatory) {
                ageing.wake();
            }
        }
    }

    /**
     * Closes the descriptors of regular files that no request has used since the last time.
     *
     * @return whether there are any left that may be closed later
     */
    private boolean closeUnused() {
        boolean left = false;
        for (Inode inode : open.asMap().keySet()) {
            if (!inode.isRegular()) {
                continue;
            }
            if (inode.wasUsed()) {
                left = true;
            } else {
                open.invalidate(inode);
                closeIfReopenable(inode);
            }
        }
        return left;
    }

    /** Ends the thread that closes descriptors; none is to be opened any more. */
    void close() {
        ageing.close();
    }

    /** The inode's descriptor, borrowed for the request; opens it again if it was closed. */
    int of(Inode inode) throws ErrnoException {
        Fd path = inode.path();
        if (path == null) {
            return reopen(inode);
        }
        inode.use();
        return path.number();
    }

    private int reopen(Inode inode) throws ErrnoException {
        FileHandle handle = inode.handle();
        if (handle == null || inode.isForgotten()) { // while this request runs, or before it
            throw ErrnoException.of(Errno.ESTALE);
        }
        // Several threads may get here at once: each opens one, and the first puts it in place.
        Fd fresh = again(inode);
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

    /**
     * Looks whether {@code path} is what {@code inode} stands for: file systems that keep no
     * generations of inode numbers give another object for an old handle, and its type decides what
     * may be opened for data. Overwrites nothing but the small block and the path slot.
     *
     * @param flags further ones of statx(2)
     * @return 0 if it is, &minus;ESTALE if not, or why nobody knows: another negated errno
     */
    int compare(Inode inode, Fd path, int flags) {
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.small();
        int result =
                syscalls.statx(
                        path.number(),
                        scratch.emptyPath(),
                        Fcntl.AT_EMPTY_PATH | flags,
                        Statx.STATX_TYPE | Statx.STATX_INO,
                        statx.address());
        if (result < 0) {
            return result;
        }
        boolean same =
                (statx.getShort(Statx.MODE) & Statx.S_IFMT) == inode.type()
                        && statx.getLong(Statx.INO) == inode.ino()
                        && Statx.device(statx) == inode.device();
        return same ? 0 : -Errno.ESTALE;
    }

    /** Whether the object still exists, where only its handle is known. */
    boolean exists(Inode inode) throws ErrnoException {
        try {
            of(inode);
            return true;
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ESTALE) {
                return false;
            }
            throw e; // which may pass, and the guest should not know one object by two nodes
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
        if (cause.wasEvicted()) {
            closeIfReopenable(inode);
        }
    }

    /** Closes the descriptor if there is a handle, or can be, to open it by again. */
    private boolean closeIfReopenable(Inode inode) {
        Fd path = inode.path();
        if (path == null) {
            return false;
        }
        if (inode.handle() == null) {
            inode.setHandle(FileHandle.of(syscalls, path.number()));
        }
        Fd taken = inode.handle() != null ? inode.takePath() : null;
        if (taken != null) {
            reclaimer.retire(taken);
        }
        return taken != null;
    }
}
