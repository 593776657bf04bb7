package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fd;

/**
 * A mount of the host on which the guest knows objects, and the descriptor through which those are
 * opened by file handle. Owned by the session's {@link Mounts}, that of the share by the share.
 */
final class Mount {
    private final long id;
    private final FileSystemType type;
    private final Fd fd;
    private int inodes;

    /**
     * @param id as statx(2) tells it; 0 where the host's kernel does not
     * @param type that of the file system that is mounted
     * @param fd any descriptor on it that is not O_PATH; null if its objects cannot be opened by
     *     handle
     */
    Mount(long id, FileSystemType type, Fd fd) {
        this.id = id;
        this.type = type;
        this.fd = fd;
    }

    long id() {
        return id;
    }

    FileSystemType type() {
        return type;
    }

    /** What open_by_handle_at(2) wants, or null if no handle can be opened here. */
    Fd fd() {
        return fd;
    }

    /** Whether an object on it can do without a descriptor of its own. */
    boolean opensHandles() {
        return fd != null;
    }

    /** Notes that an inode has come or gone; how many there are; guarded by {@link Mounts}. */
    int count(int change) {
        inodes += change;
        return inodes;
    }
}
