package io.jvirtiofsd.linux;

/**
 * A file of the host, whatever name, mount or descriptor it is reached by. <i>Immutable.</i>
 *
 * @param device as {@code Statx.device} joins its two numbers
 * @param ino inode number; it can be another file's once nobody has this one open
 */
public record FileId(long device, long ino) {
    /**
     * The file that {@code fd} refers to, as statx(2) says. It overwrites the thread's small block,
     * not the one for attributes, which may hold an answer that a guest is about to get.
     */
    public static FileId of(Syscalls syscalls, Fd fd) throws LinuxException {
        Scratch scratch = Scratch.get();
        NativeMemory statx = scratch.small();
        int mask = Statx.STATX_BASIC_STATS;
        long path = scratch.emptyPath();
        int flags = Fcntl.AT_EMPTY_PATH;
        LinuxException.check(
                syscalls.statx(fd.number(), path, flags, mask, statx.address()), "statx");
        return new FileId(Statx.device(statx), statx.getLong(Statx.INO));
    }

    // Written out: what a record has by itself is made at its first use, in a guest's first
    // request.
    @Override
    public boolean equals(Object other) {
        return other instanceof FileId file && file.ino == ino && file.device == device;
    }

    @Override
    public int hashCode() {
        return Long.hashCode(ino * 31 + device);
    }
}
