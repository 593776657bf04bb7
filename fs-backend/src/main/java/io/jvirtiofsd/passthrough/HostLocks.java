package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.LockOperations;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.fuse.LockWait;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.Optional;

/**
 * Locks of the guest as locks of the host, so that all guests and the host itself exclude each
 * other: flock(2) on the handle's own descriptor, fcntl(2) on an open file description for each
 * owner, since locks of a process would all be this one's.
 *
 * <p><i>Thread-safe.</i> Source: fcntl(2), "Open file description locks"; flock(2).
 */
final class HostLocks implements LockOperations {
    // struct flock, 32 bytes (asm-generic/fcntl.h)
    private static final int L_TYPE = 0;
    private static final int L_WHENCE = 2;
    private static final int L_START = 8;
    private static final int L_LEN = 16;
    private static final int L_PID = 24;
    private static final int SEEK_SET = 0;

    private final HostDirectory share;
    private final HostSession session;
    private final LockWaiters waiters;
    private final Syscalls syscalls;

    HostLocks(HostDirectory share, HostSession session, LockWaiters waiters) {
        this.share = share;
        this.session = session;
        this.waiters = waiters;
        this.syscalls = share.syscalls();
    }

    /**
     * The lock that is in the way, held by process 0: this guest knows no number for processes of
     * other guests or of the host.
     */
    @Override
    public FileLock getlk(long nodeId, LockRequest in) throws ErrnoException {
        HostHandle.OpenFile file = session.file(nodeId, in.fh());
        InodeLocks locks = file.inode().locks();
        if (locks == null) {
            return getlk(file.fd().number(), in);
        }
        synchronized (locks) {
            InodeLocks.Owner owner = locks.owner(in.owner());
            return getlk(owner == null ? file.fd().number() : owner.fd(), in);
        }
    }

    private FileLock getlk(int fd, LockRequest in) throws ErrnoException {
        ErrnoException.check(syscalls.fcntl(fd, Fcntl.F_OFD_GETLK, flock(in)));
        NativeMemory found = Scratch.get().small();
        long start = found.getLong(L_START);
        long length = found.getLong(L_LEN);
        long end = length == 0 ? Long.MAX_VALUE : start + length - 1;
        return new FileLock(start, end, found.getShort(L_TYPE), 0);
    }

    /** The range as a {@code struct flock} in the thread's memory; its address. */
    private static long flock(LockRequest in) {
        NativeMemory flock = Scratch.get().small();
        flock.putShort(L_TYPE, (short) in.type());
        flock.putShort(L_WHENCE, (short) SEEK_SET);
        flock.putLong(L_START, in.start());
        flock.putLong(L_LEN, in.end() == Long.MAX_VALUE ? 0 : in.end() - in.start() + 1);
        flock.putLong(L_PID, 0); // fcntl(2): must be 0
        return flock.address();
    }

    @Override
    public void setlk(long nodeId, LockRequest in) throws ErrnoException {
        setlk(nodeId, in, false);
    }

    @Override
    public Optional<LockWait> setlkw(long nodeId, LockRequest in) throws ErrnoException {
        return setlk(nodeId, in, true);
    }

    /** Sets or drops a lock; if another has it and {@code waiting}, gives what waits for it. */
    private Optional<LockWait> setlk(long nodeId, LockRequest in, boolean waiting)
            throws ErrnoException {
        HostHandle.OpenFile file = session.file(nodeId, in.fh());
        if (in.isFlock()) {
            return flock(file, in, waiting);
        }
        if (in.isUnlock()) {
            unlock(file.inode().locks(), in);
            return Optional.empty();
        }
        int refused = in.type() == FileLock.F_RDLCK ? Fcntl.O_WRONLY : Fcntl.O_RDONLY;
        if ((file.flags() & Fcntl.O_ACCMODE) == refused) {
            throw ErrnoException.of(Errno.EBADF); // fcntl(2)
        }
        InodeLocks locks = file.inode().locks(session.lockCounts());
        synchronized (locks) {
            InodeLocks.Owner owner = locks.owner(in.owner());
            if (owner == null) {
                owner = addOwner(file, locks, in.owner());
            }
            try {
                int result = set(locks, owner, in);
                if (isTaken(result) && waiting) {
                    return Optional.of(waitForRange(locks, owner, in));
                }
                ErrnoException.check(result);
                return Optional.empty();
            } finally {
                locks.discardIfUnused(in.owner());
            }
        }
    }

    private int set(InodeLocks locks, InodeLocks.Owner owner, LockRequest in)
            throws ErrnoException {
        int fd = owner.fd();
        return locks.set(owner, in, () -> syscalls.fcntl(fd, Fcntl.F_OFD_SETLK, flock(in)));
    }

    private static boolean isTaken(int result) {
        return result == -Errno.EAGAIN || result == -Errno.EACCES;
    }

    private InodeLocks.Owner addOwner(HostHandle.OpenFile file, InodeLocks locks, long id)
            throws ErrnoException {
        session.lockCounts().addOwner();
        Fd fd;
        try {
            fd = openAgain(file);
        } catch (ErrnoException e) {
            session.lockCounts().removeOwner();
            throw e;
        }
        InodeLocks.Owner owner = locks.add(id, fd);
        if (file.inode().isForgotten()) { // whoever forgot it may have found nothing to close
            locks.discardIfUnused(id);
            throw ErrnoException.of(Errno.ENOLCK);
        }
        return owner;
    }

    /**
     * Opens the file once more, for an owner. For reading and writing if that may be, since the
     * owner may want locks of both kinds; otherwise as the guest has it open.
     */
    private Fd openAgain(HostHandle.OpenFile file) throws ErrnoException {
        int path = session.descriptors().of(file.inode());
        int fd = share.options().readOnly() ? -Errno.EROFS : open(path, Fcntl.O_RDWR);
        if (fd < 0 && !isOutOfDescriptors(fd)) {
            fd = open(path, file.flags() & Fcntl.O_ACCMODE);
        }
        return own(fd);
    }

    private int open(int path, int flags) throws ErrnoException {
        return session.descriptors().openingToStay(() -> share.reopen(path, flags));
    }

    private static boolean isOutOfDescriptors(int fd) {
        return fd == -Errno.EMFILE || fd == -Errno.ENFILE;
    }

    private Fd own(int fd) throws ErrnoException {
        return Fd.own(syscalls, ErrnoException.check(isOutOfDescriptors(fd) ? -Errno.ENOLCK : fd));
    }

    private BlockedLock waitForRange(InodeLocks locks, InodeLocks.Owner owner, LockRequest in)
            throws ErrnoException {
        // Of its own: the owner's may be closed while a thread waits in the kernel.
        Fd duplicate = duplicate(owner.fd());
        try {
            session.lockCounts().addRanges(LockedRanges.MOST_ADDED);
        } catch (ErrnoException e) {
            duplicate.close();
            throw e;
        }
        BlockedLock wait =
                new BlockedLock(
                        syscalls,
                        waiters,
                        duplicate,
                        fd -> syscalls.fcntl(fd, Fcntl.F_OFD_SETLKW, flock(in)),
                        fd -> 0, // goes with the descriptor, unless that has others: they must stay
                        (ended, locked) -> locks.ended(ended, in, owner, locked));
        locks.waiting(wait, owner);
        return wait;
    }

    private Fd duplicate(int fd) throws ErrnoException {
        return own(session.descriptors().openingToStay(() -> syscalls.dup(fd)));
    }

    private void unlock(InodeLocks locks, LockRequest in) throws ErrnoException {
        if (locks == null) {
            return;
        }
        synchronized (locks) {
            InodeLocks.Owner owner = locks.owner(in.owner());
            if (owner == null) {
                return;
            }
            ErrnoException.check(set(locks, owner, in));
            locks.discardIfUnused(in.owner());
        }
    }

    /** Closing a file drops its owner's locks on ranges, as close(2) does those of a process. */
    void flushed(HostHandle.OpenFile file, long owner) throws ErrnoException {
        InodeLocks locks = file.inode().locks();
        if (locks != null) {
            unlock(locks, new LockRequest(0, owner, FileLock.WHOLE_FILE_UNLOCKED, false));
        }
    }

    /**
     * As {@link #setlk(long, LockRequest, boolean)} for flock(2), on the handle's own descriptor.
     */
    private Optional<LockWait> flock(HostHandle.OpenFile file, LockRequest in, boolean waiting)
            throws ErrnoException {
        int operation =
                switch (in.type()) {
                    case FileLock.F_RDLCK -> Fcntl.LOCK_SH;
                    case FileLock.F_WRLCK -> Fcntl.LOCK_EX;
                    default -> Fcntl.LOCK_UN;
                };
        int fd = file.fd().number();
        int result = syscalls.flock(fd, operation | Fcntl.LOCK_NB);
        if (!isTaken(result) || !waiting) {
            ErrnoException.check(result);
            file.setFlocked(operation != Fcntl.LOCK_UN);
            return Optional.empty();
        }
        InodeLocks locks = file.inode().locks(session.lockCounts());
        BlockedLock wait =
                new BlockedLock(
                        syscalls,
                        waiters,
                        duplicate(fd),
                        own -> syscalls.flock(own, operation),
                        own -> syscalls.flock(own, Fcntl.LOCK_UN),
                        (ended, locked) -> {
                            if (locked) {
                                file.setFlocked(true);
                            }
                            locks.ended(ended);
                        });
        synchronized (locks) {
            locks.waiting(wait);
        }
        if (file.inode().isForgotten()) { // whoever forgot it may have found nothing to end
            wait.cancel();
        }
        return Optional.of(wait);
    }
}
