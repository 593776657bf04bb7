package io.jvirtiofsd.bench;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What the rows do, as system calls on a share's directory itself: no back-end is faster. Owns the
 * descriptors it has opened. <i>Confined to one thread.</i>
 */
final class BareCalls implements AutoCloseable {
    private static final int O_RDONLY = 0; // asm-generic/fcntl.h
    private static final int O_RDWR = 2;
    private static final int O_CREAT = 0100;
    private static final int O_DIRECTORY = 0200000;
    private static final int O_CLOEXEC = 02000000;
    private static final int O_PATH = 010000000;
    private static final int AT_FDCWD = -100; // linux/fcntl.h
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int BASIC_STATS = 0x7ff; // linux/stat.h, STATX_BASIC_STATS
    private static final int FILE_MODE = 0644;
    private static final int DIRENT_NAME = 19; // getdents64(2), d_name
    private static final int DIRENT_LENGTH = 16; // likewise, d_reclen
    private static final int ROOM = 4096;
    private static final int MOST_DATA = 1 << 20;

    private final Syscalls syscalls = Syscalls.load();
    private final BenchShare share;
    private final List<Fd> opened = new ArrayList<>();
    private final List<NativeMemory> names = new ArrayList<>(); // kept from being collected
    private final NativeMemory room = NativeMemory.allocate(ROOM);
    private final NativeMemory data = NativeMemory.allocate(MOST_DATA);
    private final NativeMemory vector = NativeMemory.allocate(16); // struct iovec
    private final int root;
    private final int work;
    private final int read;
    private final int written;
    private final int synced;
    private final int path;

    /** One operation, done each time it is called. */
    interface Operation {
        void run();
    }

    BareCalls(BenchShare share) throws LinuxException {
        this.share = share;
        root = open("", O_RDONLY | O_DIRECTORY);
        work = open("work", O_RDONLY | O_DIRECTORY);
        read = open("read", O_RDWR);
        written = open("written", O_RDWR);
        synced = open("synced", O_RDWR);
        path = open("read", O_PATH);
        vector.putLong(0, data.address());
    }

    private int open(String name, int flags) throws LinuxException {
        Path file = share.folder().resolve(name);
        int number = syscalls.openat(AT_FDCWD, string(file.toString()), flags | O_CLOEXEC, 0);
        Fd fd = Fd.own(syscalls, LinuxException.check(number, file.toString()));
        opened.add(fd);
        return fd.number();
    }

    /** Address of a C string. */
    private long string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        NativeMemory memory = NativeMemory.allocate(bytes.length + 1);
        names.add(memory);
        return memory.putCString(0, bytes, 0, bytes.length);
    }

    private static long done(long result) {
        Chain.require(result >= 0, "a bare system call: errno " + -result);
        return result;
    }

    /** How long one takes, in nanoseconds, on average of those that fit into a time. */
    static double nanos(Operation operation, long duration) {
        long start = System.nanoTime();
        long count = 0;
        long now = start;
        while (now - start < duration) {
            operation.run();
            count++;
            now = System.nanoTime();
        }
        return (double) (now - start) / count;
    }

    Operation getattr() {
        long empty = string("");
        return () -> done(syscalls.statx(path, empty, AT_EMPTY_PATH, BASIC_STATS, room.address()));
    }

    Operation lookup() {
        long name = string("read");
        return () ->
                done(syscalls.statx(root, name, AT_SYMLINK_NOFOLLOW, BASIC_STATS, room.address()));
    }

    Operation lookupMiss() {
        long name = string("missing");
        return () ->
                Chain.require(
                        syscalls.statx(root, name, AT_SYMLINK_NOFOLLOW, BASIC_STATS, room.address())
                                < 0,
                        "what is missing is there");
    }

    Operation open() {
        long name = string("read");
        return () -> {
            int fd = (int) done(syscalls.openat(root, name, O_RDWR | O_CLOEXEC, 0));
            done(syscalls.close(fd));
        };
    }

    /** With the attributes of each name, as READDIRPLUS has them. */
    Operation list() {
        long name = string("many");
        return () -> {
            int fd = (int) done(syscalls.openat(root, name, O_DIRECTORY | O_CLOEXEC, 0));
            long size = done(syscalls.getdents64(fd, data.address(), Rows.LISTING_BYTES));
            while (size > 0) {
                for (int at = 0; at < size; at += data.getShort(at + DIRENT_LENGTH)) {
                    long entry = data.address(at + DIRENT_NAME);
                    done(
                            syscalls.statx(
                                    fd, entry, AT_SYMLINK_NOFOLLOW, BASIC_STATS, room.address()));
                }
                size = done(syscalls.getdents64(fd, data.address(), Rows.LISTING_BYTES));
            }
            done(syscalls.close(fd));
        };
    }

    Operation create() {
        long name = string("bare");
        return () -> {
            int flags = O_RDWR | O_CREAT | O_CLOEXEC;
            int fd = (int) done(syscalls.openat(work, name, flags, FILE_MODE));
            vector.putLong(8, BenchShare.PAGE_BYTES);
            done(syscalls.pwritev2(fd, vector.address(), 1, 0, 0));
            done(syscalls.close(fd));
            done(syscalls.unlinkat(work, name, 0));
        };
    }

    Operation rename() {
        long[] both = {string("bare-0"), string("bare-1")};
        int fd = (int) done(syscalls.openat(work, both[0], O_RDWR | O_CREAT, FILE_MODE));
        done(syscalls.close(fd));
        int[] now = {0};
        return () -> {
            done(syscalls.renameat2(work, both[now[0]], work, both[1 - now[0]], 0));
            now[0] = 1 - now[0];
        };
    }

    Operation read(int bytes, boolean random) {
        Offsets offsets = new Offsets(bytes, random);
        return () -> {
            vector.putLong(8, bytes);
            long count = syscalls.preadv2(read, vector.address(), 1, offsets.next(), 0);
            Chain.require(count == bytes, "a short read");
        };
    }

    Operation write(int bytes, boolean random) {
        Offsets offsets = new Offsets(bytes, random);
        return () -> {
            vector.putLong(8, bytes);
            long count = syscalls.pwritev2(written, vector.address(), 1, offsets.next(), 0);
            Chain.require(count == bytes, "a short write");
        };
    }

    Operation sync() {
        return () -> {
            vector.putLong(8, BenchShare.PAGE_BYTES);
            done(syscalls.pwritev2(synced, vector.address(), 1, 0, 0));
            done(syscalls.fsync(synced));
        };
    }

    Operation statfs() {
        return () -> done(syscalls.fstatfs(root, room.address()));
    }

    Operation getxattr() {
        long file = string(share.folder().resolve("synced").toString());
        long name = string(BenchShare.ATTRIBUTE);
        return () -> done(syscalls.getxattr(file, name, room.address(), ROOM));
    }

    Operation listxattr() {
        long file = string(share.folder().resolve("synced").toString());
        return () -> done(syscalls.listxattr(file, room.address(), ROOM));
    }

    /** Blocks of a file, in order or not. */
    private final class Offsets {
        private final int bytes;
        private final int blocks;
        private final SplittableRandom random;
        private int next;

        Offsets(int bytes, boolean random) {
            this.bytes = bytes;
            this.blocks = share.fileBytes() / bytes;
            this.random = random ? new SplittableRandom(0) : null;
        }

        long next() {
            int block = random != null ? random.nextInt(blocks) : next++ % blocks;
            return (long) block * bytes;
        }
    }

    @Override
    public void close() {
        opened.forEach(Fd::close);
    }
}
