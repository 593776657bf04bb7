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
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;

/**
 * The requests about open files: their C structures, and their handlers, which check what can be
 * checked without knowing the file system.
 *
 * <p><i>Stateless.</i> Source: fuse.h.
 */
final class FileRequests {
    /** FUSE_OPEN, FUSE_OPENDIR: {@code struct fuse_open_in}, 8 bytes (fuse.h). */
    record OpenIn(@Flags(FlagSet.OPEN) int flags, @Flags(FlagSet.OPEN_IN) int openFlags) {
        static final int BYTES = 8;

        static OpenIn read(WireReader in) {
            return new OpenIn(in.u32(), in.u32());
        }
    }

    /** Answer to FUSE_OPEN and FUSE_OPENDIR: {@code struct fuse_open_out}, 16 bytes (fuse.h). */
    record OpenOut(long fh, @Flags(FlagSet.FOPEN) int openFlags) {
        static final int BYTES = 16;

        static void write(WireWriter out, OpenReply from) {
            out.u64(from.fh());
            out.u32(from.openFlags());
            out.zero(4); // padding; backing_id since 7.40
        }

        static OpenOut read(WireReader in) {
            long fh = in.u64();
            int openFlags = in.u32();
            in.skip(4); // padding; backing_id since 7.40
            return new OpenOut(fh, openFlags);
        }
    }

    /**
     * FUSE_CREATE, FUSE_TMPFILE: {@code struct fuse_create_in}, 16 bytes (fuse.h).
     *
     * @param flags the guest's O_ flags
     * @param mode permission bits, with S_IFREG
     * @param umask the caller's umask
     * @param openFlags 1 (OPEN_KILL_SUIDGID) or 0
     */
    record CreateIn(
            @Flags(FlagSet.OPEN) int flags,
            @Flags(FlagSet.MODE) int mode,
            @Flags(FlagSet.MODE) int umask,
            @Flags(FlagSet.OPEN_IN) int openFlags) {
        static final int BYTES = 16;

        static final int OPEN_KILL_SUIDGID = 1; // fuse.h FUSE_OPEN_KILL_SUIDGID

        static CreateIn read(WireReader in) {
            return new CreateIn(in.u32(), in.u32(), in.u32(), in.u32());
        }
    }

    /**
     * Answer to FUSE_CREATE: {@code struct fuse_entry_out} and {@code struct fuse_open_out}, 144
     * bytes.
     */
    record CreateOut(EntryOut entry, OpenOut open) {
        static final int BYTES = EntryOut.BYTES + OpenOut.BYTES;

        static CreateOut read(WireReader in) {
            return new CreateOut(EntryOut.read(in), OpenOut.read(in));
        }
    }

    /**
     * FUSE_READ, FUSE_READDIR, FUSE_READDIRPLUS: {@code struct fuse_read_in}, 40 bytes (fuse.h).
     */
    record ReadIn(
            long fh,
            long offset,
            int size,
            @Flags(FlagSet.READ) int readFlags,
            long lockOwner,
            @Flags(FlagSet.OPEN) int flags) {
        static final int BYTES = 40;

        static final int READ_LOCKOWNER = 2; // fuse.h FUSE_READ_LOCKOWNER

        static ReadIn read(WireReader in) {
            long fh = in.u64();
            long offset = in.u64();
            int size = in.u32();
            int readFlags = in.u32();
            long lockOwner = in.u64();
            int flags = in.u32();
            in.skip(4); // padding
            return new ReadIn(fh, offset, size, readFlags, lockOwner, flags);
        }
    }

    /** FUSE_WRITE: {@code struct fuse_write_in}, 40 bytes (fuse.h); the data follows. */
    record WriteIn(
            long fh,
            long offset,
            int size,
            @Flags(FlagSet.WRITE) int writeFlags,
            long lockOwner,
            @Flags(FlagSet.OPEN) int flags) {
        static final int BYTES = 40;

        static WriteIn read(WireReader in) {
            long fh = in.u64();
            long offset = in.u64();
            int size = in.u32();
            int writeFlags = in.u32();
            long lockOwner = in.u64();
            int flags = in.u32();
            in.skip(4); // padding
            return new WriteIn(fh, offset, size, writeFlags, lockOwner, flags);
        }
    }

    /**
     * Answer to FUSE_WRITE and FUSE_COPY_FILE_RANGE: {@code struct fuse_write_out}, 8 bytes
     * (fuse.h).
     */
    record WriteOut(int size) {
        static final int BYTES = 8;

        static void write(WireWriter out, int size) {
            out.u32(size);
            out.zero(4); // padding
        }

        static WriteOut read(WireReader in) {
            int size = in.u32();
            in.skip(4); // padding
            return new WriteOut(size);
        }
    }

    /** FUSE_FLUSH: {@code struct fuse_flush_in}, 24 bytes (fuse.h). */
    record FlushIn(long fh, long lockOwner) {
        static final int BYTES = 24;

        static FlushIn read(WireReader in) {
            long fh = in.u64();
            in.skip(4); // unused
            in.skip(4); // padding
            long lockOwner = in.u64();
            return new FlushIn(fh, lockOwner);
        }
    }

    /** FUSE_RELEASE, FUSE_RELEASEDIR: {@code struct fuse_release_in}, 24 bytes (fuse.h). */
    record ReleaseIn(
            long fh,
            @Flags(FlagSet.OPEN) int flags,
            @Flags(FlagSet.RELEASE) int releaseFlags,
            long lockOwner) {
        static final int BYTES = 24;

        static final int RELEASE_FLUSH = 1; // fuse.h FUSE_RELEASE_FLUSH
        static final int RELEASE_FLOCK_UNLOCK = 2; // fuse.h FUSE_RELEASE_FLOCK_UNLOCK

        static ReleaseIn read(WireReader in) {
            return new ReleaseIn(in.u64(), in.u32(), in.u32(), in.u64());
        }
    }

    /** FUSE_FSYNC, FUSE_FSYNCDIR: {@code struct fuse_fsync_in}, 16 bytes (fuse.h). */
    record FsyncIn(long fh, @Flags(FlagSet.FSYNC) int fsyncFlags) {
        static final int BYTES = 16;

        static final int FSYNC_FDATASYNC = 1; // fuse.h FUSE_FSYNC_FDATASYNC

        static FsyncIn read(WireReader in) {
            long fh = in.u64();
            int fsyncFlags = in.u32();
            in.skip(4); // padding
            return new FsyncIn(fh, fsyncFlags);
        }
    }

    /** FUSE_LSEEK: {@code struct fuse_lseek_in}, 24 bytes (fuse.h). */
    record LseekIn(long fh, long offset, int whence) {
        static final int BYTES = 24;

        static final int SEEK_DATA = 3; // linux/fs.h
        static final int SEEK_HOLE = 4; // linux/fs.h

        static LseekIn read(WireReader in) {
            long fh = in.u64();
            long offset = in.u64();
            int whence = in.u32();
            in.skip(4); // padding
            return new LseekIn(fh, offset, whence);
        }
    }

    /** Answer to FUSE_LSEEK: {@code struct fuse_lseek_out}, 8 bytes (fuse.h). */
    record LseekOut(long offset) {
        static final int BYTES = 8;

        static void write(WireWriter out, long offset) {
            out.u64(offset);
        }

        static LseekOut read(WireReader in) {
            return new LseekOut(in.u64());
        }
    }

    /** FUSE_FALLOCATE: {@code struct fuse_fallocate_in}, 32 bytes (fuse.h). */
    record FallocateIn(long fh, long offset, long length, @Flags(FlagSet.FALLOCATE) int mode) {
        static final int BYTES = 32;

        static final int FALLOC_KEEP_SIZE = 0x01; // linux/falloc.h
        static final int FALLOC_PUNCH_HOLE = 0x02; // linux/falloc.h
        static final int FALLOC_COLLAPSE_RANGE = 0x08; // linux/falloc.h
        static final int FALLOC_ZERO_RANGE = 0x10; // linux/falloc.h
        static final int FALLOC_INSERT_RANGE = 0x20; // linux/falloc.h
        static final int FALLOC_UNSHARE_RANGE = 0x40; // linux/falloc.h

        /**
         * Whether Linux sends this mode. Any other may take bytes out of the middle of a file that
         * another guest has mapped, which no guard sees.
         */
        boolean isAllowed() {
            return switch (mode) {
                case 0,
                        FALLOC_KEEP_SIZE,
                        FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE,
                        FALLOC_ZERO_RANGE,
                        FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE ->
                        true;
                default -> false;
            };
        }

        static FallocateIn read(WireReader in) {
            long fh = in.u64();
            long offset = in.u64();
            long length = in.u64();
            int mode = in.u32();
            in.skip(4); // padding
            return new FallocateIn(fh, offset, length, mode);
        }
    }

    /**
     * FUSE_COPY_FILE_RANGE, FUSE_COPY_FILE_RANGE_64: {@code struct fuse_copy_file_range_in}, 56
     * bytes (fuse.h).
     */
    record CopyFileRangeIn(
            long fhIn, long offIn, long nodeidOut, long fhOut, long offOut, long len, long flags) {
        static final int BYTES = 56;

        static CopyFileRangeIn read(WireReader in) {
            return new CopyFileRangeIn(
                    in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64());
        }
    }

    /**
     * Answer to FUSE_COPY_FILE_RANGE_64: {@code struct fuse_copy_file_range_out}, 8 bytes (fuse.h
     * 7.45).
     */
    record CopyFileRangeOut(long bytesCopied) {
        static final int BYTES = 8;

        static void write(WireWriter out, long bytesCopied) {
            out.u64(bytesCopied);
        }

        static CopyFileRangeOut read(WireReader in) {
            return new CopyFileRangeOut(in.u64());
        }
    }

    /** Flags that are taken out of an OPEN: the file exists, and no terminal is opened. */
    private static final int NOT_FOR_OPEN =
            OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOCTTY;

    /**
     * The most bytes that one request copies; the guest asks again for the rest. A bound is needed
     * since stopping a ring waits for the requests that are being served.
     */
    static final long MAX_COPY_BYTES = 64 << 20;

    private FileRequests() {}

    static void open(Request request) throws ErrnoException {
        OpenIn in = OpenIn.read(request.arguments());
        boolean killing = isKilling(in.flags(), in.openFlags(), request);
        int flags = in.flags() & ~NOT_FOR_OPEN;
        OpenReply reply = request.session().files().open(request.nodeId(), flags, killing);
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
                request.session()
                        .files()
                        .create(request.header(), request.nodeId(), request.name(), in);
        putCreated(request, reply);
    }

    static void tmpfile(Request request) throws ErrnoException {
        NewFile in = newFile(request);
        CreateReply reply =
                request.session().files().tmpfile(request.header(), request.nodeId(), in);
        putCreated(request, reply);
    }

    /**
     * Encodes the answer; if it cannot be encoded, releases the handle, which the guest never got.
     */
    private static void putCreated(Request request, CreateReply reply) throws ErrnoException {
        try {
            NodeRequests.putEntry(request, reply.entry());
        } catch (ErrnoException | RuntimeException e) {
            request.session().files().release(reply.open().fh());
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
        if (size > request.negotiated().maxRead()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int count =
                request.session()
                        .files()
                        .read(request.nodeId(), in.fh(), in.offset(), request.target(size));
        requireCount(count, size);
        request.filledInPlace(count);
    }

    static void write(Request request) throws ErrnoException {
        WriteIn in = WriteIn.read(request.arguments());
        if (in.size() != request.dataBytes() || in.size() > request.negotiated().maxWrite()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Request.requireRange(in.offset(), in.size());
        int count =
                request.session()
                        .files()
                        .write(
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
            if (flocked && InitFlag.FLOCK_LOCKS.in(request.negotiated().flags())) {
                // Closing lets go as well, but only when no request uses the file any more.
                LockRequest unlocking = LockRequest.unlocking(in.fh());
                request.session().locks().setlk(request.nodeId(), unlocking);
            }
        } finally {
            request.session().files().release(in.fh());
        }
    }

    static void flush(Request request) throws ErrnoException {
        FlushIn in = FlushIn.read(request.arguments());
        request.session().files().flush(request.nodeId(), in.fh(), in.lockOwner());
    }

    static void fsync(Request request) throws ErrnoException {
        FsyncIn in = FsyncIn.read(request.arguments());
        boolean dataOnly = (in.fsyncFlags() & FsyncIn.FSYNC_FDATASYNC) != 0;
        request.session().files().fsync(request.nodeId(), in.fh(), dataOnly);
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
        request.session()
                .files()
                .fallocate(request.nodeId(), in.fh(), in.offset(), in.length(), in.mode());
    }

    static void lseek(Request request) throws ErrnoException {
        LseekIn in = LseekIn.read(request.arguments());
        if (in.whence() != LseekIn.SEEK_DATA && in.whence() != LseekIn.SEEK_HOLE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (InitFlag.WRITEBACK_CACHE.in(request.negotiated().flags())) {
            // The guest does not write back first, and would miss its own data. Told that there is
            // no such request, it takes all up to the end of the file for data.
            throw ErrnoException.of(Errno.ENOSYS);
        }
        if (in.offset() < 0) { // lseek(2)
            throw ErrnoException.of(Errno.ENXIO);
        }
        long found =
                request.session()
                        .files()
                        .lseek(request.nodeId(), in.fh(), in.offset(), in.whence());
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
        long copied = request.session().files().copyFileRange(request.nodeId(), copy);
        requireCount(copied, most);
        return copied;
    }

    private static void requireCount(long done, long asked) {
        if (done < 0 || done > asked) {
            throw new IllegalStateException(done + " bytes done of " + asked);
        }
    }
}
