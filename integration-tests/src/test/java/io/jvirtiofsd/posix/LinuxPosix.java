package io.jvirtiofsd.posix;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.posix.SystemCalls.Data;
import io.jvirtiofsd.posix.SystemCalls.Out;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A directory of a kernel, by system calls: of the host, which is the control of all checks, or of
 * a guest. Borrows the process that makes the calls.
 */
final class LinuxPosix implements Posix {
    private static final int KEEP = -1;
    private static final int DIRECTORY_BYTES = 1 << 16;

    private final SystemCalls calls;

    LinuxPosix(SystemCalls calls) {
        this.calls = calls;
    }

    /** What the interface has no method for: the call's result, or an exception with the errno. */
    long call(String name, Object... arguments) {
        return calls.call(name, arguments);
    }

    SystemCalls.Answer ask(String name, Object... arguments) {
        return calls.ask(name, arguments);
    }

    private static ByteBuffer buffer(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    static byte[] longs(long... values) {
        byte[] bytes = new byte[8 * values.length];
        buffer(bytes).asLongBuffer().put(values);
        return bytes;
    }

    static byte[] ints(int... values) {
        byte[] bytes = new byte[4 * values.length];
        buffer(bytes).asIntBuffer().put(values);
        return bytes;
    }

    /** The same following links, with other flags than the interface's, and so on. */
    int openAny(String path, int flags, int mode) {
        return (int) calls.call("openat", Fcntl.AT_FDCWD, path, flags, mode);
    }

    @Override
    public int open(String path, int flags, int mode) {
        return openAny(path, flags | Fcntl.O_NOFOLLOW, mode);
    }

    @Override
    public void close(int fd) {
        calls.call("close", fd);
    }

    @Override
    public byte[] read(int fd, long offset, int count) {
        return calls.ask("pread64", fd, new Data(count), count, offset).bytes().get(0);
    }

    @Override
    public int write(int fd, long offset, byte[] data) {
        return (int) calls.call("pwrite64", fd, data, data.length, offset);
    }

    /** {@code struct statx} with these and the fields beyond what stat(2) has. */
    ByteBuffer statx(int fd, String path, int flags) {
        int mask = Statx.STATX_BASIC_STATS | Statx.STATX_BTIME;
        Out out = new Out(Statx.BYTES);
        return buffer(calls.ask("statx", fd, path, flags, mask, out).bytes().get(0));
    }

    private Stat stat(int fd, String path, int flags) {
        ByteBuffer statx = statx(fd, path, flags);
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

    static long time(ByteBuffer statx, int at) {
        return statx.getLong(at) * Stat.NANOS + statx.getInt(at + 8);
    }

    @Override
    public Stat fstat(int fd) {
        return stat(fd, "", Fcntl.AT_EMPTY_PATH);
    }

    @Override
    public void ftruncate(int fd, long size) {
        calls.call("ftruncate", fd, size);
    }

    @Override
    public void fsync(int fd) {
        calls.call("fsync", fd);
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        return calls.call("lseek", fd, offset, whence);
    }

    @Override
    public void fallocate(int fd, int mode, long offset, long length) {
        calls.call("fallocate", fd, mode, offset, length);
    }

    @Override
    public int copy(int from, long fromOffset, int to, long toOffset, int length) {
        byte[] in = longs(fromOffset);
        byte[] out = longs(toOffset);
        return (int) calls.call("copy_file_range", from, in, to, out, length, 0);
    }

    @Override
    public Stat lstat(String path) {
        int flags = Fcntl.AT_SYMLINK_NOFOLLOW | Fcntl.AT_EMPTY_PATH;
        return stat(Fcntl.AT_FDCWD, path, flags);
    }

    @Override
    public void chmod(String path, int mode) {
        calls.call("fchmodat", Fcntl.AT_FDCWD, path, mode);
    }

    @Override
    public void chown(String path, int uid, int gid) {
        calls.call("fchownat", Fcntl.AT_FDCWD, path, uid, gid, Fcntl.AT_SYMLINK_NOFOLLOW);
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
        byte[] times =
                longs(
                        Math.floorDiv(atime, Stat.NANOS),
                        Math.floorMod(atime, Stat.NANOS),
                        Math.floorDiv(mtime, Stat.NANOS),
                        Math.floorMod(mtime, Stat.NANOS));
        calls.call("utimensat", Fcntl.AT_FDCWD, path, times, Fcntl.AT_SYMLINK_NOFOLLOW);
    }

    @Override
    public void mkdir(String path, int mode) {
        calls.call("mkdirat", Fcntl.AT_FDCWD, path, mode);
    }

    @Override
    public void mknod(String path, int mode) {
        calls.call("mknodat", Fcntl.AT_FDCWD, path, mode, 0);
    }

    @Override
    public void unlink(String path) {
        calls.call("unlinkat", Fcntl.AT_FDCWD, path, 0);
    }

    @Override
    public void rmdir(String path) {
        calls.call("unlinkat", Fcntl.AT_FDCWD, path, Fcntl.AT_REMOVEDIR);
    }

    @Override
    public void rename(String from, String to, int flags) {
        calls.call("renameat2", Fcntl.AT_FDCWD, from, Fcntl.AT_FDCWD, to, flags);
    }

    @Override
    public void link(String path, String newPath) {
        calls.call("linkat", Fcntl.AT_FDCWD, path, Fcntl.AT_FDCWD, newPath, 0);
    }

    @Override
    public void symlink(String target, String path) {
        calls.call("symlinkat", target, Fcntl.AT_FDCWD, path);
    }

    @Override
    public String readlink(String path) {
        Data target = new Data(4096);
        Object[] arguments = {Fcntl.AT_FDCWD, path, target, target.bytes()};
        return new String(calls.ask("readlinkat", arguments).bytes().get(0), UTF_8);
    }

    /** An entry of getdents64(2), "." and ".." included. */
    record Entry(String name, int type, long next) {}

    /** The next entries of an open directory, as many as fit into {@code bytes}. */
    List<Entry> entries(int fd, int bytes) {
        byte[] filled = calls.ask("getdents64", fd, new Data(bytes), bytes).bytes().get(0);
        List<Entry> entries = new ArrayList<>();
        ByteBuffer dirents = buffer(filled);
        for (int at = 0; at < filled.length; at += dirents.getShort(at + 16) & 0xffff) {
            int end = at + 19; // struct linux_dirent64: d_name
            while (filled[end] != 0) {
                end++;
            }
            String name = new String(filled, at + 19, end - at - 19, UTF_8);
            entries.add(new Entry(name, filled[at + 18], dirents.getLong(at + 8)));
        }
        return entries;
    }

    @Override
    public List<String> list(String path) {
        int fd = open(path.isEmpty() ? "." : path, Fcntl.O_RDONLY | Fcntl.O_DIRECTORY, 0);
        List<String> found = new ArrayList<>();
        try {
            List<Entry> part;
            while (!(part = entries(fd, DIRECTORY_BYTES)).isEmpty()) {
                for (Entry entry : part) {
                    if (!entry.name().equals(".") && !entry.name().equals("..")) {
                        found.add(entry.name() + ":" + entry.type());
                    }
                }
            }
        } finally {
            close(fd);
        }
        return found.stream().sorted().toList();
    }

    @Override
    public void as(int uid, int gid) {
        as(uid, gid, new int[0]);
    }

    /** The same, member of further groups. */
    void as(int uid, int gid, int... groups) {
        calls.call("setresuid", KEEP, 0, KEEP);
        calls.call("setgroups", groups.length, ints(groups));
        calls.call("setresgid", KEEP, gid, KEEP);
        calls.call("setresuid", KEEP, uid, KEEP);
    }
}
