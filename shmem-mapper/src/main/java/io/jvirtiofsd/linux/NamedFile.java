package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A file beside others' in a directory that may not be ours alone: looked at without following
 * links, and removed only as long as it is the one that was looked at. <i>Immutable.</i>
 */
record NamedFile(long device, long ino, int type, int uid, int links) {
    /** What stands at {@code path}, a link itself if it is one; null if that is nothing. */
    static NamedFile at(Syscalls syscalls, Path path) {
        long name = name(path);
        return statx(syscalls, Fcntl.AT_FDCWD, name, Fcntl.AT_SYMLINK_NOFOLLOW);
    }

    /** What a descriptor refers to. */
    static NamedFile of(Syscalls syscalls, int fd) {
        return statx(syscalls, fd, Scratch.get().emptyPath(), Fcntl.AT_EMPTY_PATH);
    }

    private static NamedFile statx(Syscalls syscalls, int fd, long name, int flags) {
        NativeMemory statx = Scratch.get().statx();
        int result = syscalls.statx(fd, name, flags, Statx.STATX_BASIC_STATS, statx.address());
        return result < 0
                ? null
                : new NamedFile(
                        Statx.device(statx),
                        statx.getLong(Statx.INO),
                        statx.getShort(Statx.MODE) & Statx.S_IFMT,
                        statx.getInt(Statx.UID),
                        statx.getInt(Statx.NLINK));
    }

    /** Whether both are the same file, whatever has changed of it. */
    boolean isSame(NamedFile other) {
        return other != null && device == other.device && ino == other.ino;
    }

    /** Whether it is of this type (S_IF bits) and its owner is whom this process runs as. */
    boolean isOwn(Syscalls syscalls, int wanted) {
        return type == wanted && uid == syscalls.geteuid();
    }

    /** Removes it, if it is what stands at {@code path}. */
    void remove(Syscalls syscalls, Path path) {
        if (isSame(at(syscalls, path))) {
            syscalls.unlinkat(Fcntl.AT_FDCWD, name(path), 0);
        }
    }

    /** A C string, good until this thread's next. */
    static long name(Path path) {
        byte[] bytes = bytes(path);
        return Scratch.get().path(bytes, 0, bytes.length);
    }

    static byte[] bytes(Path path) {
        return path.toString().getBytes(StandardCharsets.UTF_8);
    }
}
