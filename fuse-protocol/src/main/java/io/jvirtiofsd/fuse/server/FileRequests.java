package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenFlags;
import io.jvirtiofsd.fuse.OpenReply;

/** Operations on open files. */
final class FileRequests {
    /** What OPEN does not mean: the file exists, and terminals are nobody's here. */
    private static final int NOT_FOR_OPEN =
            OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOCTTY;

    /**
     * The most that one request copies; the guest asks again for the rest. Who stops a ring waits
     * for the requests that are being served.
     */
    static final long MAX_COPY_BYTES = 64 << 20;

    private FileRequests() {}

    static void open(Request request) throws ErrnoException {
        OpenIn in = OpenIn.read(request.arguments());
        boolean killing = isKilling(in.flags(), in.openFlags(), request);
        int flags = in.flags() & ~NOT_FOR_OPEN;
        OpenReply reply =
                request.fileSystem().open(request.header(), request.nodeId(), flags, killing);
        OpenOut.write(request.body(), reply);
    }

    /**
     * Whether O_TRUNC clears set-user-ID bits. Linux leaves that to the file system, and says whom
     * it concerns only where HANDLE_KILLPRIV_V2 is agreed on: else it is all but root, and with
     * ALLOW_IDMAP, by which an opener is not told, root as well.
     */
    private static boolean isKilling(int flags, int openFlags, Request request) {
        return (openFlags & CreateIn.OPEN_KILL_SUIDGID) != 0
                || (flags & OpenFlags.O_TRUNC) != 0 && request.header().uid() != 0;
    }

    static void create(Request request) throws ErrnoException {
        NewFile in = newFile(request);
        CreateReply reply =
                request.fileSystem().create(request.header(), request.nodeId(), request.name(), in);
        putCreated(request, reply);
    }

    static void tmpfile(Request request) throws ErrnoException {
        NewFile in = newFile(request);
        CreateReply reply = request.fileSystem().tmpfile(request.header(), request.nodeId(), in);
        putCreated(request, reply);
    }

    /** Encodes the answer; if that cannot be, nothing stays open that the guest does not know. */
    private static void putCreated(Request request, CreateReply reply) throws ErrnoException {
        try {
            NodeRequests.putEntry(request, reply.entry());
        } catch (ErrnoException | RuntimeException e) {
            request.fileSystem().release(request.header(), request.nodeId(), reply.open().fh());
            throw e;
        }
        OpenOut.write(request.body(), reply.open());
    }

    private static NewFile newFile(Request request) throws ErrnoException {
        CreateIn in = CreateIn.read(request.arguments());
        request.requireIdentity();
        if ((in.mode() & FileType.MASK) != FileType.REGULAR && (in.mode() & FileType.MASK) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new NewFile(
                in.flags(),
                in.mode(),
                request.umask(in.umask()),
                isKilling(in.flags(), in.openFlags(), request));
    }

    static void read(Request request) throws ErrnoException {
        ReadIn in = ReadIn.read(request.arguments());
        int size = in.size() < 0 ? request.room() : Math.min(in.size(), request.room());
        Request.requireRange(in.offset(), size);
        if (size > request.session().maxRead()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int count =
                request.fileSystem()
                        .read(
                                request.header(),
                                request.nodeId(),
                                in.fh(),
                                in.offset(),
                                request.target(size));
        requireCount(count, size);
        request.filledInPlace(count);
    }

    static void write(Request request) throws ErrnoException {
        WriteIn in = WriteIn.read(request.arguments());
        if (in.size() != request.dataBytes() || in.size() > request.session().maxWrite()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Request.requireRange(in.offset(), in.size());
        int count =
                request.fileSystem()
                        .write(
                                request.header(),
                                request.nodeId(),
                                in.fh(),
                                in.offset(),
                                in.writeFlags(),
                                in.flags(),
                                request.data(in.size()));
        requireCount(count, in.size());
        WriteOut.write(request.body(), count);
    }

    static void release(Request request) throws ErrnoException {
        ReleaseIn in = ReleaseIn.read(request.arguments());
        boolean flocked = (in.releaseFlags() & ReleaseIn.RELEASE_FLOCK_UNLOCK) != 0;
        try {
            if (flocked && InitFlag.FLOCK_LOCKS.in(request.session().flags())) {
                // Closing lets go as well, but only when no request uses the file any more.
                LockRequest unlocking = LockRequest.unlocking(in.fh());
                request.fileSystem().setlk(request.header(), request.nodeId(), unlocking);
            }
        } finally {
            request.fileSystem().release(request.header(), request.nodeId(), in.fh());
        }
    }

    static void flush(Request request) throws ErrnoException {
        FlushIn in = FlushIn.read(request.arguments());
        request.fileSystem().flush(request.header(), request.nodeId(), in.fh(), in.lockOwner());
    }

    static void fsync(Request request) throws ErrnoException {
        FsyncIn in = FsyncIn.read(request.arguments());
        boolean dataOnly = (in.fsyncFlags() & FsyncIn.FSYNC_FDATASYNC) != 0;
        request.fileSystem().fsync(request.header(), request.nodeId(), in.fh(), dataOnly);
    }

    static void fallocate(Request request) throws ErrnoException {
        FallocateIn in = FallocateIn.read(request.arguments());
        Request.requireRange(in.offset(), in.length());
        if (in.length() == 0) { // fallocate(2)
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (!in.isAllowed()) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        request.fileSystem()
                .fallocate(
                        request.header(),
                        request.nodeId(),
                        in.fh(),
                        in.offset(),
                        in.length(),
                        in.mode());
    }

    static void lseek(Request request) throws ErrnoException {
        LseekIn in = LseekIn.read(request.arguments());
        if (in.whence() != LseekIn.SEEK_DATA && in.whence() != LseekIn.SEEK_HOLE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (InitFlag.WRITEBACK_CACHE.in(request.session().flags())) {
            // The guest does not write back first, and would miss its own data. Told that there is
            // no such request, it takes all up to the end of the file for data.
            throw ErrnoException.of(Errno.ENOSYS);
        }
        if (in.offset() < 0) { // lseek(2)
            throw ErrnoException.of(Errno.ENXIO);
        }
        long found =
                request.fileSystem()
                        .lseek(
                                request.header(),
                                request.nodeId(),
                                in.fh(),
                                in.offset(),
                                in.whence());
        LseekOut.write(request.body(), found);
    }

    static void copyFileRange(Request request) throws ErrnoException {
        WriteOut.write(request.body(), (int) copied(request));
    }

    static void copyFileRange64(Request request) throws ErrnoException {
        CopyFileRangeOut.write(request.body(), copied(request));
    }

    private static long copied(Request request) throws ErrnoException {
        CopyFileRangeIn in = CopyFileRangeIn.read(request.arguments());
        if (in.flags() != 0) { // copy_file_range(2)
            throw ErrnoException.of(Errno.EINVAL);
        }
        long most = Long.compareUnsigned(in.len(), MAX_COPY_BYTES) > 0 ? MAX_COPY_BYTES : in.len();
        Request.requireRange(in.offIn(), most);
        Request.requireRange(in.offOut(), most);
        CopyRequest copy =
                new CopyRequest(
                        in.fhIn(), in.offIn(), in.nodeidOut(), in.fhOut(), in.offOut(), most);
        long copied = request.fileSystem().copyFileRange(request.header(), request.nodeId(), copy);
        requireCount(copied, most);
        return copied;
    }

    private static void requireCount(long done, long asked) {
        if (done < 0 || done > asked) {
            throw new IllegalStateException(done + " bytes done of " + asked);
        }
    }
}
