package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.LockRequest;

/** Operations on locks that the file system keeps, as far as INIT has agreed on them. */
final class LockRequests {
    private LockRequests() {}

    static void getlk(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        if (in.isFlock() || in.isUnlock()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FileLock found = request.fileSystem().getlk(request.header(), request.nodeId(), in);
        LkOut.write(request.body(), found);
    }

    static void setlk(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        request.fileSystem().setlk(request.header(), request.nodeId(), in);
    }

    static void setlkw(Request request) throws ErrnoException {
        LockRequest in = lock(request);
        request.fileSystem()
                .setlkw(request.header(), request.nodeId(), in)
                .ifPresent(request::park);
    }

    private static LockRequest lock(Request request) throws ErrnoException {
        LkIn in = LkIn.read(request.arguments());
        boolean isFlock = (in.lkFlags() & LkIn.LK_FLOCK) != 0;
        InitFlag needed = isFlock ? InitFlag.FLOCK_LOCKS : InitFlag.POSIX_LOCKS;
        if (!needed.in(request.session().flags())) {
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
