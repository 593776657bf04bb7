package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Operations that find, make, move or remove names, of one session.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostNames implements NameOperations {
    private static final int RENAME_FLAGS = 1 | 2 | 4; // NOREPLACE, EXCHANGE, WHITEOUT
    private static final int PERMISSION_BITS = 07777;

    private final HostDirectory share;
    private final HostSession session;
    private final Lookups lookups;
    private final Creation creation;
    private final Syscalls syscalls;

    HostNames(HostDirectory share, HostSession session, Lookups lookups, Creation creation) {
        this.share = share;
        this.session = session;
        this.lookups = lookups;
        this.creation = creation;
        this.syscalls = share.syscalls();
    }

    @Override
    public Entry lookup(long parent, Name name) throws ErrnoException {
        int directory = session.directory(parent);
        Entry entry = lookups.lookup(directory, name);
        if (entry.nodeId() == 0) {
            session.requireName(session.inode(parent), directory);
        }
        return entry;
    }

    @Override
    public Entry find(long nodeId) throws ErrnoException {
        return lookups.find(nodeId);
    }

    @Override
    public Entry parent(long nodeId) throws ErrnoException {
        return lookups.parent(nodeId);
    }

    @Override
    public Entry symlink(Caller caller, long parent, Name name, Name target) throws ErrnoException {
        int directory = session.directory(parent);
        Credentials.Call creating =
                () -> {
                    long to = Scratch.get().path2(target.array(), target.offset(), target.length());
                    return syscalls.symlinkat(to, directory, EntryCursor.path(name));
                };
        return made(caller, parent, directory, name, creating, 0);
    }

    @Override
    public Entry mknod(Caller caller, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        int directory = session.directory(parent);
        long device = rdev & 0xffffffffL;
        Credentials.Call creating =
                () -> syscalls.mknodat(directory, EntryCursor.path(name), mode, device);
        return made(caller, parent, directory, name, creation.masked(umask, creating), 0);
    }

    @Override
    public Entry mkdir(Caller caller, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        int directory = session.directory(parent);
        int permissions = mode & PERMISSION_BITS;
        Credentials.Call creating =
                () -> syscalls.mkdirat(directory, EntryCursor.path(name), permissions);
        return made(
                caller,
                parent,
                directory,
                name,
                creation.masked(umask, creating),
                Fcntl.AT_REMOVEDIR);
    }

    /**
     * Makes an object by {@code creating}, labels it and looks it up.
     *
     * @param removal flags of unlinkat(2) that remove it if it cannot get its label
     */
    private Entry made(
            Caller caller,
            long parent,
            int directory,
            Name name,
            Credentials.Call creating,
            int removal)
            throws ErrnoException {
        share.refuseIfReadOnly();
        session.checkByName(parent, directory, creation.make(caller, creating));
        creation.labelNamed(caller, directory, name, removal);
        return lookups.lookupMade(directory, name);
    }

    @Override
    public void unlink(long parent, Name name) throws ErrnoException {
        remove(parent, name, 0);
    }

    @Override
    public void rmdir(long parent, Name name) throws ErrnoException {
        remove(parent, name, Fcntl.AT_REMOVEDIR);
    }

    private void remove(long parent, Name name, int flags) throws ErrnoException {
        share.refuseIfReadOnly();
        int directory = session.directory(parent);
        Inode last = lookups.lastNamed(directory, name);
        int result = syscalls.unlinkat(directory, EntryCursor.path(name), flags);
        session.checkByName(parent, directory, result);
        if (last != null) {
            last.allowNameless();
        }
    }

    @Override
    public void rename(long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        if ((flags & ~RENAME_FLAGS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        share.refuseIfReadOnly();
        int from = session.directory(parent);
        int to = session.directory(newParent);
        Inode last = flags == 0 ? lookups.lastNamed(to, newName) : null;
        long newPath = Scratch.get().path2(newName.array(), newName.offset(), newName.length());
        int result = syscalls.renameat2(from, EntryCursor.path(name), to, newPath, flags);
        if (result == -Errno.ENOENT) {
            session.requireName(session.inode(parent), from);
        }
        session.checkByName(newParent, to, result);
        if (last != null) {
            last.allowNameless();
        }
    }

    @Override
    public Entry link(long nodeId, long newParent, Name newName) throws ErrnoException {
        share.refuseIfReadOnly();
        Inode inode = session.inode(nodeId);
        int path = session.descriptors().of(inode);
        int directory = session.directory(newParent);
        long newPath = Scratch.get().path2(newName.array(), newName.offset(), newName.length());
        int result =
                syscalls.linkat(
                        share.procFd(),
                        Scratch.get().decimal(path),
                        directory,
                        newPath,
                        Fcntl.AT_SYMLINK_FOLLOW);
        if (result == -Errno.ENOENT) { // as linkat(2) says of an object without a name, too
            session.requireName(inode, path);
        }
        session.checkByName(newParent, directory, result);
        return lookups.again(inode, path);
    }
}
