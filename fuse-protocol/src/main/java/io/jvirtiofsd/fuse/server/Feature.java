package io.jvirtiofsd.fuse.server;

/** What a server agrees on with a guest that offers it only if the server's owner says so. */
public enum Feature {
    /** Directory listings carry attributes where lookups would follow. */
    READDIRPLUS(InitFlag.DO_READDIRPLUS, InitFlag.READDIRPLUS_AUTO),

    /** Directories are never opened: the file system lists them by node, with handle 0. */
    NO_OPENDIR(InitFlag.NO_OPENDIR_SUPPORT),

    /** The guest keeps the targets of symbolic links without asking again. */
    KEPT_SYMLINKS(InitFlag.CACHE_SYMLINKS),

    /** The file system finds nodes again that were forgotten, so that a guest can export them. */
    EXPORT(InitFlag.EXPORT_SUPPORT),

    /** The guest is told where other file systems are mounted. */
    SUBMOUNTS(InitFlag.SUBMOUNTS),

    /** Locks of fcntl(2) are kept by the file system, where others see them. */
    POSIX_LOCKS(InitFlag.POSIX_LOCKS),

    /** Locks of flock(2) are kept by the file system. */
    FLOCK_LOCKS(InitFlag.FLOCK_LOCKS),

    /** The guest keeps what is written for a while; it then owns size and times of the file. */
    WRITEBACK(InitFlag.WRITEBACK_CACHE),

    /** Shared mmap also of files whose data the guest does not keep. */
    SHARED_MMAP(InitFlag.DIRECT_IO_ALLOW_MMAP),

    /** The file system clears set-user-ID, set-group-ID and capabilities when told to. */
    KILLPRIV(InitFlag.HANDLE_KILLPRIV_V2);

    private final long mask;

    Feature(InitFlag... flags) {
        long bits = 0;
        for (InitFlag flag : flags) {
            bits |= flag.mask();
        }
        mask = bits;
    }

    /** Its bits of INIT. */
    long mask() {
        return mask;
    }
}
