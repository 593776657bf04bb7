package io.jvirtiofsd.fuse;

/**
 * Operations on nodes by their nodeId: attributes, and what is asked of a node as such. The {@link
 * Attributes} that are returned die when the session is called again on the same thread.
 * <i>Thread-safe</i>, as {@link Session} demands.
 */
public interface NodeOperations {
    /** The operations of a file system that answers none of these. */
    NodeOperations NONE = new NodeOperations() {};

    /** Attributes of a node; by {@code fh} if {@code hasHandle}, so that an open file is seen. */
    default Attributes getattr(long nodeId, boolean hasHandle, long fh) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Attributes as statx(2) has them, of which the guest wants {@code mask} (STATX_ bits); more or
     * fewer may be given.
     */
    default FullAttributes statx(long nodeId, boolean hasHandle, long fh, int mask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Changes what {@code change.valid()} names; returns the attributes after that. */
    default Attributes setattr(long nodeId, AttributeChange change) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The target of a symbolic link, 1 to 4095 bytes without NUL; EINVAL for other nodes. */
    default byte[] readlink(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Figures of the file system that holds the node. */
    default Statfs statfs(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Checks {@code mask} (4 R, 2 W, 1 X) for the caller. */
    default void access(Caller caller, long nodeId, int mask) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
