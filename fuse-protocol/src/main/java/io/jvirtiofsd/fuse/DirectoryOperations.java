package io.jvirtiofsd.fuse;

/**
 * Operations on open directories; handles as with {@link FileOperations}. <i>Thread-safe</i>, as
 * {@link Session} demands.
 */
public interface DirectoryOperations {
    /** The operations of a file system that answers none of these. */
    DirectoryOperations NONE = new DirectoryOperations() {};

    /** Opens a directory. */
    default OpenReply opendir(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Puts entries from position {@code offset} (0, or the position given with an earlier entry)
     * into {@code sink} until it is full or the directory ends; with {@code plus}, names other than
     * "." and ".." are looked up (and counted) for each entry that the sink took.
     */
    default void readdir(long nodeId, long fh, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Ends a handle of {@link #opendir}, whatever node it is of. */
    default void releasedir(long fh) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a directory durable. */
    default void fsyncdir(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
