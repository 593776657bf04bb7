package io.jvirtiofsd.fuse;

/**
 * Operations on open regular files. A handle comes with the nodeId that the guest says it is of:
 * with another node it is {@code EBADF}. <i>Thread-safe</i>, as {@link Session} demands.
 */
public interface FileOperations {
    /** The operations of a file system that answers none of these. */
    FileOperations NONE = new FileOperations() {};

    /**
     * Opens a regular file. {@code flags} are the guest's O_ flags without O_CREAT and O_EXCL;
     * {@code killSuidgid} asks to clear suid and sgid when O_TRUNC truncates.
     */
    default OpenReply open(long nodeId, int flags, boolean killSuidgid) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Makes and opens a regular file. One that exists is opened instead, unless {@code O_EXCL} is
     * set.
     *
     * @throws ErrnoException EEXIST if it exists and {@code O_EXCL} is set
     */
    default CreateReply create(Caller caller, long parent, Name name, NewFile in)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes and opens a regular file without a name, in the file system of {@code directory}. */
    default CreateReply tmpfile(Caller caller, long directory, NewFile in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Reads up to {@code target.size()} bytes at {@code offset}; fewer only at the end of the file.
     *
     * @return number of bytes put at the front of {@code target}
     */
    default int read(long nodeId, long fh, long offset, GuestData target) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Writes {@code source} at {@code offset}.
     *
     * @param writeFlags WRITE_ flags of {@link WriteFlags}
     * @param openFlags the file's O_ flags at this time; O_SYNC and O_DSYNC count for this write,
     *     and O_APPEND as {@link WriteFlags#appends} says
     * @return number of bytes written
     */
    default int write(
            long nodeId, long fh, long offset, int writeFlags, int openFlags, GuestData source)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Called for each close of a duplicate; reports delayed errors. */
    default void flush(long nodeId, long fh, long lockOwner) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Ends a handle of {@link #open}, {@link #create} or {@link #tmpfile}, whatever node it is of.
     */
    default void release(long fh) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a file durable; only what is needed to read its data back if {@code dataOnly}. */
    default void fsync(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Finds data ({@code whence} 3) or a hole (4) at or after {@code offset}. */
    default long lseek(long nodeId, long fh, long offset, int whence) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** fallocate(2) with {@code mode} as there. */
    default void fallocate(long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Copies between two open files, at most 64 MiB; returns the number of bytes copied. */
    default long copyFileRange(long nodeId, CopyRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
