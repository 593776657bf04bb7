package io.jvirtiofsd.posix;

import java.util.List;

/**
 * The calls of POSIX that tests make, by paths relative to a tree and descriptors of its own; the
 * same on a share and on a directory of the host. A failure is a {@code FuseErrorException} with
 * the errno.
 *
 * <p>Symbolic links are never followed, as with O_NOFOLLOW. <i>Confined to a thread.</i>
 */
interface Posix {
    int O_RDONLY = 0;
    int O_WRONLY = 1;
    int O_RDWR = 2;
    int O_ACCMODE = 3;
    int O_CREAT = 0x40;
    int O_EXCL = 0x80;
    int O_TRUNC = 0x200;

    int NOREPLACE = 1;
    int EXCHANGE = 2;

    int EPERM = 1;
    int ENOENT = 2;
    int EBADF = 9;
    int EEXIST = 17;
    int ENOTDIR = 20;
    int EISDIR = 21;
    int EINVAL = 22;
    int ELOOP = 40;
    int EOPNOTSUPP = 95;

    int open(String path, int flags, int mode);

    void close(int fd);

    byte[] read(int fd, long offset, int count);

    int write(int fd, long offset, byte[] data);

    Stat fstat(int fd);

    void ftruncate(int fd, long size);

    void fsync(int fd);

    /** SEEK_DATA (3) or SEEK_HOLE (4). */
    long lseek(int fd, long offset, int whence);

    void fallocate(int fd, int mode, long offset, long length);

    int copy(int from, long fromOffset, int to, long toOffset, int length);

    Stat lstat(String path);

    void chmod(String path, int mode);

    void chown(String path, int uid, int gid);

    void truncate(String path, long size);

    /** Times in nanoseconds since 1970. */
    void utimes(String path, long atime, long mtime);

    void mkdir(String path, int mode);

    /** {@code mode} has the type. */
    void mknod(String path, int mode);

    void unlink(String path);

    void rmdir(String path);

    void rename(String from, String to, int flags);

    void link(String path, String newPath);

    void symlink(String target, String path);

    String readlink(String path);

    /** Names and types as {@code name:type}, sorted, without "." and "..". */
    List<String> list(String path);

    /** What follows is done as this user and group. */
    void as(int uid, int gid);
}
