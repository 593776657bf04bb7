package io.jvirtiofsd.fuse;

/** Operations on locks that the file system keeps, as far as INIT has agreed on them. */
final class LockOperations {
    private LockOperations() {}

    static void getlk(Request request) throws ErrnoException {
        LockRequest in = lkIn(request);
        if (in.isFlock() || in.isUnlock()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FileLock found = request.fileSystem().getlk(request.header(), request.nodeId(), in);
        LkOut.write(request.body(), found);
    }

    static void setlk(Request request) throws ErrnoException {
        LockRequest in = lkIn(request);
        request.fileSystem().setlk(request.header(), request.nodeId(), in);
    }

    static void setlkw(Request request) throws ErrnoException {
        LockRequest in = lkIn(request);
        request.fileSystem()
                .setlkw(request.header(), request.nodeId(), in)
                .ifPresent(request::park);
    }

    private static LockRequest lkIn(Request request) throws ErrnoException {
        LockRequest in = LockRequest.read(request.arguments());
        InitFlag needed = in.isFlock() ? InitFlag.FLOCK_LOCKS : InitFlag.POSIX_LOCKS;
        if (!needed.in(request.session().flags())) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
        if (in.type() < LockRequest.F_RDLCK || in.type() > LockRequest.F_UNLCK) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (in.start() < 0 || in.end() < in.start() || (in.lkFlags() & ~LockRequest.LK_FLOCK) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return in;
    }
}
