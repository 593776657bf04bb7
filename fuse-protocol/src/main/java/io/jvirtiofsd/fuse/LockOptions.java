package io.jvirtiofsd.fuse;

/**
 * Which locks of the guest are kept by the file system, where others see them, and not by the guest
 * itself. <i>Immutable.</i>
 *
 * @param posix those of fcntl(2), on ranges of bytes
 * @param flock those of flock(2), on open files
 */
public record LockOptions(boolean posix, boolean flock) {
    /** Each guest locks for itself. */
    public static final LockOptions NONE = new LockOptions(false, false);
}
