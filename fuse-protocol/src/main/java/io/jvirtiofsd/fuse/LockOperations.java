package io.jvirtiofsd.fuse;

import java.util.Optional;

/**
 * Operations on locks that the file system keeps; handles as with {@link FileOperations}.
 * <i>Thread-safe</i>, as {@link Session} demands.
 */
public interface LockOperations {
    /** The operations of a file system that keeps no locks: the guest keeps its own. */
    LockOperations NONE = new LockOperations() {};

    /**
     * A lock of another owner that is in the way of {@code in}, a lock on a range of bytes; of type
     * {@link FileLock#F_UNLCK} if there is none.
     */
    default FileLock getlk(long nodeId, LockRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Sets or drops a lock at once. Those on ranges belong to {@link LockRequest#owner} and go with
     * a {@link FileOperations#flush} of it; those of {@link LockRequest#isFlock} belong to the
     * handle.
     *
     * @throws ErrnoException EAGAIN if another has it
     */
    default void setlk(long nodeId, LockRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Sets or drops a lock, or else gives what waits for it; ENOLCK refuses to wait. Waiting ends,
     * with ENOLCK, when the session does.
     */
    default Optional<LockWait> setlkw(long nodeId, LockRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
