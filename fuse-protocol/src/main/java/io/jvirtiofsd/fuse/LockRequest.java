package io.jvirtiofsd.fuse;

/**
 * A lock that is asked for, set or dropped. <i>Immutable.</i>
 *
 * @param fh an open file
 * @param owner whose lock it is: as the guest numbers its processes, or its open files
 * @param lk the lock that is wanted; of type {@link FileLock#F_UNLCK} to drop it
 * @param isFlock whether it is of the open file as a whole, as flock(2) has it, and not of the
 *     range
 */
public record LockRequest(long fh, long owner, FileLock lk, boolean isFlock) {
    /** What lets go of an open file's lock. */
    public static LockRequest unlocking(long fh) {
        return new LockRequest(fh, 0, FileLock.WHOLE_FILE_UNLOCKED, true);
    }

    /** {@link FileLock#F_RDLCK}, {@link FileLock#F_WRLCK} or {@link FileLock#F_UNLCK}. */
    public int type() {
        return lk.type();
    }

    /** First byte of the range. */
    public long start() {
        return lk.start();
    }

    /** Last byte of the range. */
    public long end() {
        return lk.end();
    }

    public boolean isUnlock() {
        return lk.type() == FileLock.F_UNLCK;
    }
}
