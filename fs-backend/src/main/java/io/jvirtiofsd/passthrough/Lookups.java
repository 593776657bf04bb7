package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import java.util.concurrent.TimeUnit;

/**
 * Turns names into inodes, counting the lookup: the only way by which the guest gets to know an
 * object.
 *
 * <p>What is returned is the thread's {@link EntryCursor}: it dies with the next lookup on the
 * thread, its attributes with the next statx(2). A name is one component and is never followed: a
 * symbolic link gives the link. <i>Thread-safe</i>; of one session.
 */
final class Lookups {
    /** File systems' times are at least as fine. */
    private static final int TICK_MILLIS = 1_000;

    private final HostDirectory share;
    private final HostSession session;
    private final HostWindow window;

    Lookups(HostDirectory share, HostSession session, HostWindow window) {
        this.share = share;
        this.session = session;
        this.window = window;
    }

    /**
     * Looks a name up with one system call if its object is known already.
     *
     * @return the entry, nodeId 0 if there is no such name
     */
    EntryCursor lookup(int directory, Name name) throws ErrnoException {
        NativeMemory statx = Scratch.get().statx();
        int result = statx(directory, name);
        if (result == -Errno.ENOENT) {
            return session.cursor().none();
        }
        ErrnoException.check(result);
        Inode known =
                session.inodes()
                        .find(Statx.device(statx), statx.getLong(Statx.INO), Statx.mountId(statx));
        if (known != null && count(directory, name, known)) {
            EntryCursor entry = session.cursor().at(known);
            window.follow(known, statx);
            return entry;
        }
        return open(directory, name);
    }

    private int statx(int directory, Name name) {
        return share.syscalls()
                .statx(
                        directory,
                        EntryCursor.path(name),
                        Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_NO_AUTOMOUNT,
                        HostDirectory.LOOKUP_MASK,
                        Scratch.get().statx().address());
    }

    /** Counts a lookup of a known inode, unless it has been forgotten or its object is gone. */
    private boolean count(int directory, Name name, Inode known) throws ErrnoException {
        Fd path = known.path();
        if (path != null) {
            if (isParted(known, path)) {
                session.inodes().disown(known);
                return false;
            }
            known.use();
            return known.addLookup();
        }
        if (known.isForgotten()) {
            return false;
        }
        // Without an open descriptor the inode number may have become another object's.
        NativeMemory statx = Scratch.get().statx();
        if (known.wasBorn(Statx.birth(statx))) {
            return known.addLookup();
        }
        // Asking overwrites nothing but the path slot and the small block.
        FileHandle handle = known.handle();
        boolean same =
                handle != null
                        && handle.isNamed(share.syscalls(), directory, EntryCursor.path(name));
        if (!same && !session.descriptors().exists(known)) {
            session.inodes().disown(known);
            return false;
        }
        noteBirth(known, statx);
        return known.addLookup();
    }

    /**
     * Notes when an object was made if any other that gets its inode number will have another birth
     * time: if clocks have ticked since then. {@code statx} is what statx(2) says of it.
     */
    private static void noteBirth(Inode inode, NativeMemory statx) {
        long birth = Statx.birth(statx);
        long now = System.currentTimeMillis();
        if (birth != 0
                && TimeUnit.NANOSECONDS.toMillis(birth) + TICK_MILLIS < now
                && inode.mount().type().hasOwnBirthTimes()) {
            inode.setBirth(birth);
        }
    }

    /**
     * Whether a file that is open as {@code path}, and was found by its number, is not the one with
     * this number any more: of two links of a file it was the other.
     */
    private boolean isParted(Inode known, Fd path) {
        if (known.mount().type().hasLastingNumbers() || known.isDirectory()) {
            return false;
        }
        int result = session.descriptors().compare(known, path, Fcntl.AT_STATX_FORCE_SYNC);
        return result == -Errno.ESTALE || result == -Errno.ENOENT;
    }

    /**
     * Looks up what is new: what the descriptor shows is the truth, whatever the name does next.
     */
    EntryCursor open(int directory, Name name) throws ErrnoException {
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () -> share.syscalls().openat(directory, EntryCursor.path(name), flags, 0);
        int fd = session.descriptors().opening(call);
        if (fd == -Errno.ENOENT) {
            return session.cursor().none();
        }
        return add(Fd.own(share.syscalls(), ErrnoException.check(fd)));
    }

    /**
     * The inode of a name that the guest is about to take from it, if the guest knows it and there
     * is no other name; null if not. The guest's programs may go on using it.
     */
    Inode lastNamed(int directory, Name name) {
        NativeMemory statx = Scratch.get().statx();
        if (statx(directory, name) < 0) {
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
    EntryCursor add(Fd path) throws ErrnoException {
        int result = share.statx(path.number(), HostDirectory.LOOKUP_MASK);
        if (result < 0) {
            path.close();
            throw ErrnoException.of(-result);
        }
        NativeMemory statx = Scratch.get().statx();
        Inode fresh;
        try {
            fresh = inode(path, statx);
        } catch (ErrnoException e) {
            path.close();
            throw e;
        }
        if (statx.getInt(Statx.NLINK) == 0) {
            fresh.allowNameless();
        }
        fresh.mark(window.wants(path.number(), statx));
        noteBirth(fresh, statx);
        if (fresh.handle() == null
                && session.inodes().find(fresh.device(), fresh.ino(), fresh.mountId()) != null) {
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
        EntryCursor entry = session.cursor().at(counted);
        window.follow(counted, statx);
        return entry;
    }

    /**
     * Looks up what the guest has, or once had, by its nodeId alone: as long as its handle is
     * remembered and leads to it.
     */
    EntryCursor find(long nodeId) throws ErrnoException {
        Inode known = session.inodes().get(nodeId);
        if (known != null) {
            ErrnoException.check(
                    share.statx(session.descriptors().of(known), HostDirectory.LOOKUP_MASK));
            if (known.addLookup()) {
                EntryCursor entry = session.cursor().at(known);
                window.follow(known, Scratch.get().statx());
                return entry;
            }
        }
        Inode forgotten = session.inodes().forgotten(nodeId);
        if (forgotten == null || !session.mounts().has(forgotten.mount())) {
            throw ErrnoException.of(Errno.ESTALE);
        }
        Fd path = session.descriptors().again(forgotten);
        if (share.isNameless(path.number())) { // some program of the host has it open
            path.close();
            throw ErrnoException.of(Errno.ESTALE);
        }
        EntryCursor entry = add(path);
        if (entry.nodeId() != nodeId) { // remembered no more since it was opened
            session.forget(entry.nodeId(), 1);
            throw ErrnoException.of(Errno.ESTALE);
        }
        return entry;
    }

    /** Looks up the directory that a directory is in, in the share. */
    EntryCursor parent(long nodeId) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        if (inode.isPinned()) {
            return find(nodeId);
        }
        int path = session.directory(nodeId);
        byte[] up = {'.', '.'};
        int flags = Fcntl.O_PATH | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
        PathDescriptors.Opening call =
                () -> share.syscalls().openat(path, Scratch.get().path(up, 0, up.length), flags, 0);
        Fd parent =
                Fd.own(share.syscalls(), ErrnoException.check(session.descriptors().opening(call)));
        if (!share.contains(parent.number())) { // the host has moved it out
            parent.close();
            throw ErrnoException.of(Errno.ESTALE);
        }
        return add(parent);
    }

    /** An inode of what is open as {@code path}, unless the guest must not know it. */
    private Inode inode(Fd path, NativeMemory statx) throws ErrnoException {
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

    /** Counts a lookup of a known inode, open as {@code path}, which has just got a name. */
    EntryCursor again(Inode inode, int path) throws ErrnoException {
        ErrnoException.check(share.statx(path, HostDirectory.LOOKUP_MASK));
        if (!inode.addLookup()) {
            throw ErrnoException.of(Errno.ENOENT); // forgotten by the guest meanwhile
        }
        EntryCursor entry = session.cursor().at(inode);
        window.follow(inode, Scratch.get().statx());
        return entry;
    }

    /** Looks up what is there, as was just seen; that it is gone again is an error. */
    EntryCursor lookupPresent(int directory, Name name) throws ErrnoException {
        return present(lookup(directory, name));
    }

    /** Looks up what has just been made, and so is new; that it is gone again is an error. */
    EntryCursor lookupMade(int directory, Name name) throws ErrnoException {
        return present(open(directory, name));
    }

    private static EntryCursor present(EntryCursor entry) throws ErrnoException {
        if (entry.nodeId() == 0) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return entry;
    }
}
