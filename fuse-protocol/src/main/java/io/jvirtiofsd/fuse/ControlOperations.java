package io.jvirtiofsd.fuse;

/**
 * What a program may do with an open file beside reading and writing it, and syncfs(2); handles as
 * with {@link FileOperations}. <i>Thread-safe</i>, as {@link Session} demands.
 */
public interface ControlOperations {
    /** The operations of a file system that answers none of these. */
    ControlOperations NONE = new ControlOperations() {};

    /** Makes the whole file system that holds the node durable. */
    default void syncfs(long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * The answer of an ioctl(2) that reads {@code bytes} bytes; {@code command} is FS_IOC_GETFLAGS
     * or FS_IOC_FSGETXATTR.
     */
    default byte[] ioctlGet(long nodeId, long fh, int command, int bytes) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Makes an ioctl(2) that is given {@code value}; {@code command} is FS_IOC_SETFLAGS or
     * FS_IOC_FSSETXATTR.
     */
    default void ioctlSet(long nodeId, long fh, int command, byte[] value) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Which of {@code events} (poll(2)) an open file is ready for now. */
    default int poll(long nodeId, long fh, int events) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
