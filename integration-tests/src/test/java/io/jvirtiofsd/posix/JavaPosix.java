package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.JavaErrors.call;
import static io.jvirtiofsd.posix.JavaErrors.error;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** A directory of the host by {@code java.nio.file} alone: the model of the random test. */
final class JavaPosix implements Posix {
    private record Open(FileChannel channel, boolean reading, boolean writing) {}

    private final Path root;
    private final Map<Integer, Open> open = new HashMap<>();
    private int nextFd = 3;

    JavaPosix(Path root) {
        this.root = root;
    }

    private static Map<String, Object> attributes(Path path) throws IOException {
        return Files.readAttributes(
                path,
                "unix:mode,size,nlink,uid,gid,ino,lastAccessTime,lastModifiedTime,ctime",
                LinkOption.NOFOLLOW_LINKS);
    }

    /** Walks to the parent, through directories only. */
    private Path path(String path) {
        Path at = root;
        String[] names = path.split("/");
        for (int i = 0; i < names.length - 1; i++) {
            at = at.resolve(names[i]);
            if (type(at) != Stat.S_IFDIR) {
                throw error(ENOTDIR);
            }
        }
        return path.isEmpty() ? root : at.resolve(names[names.length - 1]);
    }

    private static int type(Path path) {
        Object mode = call(() -> Files.getAttribute(path, "unix:mode", LinkOption.NOFOLLOW_LINKS));
        return (Integer) mode & Stat.S_IFMT;
    }

    private static void setMode(Path path, int mode) throws IOException {
        Files.setAttribute(path, "unix:mode", mode, LinkOption.NOFOLLOW_LINKS);
    }

    private Open file(int fd) {
        Open file = open.get(fd);
        if (file == null) {
            throw error(EBADF);
        }
        return file;
    }

    @Override
    public int open(String name, int flags, int mode) {
        Path path = path(name);
        Set<OpenOption> options = new HashSet<>(Set.of(LinkOption.NOFOLLOW_LINKS));
        boolean writing = (flags & O_ACCMODE) != O_RDONLY;
        boolean reading = (flags & O_ACCMODE) != O_WRONLY;
        boolean creating = (flags & O_CREAT) != 0;
        if (!creating || Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
            int type = type(path);
            if (creating && (flags & O_EXCL) != 0) {
                throw error(EEXIST);
            } else if (type == Stat.S_IFLNK) {
                throw error(ELOOP);
            } else if (type == Stat.S_IFDIR) {
                throw error(EISDIR);
            }
            if (reading) {
                options.add(StandardOpenOption.READ);
            }
            if (writing || (flags & O_TRUNC) != 0) {
                options.add(StandardOpenOption.WRITE);
            }
        } else {
            options.add(StandardOpenOption.CREATE_NEW);
            options.add(StandardOpenOption.WRITE);
            options.add(StandardOpenOption.READ);
        }
        FileChannel channel = call(() -> FileChannel.open(path, options));
        if (options.contains(StandardOpenOption.CREATE_NEW)) {
            call(
                    () -> {
                        setMode(path, mode);
                        return null;
                    });
        } else if ((flags & O_TRUNC) != 0) {
            call(() -> channel.truncate(0));
        }
        open.put(nextFd, new Open(channel, reading, writing));
        return nextFd++;
    }

    @Override
    public void close(int fd) {
        FileChannel channel = file(fd).channel();
        open.remove(fd);
        call(
                () -> {
                    channel.close();
                    return null;
                });
    }

    @Override
    public byte[] read(int fd, long offset, int count) {
        Open file = file(fd);
        if (!file.reading()) {
            throw error(EBADF);
        }
        ByteBuffer data = ByteBuffer.allocate(count);
        call(
                () -> {
                    while (data.hasRemaining()
                            && file.channel().read(data, offset + data.position()) >= 0) {
                        // until there is no more
                    }
                    return null;
                });
        return Arrays.copyOf(data.array(), data.position());
    }

    @Override
    public int write(int fd, long offset, byte[] data) {
        Open file = file(fd);
        if (!file.writing()) {
            throw error(EBADF);
        }
        return call(() -> file.channel().write(ByteBuffer.wrap(data), offset));
    }

    @Override
    public Stat fstat(int fd) {
        long size = call(() -> file(fd).channel().size());
        return new Stat(Stat.S_IFREG, size, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void ftruncate(int fd, long size) {
        Open file = file(fd);
        if (!file.writing()) {
            throw error(EINVAL);
        }
        setSize(file.channel(), size);
    }

    private static void setSize(FileChannel channel, long size) {
        call(
                () -> {
                    if (size > channel.size()) {
                        return channel.write(ByteBuffer.allocate(1), size - 1);
                    }
                    return channel.truncate(size);
                });
    }

    @Override
    public void fsync(int fd) {
        file(fd);
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void fallocate(int fd, int mode, long offset, long length) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int copy(int from, long fromOffset, int to, long toOffset, int length) {
        byte[] data = read(from, fromOffset, length);
        return data.length == 0 ? 0 : write(to, toOffset, data);
    }

    private static long nanos(Object time) {
        return ((FileTime) time).to(TimeUnit.NANOSECONDS);
    }

    @Override
    public Stat lstat(String path) {
        Path at = path(path);
        Map<String, Object> all = call(() -> attributes(at));
        return new Stat(
                (Integer) all.get("mode"),
                (Long) all.get("size"),
                (Integer) all.get("nlink"),
                (Integer) all.get("uid"),
                (Integer) all.get("gid"),
                (Long) all.get("ino"),
                nanos(all.get("lastAccessTime")),
                nanos(all.get("lastModifiedTime")),
                nanos(all.get("ctime")));
    }

    @Override
    public void chmod(String path, int mode) {
        Path at = path(path);
        if (type(at) == Stat.S_IFLNK) {
            throw error(EOPNOTSUPP);
        }
        call(
                () -> {
                    setMode(at, mode);
                    return null;
                });
    }

    @Override
    public void chown(String path, int uid, int gid) {
        Path at = path(path);
        call(
                () -> {
                    Files.setAttribute(at, "unix:uid", uid, LinkOption.NOFOLLOW_LINKS);
                    return Files.setAttribute(at, "unix:gid", gid, LinkOption.NOFOLLOW_LINKS);
                });
    }

    @Override
    public void truncate(String path, long size) {
        Path at = path(path);
        int type = type(at);
        if (type != Stat.S_IFREG) {
            throw error(type == Stat.S_IFDIR ? EISDIR : EINVAL);
        }
        call(
                () -> {
                    try (FileChannel channel = FileChannel.open(at, StandardOpenOption.WRITE)) {
                        setSize(channel, size);
                    }
                    return null;
                });
    }

    @Override
    public void utimes(String path, long atime, long mtime) {
        Path at = path(path);
        call(
                () -> {
                    Files.getFileAttributeView(
                                    at, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                            .setTimes(
                                    FileTime.from(mtime, TimeUnit.NANOSECONDS),
                                    FileTime.from(atime, TimeUnit.NANOSECONDS),
                                    null);
                    return null;
                });
    }

    @Override
    public void mkdir(String path, int mode) {
        Path at = path(path);
        call(
                () -> {
                    Files.createDirectory(at);
                    int inherited = (Integer) attributes(at).get("mode") & 02000;
                    setMode(at, mode & 01777 | inherited); // mkdir(2)
                    return null;
                });
    }

    @Override
    public void mknod(String path, int mode) {
        Path at = path(path);
        call(
                () -> {
                    Files.createFile(at);
                    setMode(at, mode & 07777);
                    return null;
                });
    }

    private void remove(String path, boolean directories) {
        Path at = path(path);
        if ((type(at) == Stat.S_IFDIR) != directories) {
            throw error(directories ? ENOTDIR : EISDIR);
        }
        call(
                () -> {
                    Files.delete(at);
                    return null;
                });
    }

    @Override
    public void unlink(String path) {
        remove(path, false);
    }

    @Override
    public void rmdir(String path) {
        remove(path, true);
    }

    @Override
    public void rename(String from, String to, int flags) {
        Path source = path(from);
        Path target = path(to);
        call(
                () -> {
                    if (flags == NOREPLACE) {
                        type(source);
                        if (Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                            throw new FileAlreadyExistsException(to);
                        }
                    }
                    return Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
                });
    }

    @Override
    public void link(String path, String newPath) {
        Path existing = path(path);
        type(existing);
        Path fresh = path(newPath);
        call(() -> Files.createLink(fresh, existing));
    }

    @Override
    public void symlink(String target, String path) {
        Path at = path(path);
        call(() -> Files.createSymbolicLink(at, Path.of(target)));
    }

    @Override
    public String readlink(String path) {
        Path at = path(path);
        return call(() -> Files.readSymbolicLink(at)).toString();
    }

    @Override
    public List<String> list(String path) {
        Path at = path(path);
        if (type(at) != Stat.S_IFDIR) {
            throw error(ENOTDIR);
        }
        List<String> found = new ArrayList<>();
        call(
                () -> {
                    try (DirectoryStream<Path> entries = Files.newDirectoryStream(at)) {
                        for (Path entry : entries) {
                            found.add(entry.getFileName() + ":" + (type(entry) >> 12));
                        }
                    }
                    return null;
                });
        return found.stream().sorted().toList();
    }

    @Override
    public void as(int uid, int gid) {
        throw new UnsupportedOperationException();
    }
}
