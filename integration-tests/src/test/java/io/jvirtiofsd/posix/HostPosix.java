package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A directory of the host by system calls: the control of the conformance checks. */
final class HostPosix implements Posix, AutoCloseable {
    private static final int KEEP = -1;
    private static final int DATA_BYTES = 1 << 20;

    private final Syscalls syscalls;
    private final int root;
    private final NativeMemory data = NativeMemory.allocate(DATA_BYTES);
    private final IoVector vector = new IoVector(1);

    HostPosix(Syscalls syscalls, Path directory) {
        this.syscalls = syscalls;
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY | Fcntl.O_CLOEXEC;
        this.root = check(syscalls.openat(Fcntl.AT_FDCWD, path(directory.toString()), flags, 0));
    }

    private static long path(String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path(bytes, 0, bytes.length);
    }

    private static long path2(String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path2(bytes, 0, bytes.length);
    }

    private static int check(int result) {
        return (int) check((long) result);
    }

    private static long check(long result) {
        if (result < 0) {
            throw new FuseErrorException((int) -result);
        }
        return result;
    }

    @Override
    public int open(String path, int flags, int mode) {
        int all = flags | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        return check(syscalls.openat(root, path(path), all, mode));
    }

    @Override
    public void close(int fd) {
        check(syscalls.close(fd));
    }

    private long vector(int bytes) {
        vector.clear();
        vector.add(data.address(), bytes);
        return vector.address();
    }

    @Override
    public byte[] read(int fd, long offset, int count) {
        int done = (int) check(syscalls.preadv2(fd, vector(count), 1, offset, 0));
        byte[] bytes = new byte[done];
        data.get(0, bytes, 0, done);
        return bytes;
    }

    @Override
    public int write(int fd, long offset, byte[] bytes) {
        data.put(0, bytes, 0, bytes.length);
        return (int) check(syscalls.pwritev2(fd, vector(bytes.length), 1, offset, 0));
    }

    private Stat stat(int fd, String path) {
        NativeMemory statx = Scratch.get().statx();
        int flags = Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH;
        check(syscalls.statx(fd, path(path), flags, Statx.STATX_BASIC_STATS, statx.address()));
        return new Stat(
                statx.getShort(Statx.MODE) & 0xffff,
                statx.getLong(Statx.SIZE),
                statx.getInt(Statx.NLINK),
                statx.getInt(Statx.UID),
                statx.getInt(Statx.GID),
                statx.getLong(Statx.INO),
                time(statx, Statx.ATIME),
                time(statx, Statx.MTIME),
                time(statx, Statx.CTIME));
    }

    private static long time(NativeMemory statx, int at) {
        return statx.getLong(at) * Stat.NANOS + statx.getInt(at + 8);
    }

    @Override
    public Stat fstat(int fd) {
        return stat(fd, "");
    }

    @Override
    public void ftruncate(int fd, long size) {
        check(syscalls.ftruncate(fd, size));
    }

    @Override
    public void fsync(int fd) {
        check(syscalls.fsync(fd));
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        return check(syscalls.lseek(fd, offset, whence));
    }

    @Override
    public void fallocate(int fd, int mode, long offset, long length) {
        check(syscalls.fallocate(fd, mode, offset, length));
    }

    @Override
    public int copy(int from, long fromOffset, int to, long toOffset, int length) {
        return (int) check(syscalls.copyFileRange(from, fromOffset, to, toOffset, length));
    }

    @Override
    public Stat lstat(String path) {
        return stat(root, path);
    }

    @Override
    public void chmod(String path, int mode) {
        check(syscalls.fchmodat(root, path(path), mode));
    }

    @Override
    public void chown(String path, int uid, int gid) {
        check(syscalls.fchownat(root, path(path), uid, gid, Fcntl.AT_SYMLINK_NOFOLLOW));
    }

    @Override
    public void truncate(String path, long size) {
        int fd = open(path, O_WRONLY, 0);
        try {
            ftruncate(fd, size);
        } finally {
            close(fd);
        }
    }

    @Override
    public void utimes(String path, long atime, long mtime) {
        NativeMemory times = Scratch.get().small();
        times.putLong(0, atime / Stat.NANOS);
        times.putLong(8, atime % Stat.NANOS);
        times.putLong(16, mtime / Stat.NANOS);
        times.putLong(24, mtime % Stat.NANOS);
        check(syscalls.utimensat(root, path(path), times.address(), Fcntl.AT_SYMLINK_NOFOLLOW));
    }

    @Override
    public void mkdir(String path, int mode) {
        check(syscalls.mkdirat(root, path(path), mode));
    }

    @Override
    public void mknod(String path, int mode) {
        check(syscalls.mknodat(root, path(path), mode, 0));
    }

    @Override
    public void unlink(String path) {
        check(syscalls.unlinkat(root, path(path), 0));
    }

    @Override
    public void rmdir(String path) {
        check(syscalls.unlinkat(root, path(path), Fcntl.AT_REMOVEDIR));
    }

    @Override
    public void rename(String from, String to, int flags) {
        check(syscalls.renameat2(root, path(from), root, path2(to), flags));
    }

    @Override
    public void link(String path, String newPath) {
        check(syscalls.linkat(root, path(path), root, path2(newPath), 0));
    }

    @Override
    public void symlink(String target, String path) {
        check(syscalls.symlinkat(path2(target), root, path(path)));
    }

    @Override
    public String readlink(String path) {
        int length = (int) check(syscalls.readlinkat(root, path(path), data.address(), 4096));
        byte[] target = new byte[length];
        data.get(0, target, 0, length);
        return new String(target, StandardCharsets.UTF_8);
    }

    @Override
    public List<String> list(String path) {
        String name = path.isEmpty() ? "." : path;
        int fd = open(name, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
        List<String> found = new ArrayList<>();
        try {
            long filled;
            while ((filled = check(syscalls.getdents64(fd, data.address(), DATA_BYTES))) > 0) {
                for (int at = 0; at < filled; at += data.getShort(at + 16) & 0xffff) {
                    int end = at + 19; // struct linux_dirent64: d_name
                    while (data.getByte(end) != 0) {
                        end++;
                    }
                    byte[] bytes = new byte[end - at - 19];
                    data.get(at + 19, bytes, 0, bytes.length);
                    String entry = new String(bytes, StandardCharsets.UTF_8);
                    if (!entry.equals(".") && !entry.equals("..")) {
                        found.add(entry + ":" + data.getByte(at + 18));
                    }
                }
            }
        } finally {
            close(fd);
        }
        return found.stream().sorted().toList();
    }

    /** Changes the calling thread alone. */
    @Override
    public void as(int uid, int gid) {
        check(syscalls.setresuid(KEEP, 0, KEEP));
        check(syscalls.setresgid(KEEP, gid, KEEP));
        check(syscalls.setresuid(KEEP, uid, KEEP));
    }

    @Override
    public void close() {
        syscalls.close(root);
    }
}
