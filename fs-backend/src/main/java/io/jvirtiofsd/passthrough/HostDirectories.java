package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.DirectoryOperations;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.function.IntUnaryOperator;

/**
 * Operations on open directories of one session.
 *
 * <p>The host's own directory positions are the guest's cookies. <i>Thread-safe</i>: one handle is
 * read by one thread at a time. Source: getdents64(2).
 */
final class HostDirectories implements DirectoryOperations {
    private static final int SEEK_SET = 0; // linux/fs.h
    private static final long NO_HANDLE = 0; // none has this number

    // struct linux_dirent64: ino@0 off@8 reclen@16 type@18 name@19
    private static final int OFF = 8;
    private static final int RECLEN = 16;
    private static final int TYPE = 18;
    private static final int NAME = 19;

    private final HostDirectory share;
    private final HostSession session;
    private final Lookups lookups;
    private final Syscalls syscalls;

    HostDirectories(HostDirectory share, HostSession session, Lookups lookups) {
        this.share = share;
        this.session = session;
        this.lookups = lookups;
        this.syscalls = share.syscalls();
    }

    @Override
    public OpenReply opendir(long nodeId) throws ErrnoException {
        int path = session.directory(nodeId);
        Inode inode = session.inode(nodeId);
        session.requireName(inode, path);
        PathDescriptors.Opening call = () -> share.reopen(path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY);
        int fd = session.descriptors().openingToStay(call);
        Fd owned = Fd.own(syscalls, ErrnoException.check(fd));
        long fh = session.add(new HostHandle.OpenDirectory(owned, inode));
        return new OpenReply(fh, share.options().cache().policy().directoryFlags());
    }

    @Override
    public void readdir(long nodeId, long fh, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        boolean root = nodeId == FileSystem.ROOT;
        if (isUnopened(fh)) {
            try (Fd fd = session.openDirectory(nodeId)) {
                if (offset != 0) {
                    ErrnoException.check(syscalls.lseek(fd.number(), offset, SEEK_SET));
                }
                fill(fd.number(), root, offset, plus, sink);
            }
            return;
        }
        HostHandle.OpenDirectory directory = session.openDirectoryHandle(nodeId, fh);
        synchronized (directory) {
            int fd = directory.fd().number();
            if (directory.position() != offset) {
                ErrnoException.check(syscalls.lseek(fd, offset, SEEK_SET));
            }
            long reached = -1; // unless it is known: an error may come after getdents64(2)
            try {
                reached = fill(fd, root, offset, plus, sink);
            } finally {
                directory.setPosition(reached);
            }
        }
    }

    @Override
    public void releasedir(long fh) throws ErrnoException {
        session.release(fh);
    }

    /** Whether a guest that opens no directories means the node itself. */
    private boolean isUnopened(long fh) {
        return fh == NO_HANDLE && share.listsByNode();
    }

    @Override
    public void fsyncdir(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        ErrnoException.check(
                with(nodeId, fh, fd -> dataOnly ? syscalls.fdatasync(fd) : syscalls.fsync(fd)));
    }

    /**
     * The result of {@code action} on the descriptor of {@code fh}, or of an unopened directory.
     */
    int with(long nodeId, long fh, IntUnaryOperator action) throws ErrnoException {
        if (!isUnopened(fh)) {
            return action.applyAsInt(session.handle(nodeId, fh).fd().number());
        }
        try (Fd fd = session.openDirectory(nodeId)) {
            return action.applyAsInt(fd.number());
        }
    }

    /**
     * Passes entries on until the sink is full or the directory ends.
     *
     * @return where the descriptor stands, or &minus;1 if that is beyond what was passed on
     */
    private long fill(int fd, boolean root, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        NativeMemory block = Scratch.get().directory();
        // An entry with attributes takes several times the room of the host's.
        int wanted = plus ? block.size() / 4 : block.size();
        long position = offset;
        boolean any = false;
        while (true) {
            long filled = syscalls.getdents64(fd, block.address(), wanted);
            if (filled < 0 && any) {
                return -1; // what there is so far is a good answer
            }
            if (ErrnoException.check(filled) == 0) {
                return position;
            }
            for (int at = 0; at < filled; at += block.getShort(at + RECLEN) & 0xffff) {
                Name name = session.cursor().name(block, at + NAME);
                if (name == null) {
                    continue; // cut to what fits it would be another object's name
                }
                if (!add(fd, root, plus, sink, block, at, name)) {
                    if (!any) {
                        throw ErrnoException.of(Errno.EINVAL); // no room for even one entry
                    }
                    return -1;
                }
                any = true;
                position = block.getLong(at + OFF);
            }
        }
    }

    private boolean add(
            int fd,
            boolean root,
            boolean plus,
            DirectorySink sink,
            NativeMemory block,
            int at,
            Name name)
            throws ErrnoException {
        long ino = block.getLong(at);
        long next = block.getLong(at + OFF);
        int type = block.getByte(at + TYPE) & 0xff;
        boolean dots = name.isDots();
        if (dots && root) {
            ino = share.rootIno(); // ".." is not in the share
        }
        if (!plus || dots) {
            return sink.add(ino, next, type, name);
        }
        if (!sink.fits(name.length())) {
            return false;
        }
        EntryCursor entry;
        try {
            entry = lookups.lookup(fd, name);
        } catch (ErrnoException e) {
            return sink.add(ino, next, type, name); // the guest asks again if it needs to know
        }
        if (entry.nodeId() == 0) {
            return true; // gone meanwhile
        }
        boolean added = sink.add(entry, next, name);
        if (!added) {
            session.forget(entry.nodeId(), 1);
        }
        return added;
    }
}
