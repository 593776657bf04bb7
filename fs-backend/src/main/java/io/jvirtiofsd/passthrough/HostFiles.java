package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileOperations;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.WriteFlags;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Operations on open regular files of one session. Data moves between the host's page cache and the
 * guest's memory in one copy, the kernel's.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostFiles implements FileOperations {
    private static final int SEEK_DATA = 3; // linux/fs.h
    private static final int SEEK_HOLE = 4; // linux/fs.h
    private static final int FALLOC_FL_KEEP_SIZE = 1; // linux/falloc.h
    private static final int SECTOR_BYTES = 512; // linux/blk_types.h SECTOR_SIZE

    private final HostDirectory share;
    private final HostSession session;
    private final Lookups lookups;
    private final Creation creation;
    private final HostWindow window;
    private final Credentials credentials;
    private final FileCapability capability;
    private final HostLocks locks;
    private final Syscalls syscalls;
    private final HostFlags hostFlags;

    HostFiles(
            HostDirectory share,
            HostSession session,
            Lookups lookups,
            Creation creation,
            HostWindow window,
            Credentials credentials,
            FileCapability capability,
            HostLocks locks) {
        this.share = share;
        this.session = session;
        this.lookups = lookups;
        this.creation = creation;
        this.window = window;
        this.credentials = credentials;
        this.capability = capability;
        this.locks = locks;
        this.syscalls = share.syscalls();
        this.hostFlags = new HostFlags(share, window);
    }

    @Override
    public OpenReply open(long nodeId, int flags, boolean killSuidgid) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        if (!inode.isRegular()) {
            throw ErrnoException.of(inode.isDirectory() ? Errno.EISDIR : Errno.ENXIO);
        }
        int hostFlags = this.hostFlags.of(flags);
        if ((hostFlags & Fcntl.O_ACCMODE) != 0 || (hostFlags & Fcntl.O_TRUNC) != 0) {
            share.refuseIfReadOnly();
        }
        int path = session.descriptors().of(inode);
        session.requireName(inode, path);
        boolean truncating = (hostFlags & Fcntl.O_TRUNC) != 0;
        boolean killing = killSuidgid && truncating;
        if (truncating) {
            capability.drop(path);
        }
        int fd =
                truncating
                        ? window.change(inode, 0, () -> reopen(inode, path, hostFlags, killing))
                        : reopen(inode, path, hostFlags, killing);
        return opened(Fd.own(syscalls, ErrnoException.check(fd)), hostFlags, inode);
    }

    private int reopen(Inode inode, int path, int hostFlags, boolean killing)
            throws ErrnoException {
        Credentials.Call call = () -> window.reopen(inode, path, hostFlags);
        PathDescriptors descriptors = session.descriptors();
        int fd = descriptors.openingToStay(() -> credentials.clearingSuid(killing, path, call));
        boolean tracing = (hostFlags & Fcntl.O_NOATIME) == 0 || share.options().preserveNoatime();
        if (fd == -Errno.EPERM && !tracing) {
            // Only the owner of a file may read it without a trace; the guest has decided already.
            return reopen(inode, path, hostFlags & ~Fcntl.O_NOATIME, killing);
        }
        return fd;
    }

    private OpenReply opened(Fd fd, int hostFlags, Inode inode) throws ErrnoException {
        long fh = session.add(new HostHandle.OpenFile(fd, hostFlags, inode));
        // A guest that maps a file has nothing of it in its cache; told to drop that, Linux 7.2
        // takes pages from other processes' maps that are in use.
        int flags =
                window.file(inode) != null
                        ? OpenReply.FOPEN_KEEP_CACHE
                        : share.options().cache().policy().fileFlags();
        return new OpenReply(fh, flags);
    }

    @Override
    public CreateReply create(Caller caller, long parent, Name name, NewFile in)
            throws ErrnoException {
        share.refuseIfReadOnly();
        int directory = session.directory(parent);
        int hostFlags = this.hostFlags.of(in.flags());
        // Exclusive even if the guest does not ask for it: an existing file is not made by the
        // caller, and
        // is looked up and opened like any other.
        int creating = hostFlags | Fcntl.O_CREAT | Fcntl.O_EXCL | Fcntl.O_NOFOLLOW;
        Credentials.Call call =
                () ->
                        syscalls.openat(
                                directory,
                                EntryCursor.path(name),
                                creating | Fcntl.O_CLOEXEC,
                                in.mode() & 07777);
        int made = creation.open(caller, in.umask(), call);
        if (made == -Errno.EEXIST && (in.flags() & Fcntl.O_EXCL) == 0) {
            return openExisting(directory, name, in);
        }
        Fd fd = Fd.own(syscalls, session.checkByName(parent, directory, made));
        return made(
                fd,
                hostFlags,
                () -> {
                    creation.label(caller, made, directory, name, 0);
                    return creation.lookup(fd, directory, name);
                });
    }

    /** The guest gives it a name by LINK, or never. */
    @Override
    public CreateReply tmpfile(Caller caller, long parent, NewFile in) throws ErrnoException {
        share.refuseIfReadOnly();
        int directory = session.directory(parent);
        int hostFlags = this.hostFlags.of(in.flags()) & ~Fcntl.O_TRUNC;
        int creating = hostFlags | in.flags() & Fcntl.O_EXCL | Fcntl.O_TMPFILE | Fcntl.O_CLOEXEC;
        byte[] self = {'.'};
        Credentials.Call call =
                () ->
                        syscalls.openat(
                                directory,
                                Scratch.get().path(self, 0, 1),
                                creating,
                                in.mode() & 07777);
        int made = creation.open(caller, in.umask(), call);
        Fd fd = Fd.own(syscalls, session.checkByName(parent, directory, made));
        return made(
                fd,
                hostFlags,
                () -> {
                    creation.label(caller, made);
                    return creation.lookup(fd);
                });
    }

    /** Labels and looks up a new object, and gives its entry. */
    @FunctionalInterface
    private interface Finding {
        EntryCursor find() throws ErrnoException;
    }

    /** Takes {@code fd}, open on a new object, which {@code finding} labels and looks up. */
    private CreateReply made(Fd fd, int hostFlags, Finding finding) throws ErrnoException {
        EntryCursor entry;
        try {
            entry = finding.find();
        } catch (ErrnoException e) {
            fd.close();
            throw e;
        }
        try {
            Inode inode = session.inode(entry.nodeId());
            return new CreateReply(entry, opened(fd, hostFlags, inode));
        } catch (ErrnoException e) {
            session.forget(entry.nodeId(), 1);
            throw e;
        }
    }

    private CreateReply openExisting(int directory, Name name, NewFile in) throws ErrnoException {
        EntryCursor entry = lookups.lookupPresent(directory, name);
        try {
            OpenReply open = open(entry.nodeId(), in.flags(), in.killSuidgid());
            try {
                // O_TRUNC has changed what the lookup saw.
                Inode inode = session.inode(entry.nodeId());
                ErrnoException.check(share.statx(session.descriptors().of(inode)));
                entry.attributes().of(inode);
            } catch (ErrnoException e) {
                session.release(open.fh());
                throw e;
            }
            return new CreateReply(entry, open);
        } catch (ErrnoException e) {
            session.forget(entry.nodeId(), 1);
            throw e;
        }
    }

    @Override
    public int read(long nodeId, long fh, long offset, GuestData target) throws ErrnoException {
        HostHandle.OpenFile file = session.file(nodeId, fh);
        DaxFile dax = window.file(file.inode());
        if (dax != null) {
            dax.settle(offset, offset + target.size());
        }
        return readAll(file.fd().number(), offset, target);
    }

    /**
     * Reads until the end of the file: a guest takes what is missing for zeros, or cuts the file
     * off, though the host may have met an error in the middle, or have been interrupted. Such a
     * thing stops at the border of a sector; an end that lies elsewhere is the file's, for which no
     * second call is made.
     */
    private int readAll(int fd, long offset, GuestData target) throws ErrnoException {
        int done = 0;
        while (true) {
            int count = Math.min(target.iovCount(), IoVector.MAX_PER_CALL);
            int part =
                    (int)
                            ErrnoException.check(
                                    syscalls.preadv2(
                                            fd, target.iovAddress(), count, offset + done, 0));
            done += part;
            boolean isEnd = count == target.iovCount() && (offset + done) % SECTOR_BYTES != 0;
            if (part == 0 || part == target.size() || isEnd) {
                return done;
            }
            target.skip(part);
        }
    }

    @Override
    public int write(
            long nodeId, long fh, long offset, int writeFlags, int openFlags, GuestData source)
            throws ErrnoException {
        HostHandle.OpenFile file = session.file(nodeId, fh);
        DaxFile dax = window.file(file.inode());
        if (dax == null) {
            int written = write(file, offset, writeFlags, openFlags, source);
            // A file that was opened with O_DIRECT refuses buffers that are not aligned.
            boolean again =
                    written == -Errno.EINVAL
                            && HostFlags.mayBeUnaligned(file, writeFlags, openFlags);
            return ErrnoException.check(
                    again ? writeCached(file, offset, writeFlags, openFlags, source) : written);
        }
        boolean appends = WriteFlags.appends(writeFlags, openFlags);
        long start = appends ? 0 : offset; // nobody can say where it will begin
        long end = appends ? Long.MAX_VALUE : offset + source.size();
        dax.settle(start, end);
        try {
            return ErrnoException.check(write(file, offset, writeFlags, openFlags, source));
        } finally {
            dax.settle(start, end);
        }
    }

    /** Writes by way of the host's page cache to a file that was opened to get past it. */
    private int writeCached(
            HostHandle.OpenFile file, long offset, int writeFlags, int openFlags, GuestData source)
            throws ErrnoException {
        int flags = file.flags() & (Fcntl.O_ACCMODE | Fcntl.O_SYNC);
        int direct = file.fd().number();
        int fd = session.descriptors().opening(() -> share.reopen(direct, flags));
        try (Fd cached = Fd.own(syscalls, ErrnoException.check(fd))) {
            HostHandle.OpenFile same = new HostHandle.OpenFile(cached, flags, file.inode());
            return write(same, offset, writeFlags, openFlags, source);
        }
    }

    /** The number of bytes written, or a negated errno. */
    private int write(
            HostHandle.OpenFile file, long offset, int writeFlags, int openFlags, GuestData source)
            throws ErrnoException {
        int fd = file.fd().number();
        file.written();
        if ((writeFlags & WriteFlags.WRITE_CACHE) != 0) {
            file.inode().writeLate();
        }
        capability.drop(fd);
        int durable = durability(openFlags & ~file.flags());
        int flags =
                WriteFlags.appends(writeFlags, openFlags) ? durable | Fcntl.RWF_APPEND : durable;
        if ((writeFlags & WriteFlags.WRITE_KILL_SUIDGID) != 0) {
            return credentials.clearingSuid(true, fd, () -> tryWrite(fd, offset, source, flags));
        }
        return tryWrite(fd, offset, source, flags);
    }

    private static int durability(int flags) {
        if ((flags & (Fcntl.O_SYNC & ~Fcntl.O_DSYNC)) != 0) {
            return Fcntl.RWF_SYNC;
        }
        return (flags & Fcntl.O_DSYNC) != 0 ? Fcntl.RWF_DSYNC : 0;
    }

    private int tryWrite(int fd, long offset, GuestData source, int flags) {
        if (source.iovCount() > IoVector.MAX_PER_CALL) {
            return writeInParts(fd, offset, source, flags);
        }
        return (int) syscalls.pwritev2(fd, source.iovAddress(), source.iovCount(), offset, flags);
    }

    /**
     * Writes data in more pieces than one call takes.
     *
     * @return number of bytes, or a negated errno if there were none
     */
    private int writeInParts(int fd, long offset, GuestData data, int flags) {
        int done = 0;
        int first = 0;
        while (first < data.iovCount()) {
            int count = Math.min(IoVector.MAX_PER_CALL, data.iovCount() - first);
            long iov = data.iovAddress() + (long) first * IoVector.ENTRY_BYTES;
            long part = syscalls.pwritev2(fd, iov, count, offset + done, flags);
            if (part < 0) {
                return done > 0 ? done : (int) part;
            }
            done += (int) part;
            first += count;
            // A short transfer is the end: of the room, or at an error.
            if (part < IoVector.bytes(iov, count)) {
                return done;
            }
        }
        return done;
    }

    /**
     * close(2) of a duplicate reports what a file system has put off until then: nothing, if
     * nothing was written since it was asked before.
     */
    @Override
    public void flush(long nodeId, long fh, long lockOwner) throws ErrnoException {
        HostHandle.OpenFile file = session.file(nodeId, fh);
        writeBack(file);
        int closed = mayHaveFailed(file) ? closeDuplicate(file.fd().number()) : 0;
        locks.flushed(file, lockOwner);
        ErrnoException.check(closed);
    }

    private boolean mayHaveFailed(HostHandle.OpenFile file) {
        Inode inode = file.inode();
        return file.wasWritten()
                || (file.flags() & Fcntl.O_ACCMODE) != Fcntl.O_RDONLY
                        && (inode.isWrittenLate() || window.file(inode) != null);
    }

    private int closeDuplicate(int fd) throws ErrnoException {
        int duplicate = ErrnoException.check(session.descriptors().opening(() -> syscalls.dup(fd)));
        return syscalls.close(duplicate);
    }

    /** Brings what the guest has stored in shadow pages into the file. */
    private void writeBack(HostHandle handle) {
        DaxFile dax = window.file(handle.inode());
        if (dax != null) {
            dax.writeBack();
        }
    }

    @Override
    public void release(long fh) throws ErrnoException {
        writeBack(session.release(fh));
    }

    @Override
    public void fsync(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        HostHandle handle = session.handle(nodeId, fh);
        writeBack(handle);
        int fd = handle.fd().number();
        ErrnoException.check(dataOnly ? syscalls.fdatasync(fd) : syscalls.fsync(fd));
    }

    @Override
    public long lseek(long nodeId, long fh, long offset, int whence) throws ErrnoException {
        if (whence != SEEK_DATA && whence != SEEK_HOLE) {
            throw ErrnoException.of(Errno.EINVAL); // the guest knows the other ways itself
        }
        HostHandle.OpenFile file = session.file(nodeId, fh);
        writeBack(file);
        return ErrnoException.check(syscalls.lseek(file.fd().number(), offset, whence));
    }

    @Override
    public void fallocate(long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        share.refuseIfReadOnly();
        HostHandle.OpenFile file = session.file(nodeId, fh);
        int fd = file.fd().number();
        file.written();
        capability.drop(fd);
        Credentials.Call call = () -> syscalls.fallocate(fd, mode, offset, length);
        boolean killing = share.options().killpriv(); // the request does not say
        ErrnoException.check(
                mode == FALLOC_FL_KEEP_SIZE // for which the guest does not keep away
                        ? credentials.clearingSuid(killing, fd, call)
                        : window.change(
                                file.inode(),
                                Long.MAX_VALUE,
                                () -> credentials.clearingSuid(killing, fd, call)));
    }

    @Override
    public long copyFileRange(long nodeId, CopyRequest in) throws ErrnoException {
        share.refuseIfReadOnly();
        HostHandle.OpenFile from = session.file(nodeId, in.fhIn());
        HostHandle.OpenFile to = session.file(in.nodeidOut(), in.fhOut());
        capability.drop(to.fd().number());
        if (window.file(to.inode()) != null) {
            // Having copied, Linux 7.2 would take pages from maps that are in use. Refused, it
            // copies by reading and writing.
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        settle(from, in.offIn(), in.len());
        int source = from.fd().number();
        int target = to.fd().number();
        to.written();
        Credentials.Call call = // the length fits an int
                () ->
                        (int)
                                syscalls.copyFileRange(
                                        source, in.offIn(), target, in.offOut(), in.len());
        return ErrnoException.check(
                credentials.clearingSuid(share.options().killpriv(), target, call));
    }

    private void settle(HostHandle.OpenFile file, long offset, long length) {
        DaxFile dax = window.file(file.inode());
        if (dax != null) {
            dax.settle(offset, offset + length);
        }
    }
}
