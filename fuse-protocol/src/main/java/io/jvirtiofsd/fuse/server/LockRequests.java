package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.LockRequest;

/** Operations on locks that the file system keeps, as far as INIT has agreed on them. */
final class LockRequests {
    /**
     * FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW: {@code struct fuse_lk_in}, 48 bytes (fuse.h).
     *
     * @param fh an open file
     * @param owner whose lock it is: as the guest numbers its processes, or its open files
     * @param lk the lock that is wanted
     * @param lkFlags {@link #LK_FLOCK}: of the open file as a whole, as flock(2) has it
     */
    record LkIn(long fh, long owner, FileLock lk, @Flags(FlagSet.LK) int lkFlags) {
        static final int BYTES = 48;

        static final int LK_FLOCK = 1; // fuse.h FUSE_LK_FLOCK

        static LkIn read(WireReader in) {
            long fh = in.u64();
            long owner = in.u64();
            FileLock lk = LkOut.readLock(in);
            int lkFlags = in.u32();
            in.skip(4); // padding
            return new LkIn(fh, owner, lk, lkFlags);
        }
    }

    /**
     * Answer to FUSE_GETLK: {@code struct fuse_lk_out}, a {@code fuse_file_lock}, 24 bytes
     * (fuse.h).
     */
    record LkOut(FileLock lk) {
        static final int BYTES = 24;

        static void write(WireWriter out, FileLock lock) {
            out.u64(lock.start());
            out.u64(lock.end());
            out.u32(lock.type());
            out.u32(lock.pid());
        }

        static LkOut read(WireReader in) {
            return new LkOut(readLock(in));
        }

        /** A {@code struct fuse_file_lock}. */
        static FileLock readLock(WireReader in) {
            return new FileLock(in.u64(), in.u64(), in.u32(), in.u32());
        }
    }

    private LockRequests() {}

    static void getlk(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        if (in.isFlock() || in.isUnlock()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FileLock found = request.session().locks().getlk(request.nodeId(), in);
        LkOut.write(request.body(), found);
    }

    static void setlk(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        request.session().locks().setlk(request.nodeId(), in);
    }

    static void setlkw(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        request.session().locks().setlkw(request.nodeId(), in).ifPresent(request::park);
    }

    private static LockRequest lock(Request request) throws ErrnoException {
        LkIn in = LkIn.read(request.arguments());
        boolean isFlock = (in.lkFlags() & LkIn.LK_FLOCK) != 0;
        InitFlag needed = isFlock ? InitFlag.FLOCK_LOCKS : InitFlag.POSIX_LOCKS;
        if (!needed.in(request.negotiated().flags())) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
        FileLock lk = in.lk();
        if (lk.type() < FileLock.F_RDLCK
                || lk.type() > FileLock.F_UNLCK
                || lk.start() < 0
                || lk.end() < lk.start()
                || (in.lkFlags() & ~LkIn.LK_FLOCK) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new LockRequest(in.fh(), in.owner(), lk, isFlock);
    }
}
