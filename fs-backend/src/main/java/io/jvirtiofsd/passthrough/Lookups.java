package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;

/**
 * Turns names into inodes, counting the lookup: the only way by which the guest gets to know an
 * object.
 *
 * <p>A name is one component and is never followed: a symbolic link gives the link.
 * <i>Stateless</i>, works on the session it is given.
 */
final class Lookups {
    private Lookups() {}

    /**
     * Looks a name up with one system call if its object is known already.
     *
     * @return the entry, nodeId 0 if there is no such name
     */
    static EntryCursor lookup(HostSession session, int directory, Name name) throws ErrnoException {
        HostDirectory share = session.share();
        NativeMemory statx = Scratch.get().statx();
        int result = statx(share, directory, name);
        if (result == -Errno.ENOENT) {
            return share.cursor().none();
        }
        Failures.check(result);
        Inode known =
                session.inodes()
                        .find(Statx.device(statx), statx.getLong(Statx.INO), Statx.mountId(statx));
        if (known != null && count(session, directory, name, known)) {
            follow(share, known, statx);
            return share.cursor().at(known, session.generation());
        }
        return open(session, directory, name);
    }

    private static int statx(HostDirectory share, int directory, Name name) {
        return share.syscalls()
                .statx(
                        directory,
                        EntryCursor.path(name),
                        Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT,
                        HostDirectory.LOOKUP_MASK,
                        Scratch.get().statx().address());
    }

    /** Counts a lookup of a known inode, unless it has been forgotten or its object is gone. */
    private static boolean count(HostSession session, int directory, Name name, Inode known) {
        if (known.path() != null) {
            known.use();
            return known.addLookup();
        }
        if (known.isForgotten()) {
            return false;
        }
        // Without an open descriptor the inode number may have become another object's. Asking
        // overwrites nothing but the path slot and the small block.
        FileHandle handle = known.handle();
        boolean same =
                handle != null
                        && handle.isNamed(
                                session.share().syscalls(), directory, EntryCursor.path(name));
        if (!same && !session.descriptors().exists(known)) {
            session.inodes().disown(known);
            return false;
        }
        return known.addLookup();
    }

    /**
     * Looks up what is new: what the descriptor shows is the truth, whatever the name does next.
     */
    static EntryCursor open(HostSession session, int directory, Name name) throws ErrnoException {
        HostDirectory share = session.share();
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () -> share.syscalls().openat(directory, EntryCursor.path(name), flags, 0);
        int fd = session.descriptors().opening(call);
        if (fd == -Errno.ENOENT) {
            return share.cursor().none();
        }
        return add(session, Fd.own(share.syscalls(), Failures.check(fd)));
    }

    /**
     * The inode of a name that the guest is about to take from it, if the guest knows it and there
     * is no other name; null if not. The guest's programs may go on using it.
     */
    static Inode lastNamed(HostSession session, int directory, Name name) {
        NativeMemory statx = Scratch.get().statx();
        if (statx(session.share(), directory, name) < 0) {
            return null;
        }
        boolean directoryItself = (statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFDIR;
        if (statx.getInt(Statx.NLINK) > 1 && !directoryItself) {
            return null;
        }
        Inode inode =
                session.inodes()
                        .find(Statx.device(statx), statx.getLong(Statx.INO), Statx.mountId(statx));
        return inode == null || inode.isForgotten() ? null : inode;
    }

    /** Counts a lookup of what {@code path}, an O_PATH descriptor that is taken, refers to. */
    static EntryCursor add(HostSession session, Fd path) throws ErrnoException {
        HostDirectory share = session.share();
        int result = share.statx(path.number(), HostDirectory.LOOKUP_MASK);
        if (result < 0) {
            path.close();
            throw ErrnoException.of(-result);
        }
        NativeMemory statx = Scratch.get().statx();
        Inode fresh;
        try {
            fresh = inode(session, path, statx);
        } catch (ErrnoException e) {
            path.close();
            throw e;
        }
        if (statx.getInt(Statx.NLINK) == 0) {
            fresh.allowNameless();
        }
        fresh.mark(
                share.mappings().isPresent() && share.mappings().get().wants(path.number(), statx));
        Inode before = session.inodes().find(fresh.device(), fresh.ino(), fresh.mountId());
        if (before != null && before.isForgotten() && fresh.handle() == null) {
            fresh.setHandle(FileHandle.of(share.syscalls(), path.number())); // to compare with
        }
        Inode counted = session.inodes().lookupOrAdd(fresh);
        if (counted != fresh) {
            path.close();
            session.mounts().leave(fresh.mount());
        }
        if (counted == null) {
            throw ErrnoException.of(Errno.ENFILE);
        }
        if (counted == fresh) {
            session.added(fresh);
        }
        follow(share, counted, statx);
        return share.cursor().at(counted, session.generation());
    }

    /**
     * Looks up what the guest has, or once had, by its nodeId alone: as long as its handle is
     * remembered and leads to it.
     */
    static EntryCursor find(HostSession session, long nodeId) throws ErrnoException {
        Inode known = session.inodes().get(nodeId);
        if (known != null) {
            Failures.check(
                    session.share()
                            .statx(session.descriptors().of(known), HostDirectory.LOOKUP_MASK));
            if (known.addLookup()) {
                follow(session.share(), known, Scratch.get().statx());
                return session.share().cursor().at(known, session.generation());
            }
        }
        Inode forgotten = session.inodes().forgotten(nodeId);
        if (forgotten == null || !session.mounts().has(forgotten.mount())) {
            throw ErrnoException.of(Errno.ESTALE);
        }
        Fd path = session.descriptors().again(forgotten);
        if (session.share().isNameless(path.number())) { // some program of the host has it open
            path.close();
            throw ErrnoException.of(Errno.ESTALE);
        }
        EntryCursor entry = add(session, path);
        if (entry.nodeId() != nodeId) { // remembered no more since it was opened
            session.forget(entry.nodeId(), 1);
            throw ErrnoException.of(Errno.ESTALE);
        }
        return entry;
    }

    /** Looks up the directory that a directory is in, in the share. */
    static EntryCursor parent(HostSession session, long nodeId) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        if (inode.isPinned()) {
            return find(session, nodeId);
        }
        int path = session.directory(nodeId);
        byte[] up = {'.', '.'};
        int flags = Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () ->
                        session.share()
                                .syscalls()
                                .openat(path, Scratch.get().path(up, 0, up.length), flags, 0);
        Fd parent =
                Fd.own(
                        session.share().syscalls(),
                        Failures.check(session.descriptors().opening(call)));
        if (!session.share().contains(parent.number())) { // the host has moved it out
            parent.close();
            throw ErrnoException.of(Errno.ESTALE);
        }
        return add(session, parent);
    }

    /** An inode of what is open as {@code path}, unless the guest must not know it. */
    private static Inode inode(HostSession session, Fd path, NativeMemory statx)
            throws ErrnoException {
        Mount mount = session.mounts().enter(path.number(), statx);
        Inode fresh =
                new Inode(
                        Statx.device(statx),
                        statx.getLong(Statx.INO),
                        mount,
                        statx.getShort(Statx.MODE) & Statx.S_IFMT,
                        path);
        try {
            session.descriptors().require(fresh);
        } catch (ErrnoException e) {
            session.mounts().leave(mount);
            throw e;
        }
        return fresh;
    }

    /** Before the guest learns a file's size: its maps must reach as far. */
    static void follow(HostDirectory share, Inode inode, NativeMemory statx) {
        DaxFile dax = share.dax(inode);
        if (dax != null) {
            long stamp =
                    statx.getLong(Statx.MTIME) * 1_000_000_000L + statx.getInt(Statx.MTIME + 8);
            dax.follow(statx.getLong(Statx.SIZE), stamp);
        }
    }

    /** Counts a lookup of a known inode, open as {@code path}, which has just got a name. */
    static EntryCursor again(HostSession session, Inode inode, int path) throws ErrnoException {
        HostDirectory share = session.share();
        Failures.check(share.statx(path, HostDirectory.LOOKUP_MASK));
        if (!inode.addLookup()) {
            throw ErrnoException.of(Errno.ENOENT); // forgotten by the guest meanwhile
        }
        follow(share, inode, Scratch.get().statx());
        return share.cursor().at(inode, session.generation());
    }

    /** Looks up what has just been made; that it is gone again is an error. */
    static EntryCursor lookupMade(HostSession session, int directory, Name name)
            throws ErrnoException {
        EntryCursor entry = lookup(session, directory, name);
        if (entry.nodeId() == 0) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return entry;
    }
}
