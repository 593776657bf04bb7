package io.jvirtiofsd.fuse;

/**
 * Operations on names: they find, make, move or remove one in a directory. The {@link Entry} that
 * is returned dies when the session is called again on the same thread. <i>Thread-safe</i>, as
 * {@link Session} demands.
 */
public interface NameOperations {
    /** The operations of a file system that answers none of these. */
    NameOperations NONE = new NameOperations() {};

    /** Looks {@code name} up; a name that does not exist gives an entry with nodeId 0 or ENOENT. */
    default Entry lookup(long parent, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Looks up a node that the guest once knew; the entry is of the same nodeId and generation.
     *
     * @throws ErrnoException ESTALE if it does not exist any more, or was forgotten too long ago
     */
    default Entry find(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ESTALE);
    }

    /** Looks up the directory that a directory is in; {@link FileSystem#ROOT} is in itself. */
    default Entry parent(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ESTALE);
    }

    /** Makes a symbolic link. */
    default Entry symlink(Caller caller, long parent, Name name, Name target)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Makes a file, fifo, socket or device node; {@code mode} has the type. {@code umask} is still
     * to be applied, unless the directory has a default ACL; here and wherever else it occurs.
     */
    default Entry mknod(Caller caller, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a directory. */
    default Entry mkdir(Caller caller, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes a name of anything but a directory. */
    default void unlink(long parent, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes an empty directory. */
    default void rmdir(long parent, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Renames; {@code flags} as renameat2(2): 1 NOREPLACE, 2 EXCHANGE, 4 WHITEOUT, or 0. */
    default void rename(long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Gives {@code nodeId} another name; the entry is of the same node. */
    default Entry link(long nodeId, long newParent, Name newName) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
