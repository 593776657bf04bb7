package io.jvirtiofsd.fuse;

/**
 * Operations on extended attributes of any kind of node. <i>Thread-safe</i>, as {@link Session}
 * demands.
 */
public interface XattrOperations {
    /** The operations of a file system that answers none of these. */
    XattrOperations NONE = new XattrOperations() {};

    /**
     * Sets an extended attribute to {@code value}, at most 65536 bytes.
     *
     * @param flags as setxattr(2): 1 CREATE, 2 REPLACE, or 0
     * @param killSgid clear set-group-ID as chmod(2) would; only with access ACLs
     */
    default void setxattr(long nodeId, Name name, byte[] value, int flags, boolean killSgid)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The whole value of an extended attribute, at most 65536 bytes; ENODATA if there is none. */
    default byte[] getxattr(long nodeId, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The names of all extended attributes, each with a NUL, at most 65536 bytes in all. */
    default byte[] listxattr(Caller caller, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes an extended attribute; ENODATA if there is none. */
    default void removexattr(long nodeId, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
