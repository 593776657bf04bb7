package io.jvirtiofsd.linux;

import jnr.ffi.LastError;
import jnr.ffi.Runtime;

/**
 * The calls on files and directories of {@link JnrSyscalls}, which is the class to use.
 *
 * <p><i>Thread-safe.</i>
 */
abstract class JnrFileCalls implements Syscalls {
    final LibC libc;
    final SyscallNumbers numbers = SyscallNumbers.ofThisMachine();
    private final Runtime runtime;

    JnrFileCalls(LibC libc) {
        this.libc = libc;
        this.runtime = Runtime.getRuntime(libc);
    }

    /** The errno that the thread's last failing call left. */
    final int lastError() {
        return LastError.getLastError(runtime);
    }

    final int result(int value) {
        return value >= 0 ? value : -lastError();
    }

    final long result(long value) {
        return value >= 0 ? value : -lastError();
    }

    final int raw(int number, long a, long b, long c) {
        return (int) result(libc.syscall(number, a, b, c));
    }

    @Override
    public int openat(int dirfd, long path, int flags, int mode) {
        return result(libc.openat(dirfd, path, flags, mode));
    }

    @Override
    public int openat2(int dirfd, long path, long how, long size) {
        return (int) result(libc.syscall(numbers.openat2(), dirfd, path, how, size));
    }

    @Override
    public int openTree(int dirfd, long path, int flags) {
        return raw(numbers.openTree(), dirfd, path, flags);
    }

    @Override
    public int close(int fd) {
        return result(libc.close(fd));
    }

    @Override
    public int dup(int fd) {
        return result(libc.fcntl(fd, Fcntl.F_DUPFD_CLOEXEC, 0));
    }

    @Override
    public long read(int fd, long buf, long count) {
        return result(libc.read(fd, buf, count));
    }

    @Override
    public long write(int fd, long buf, long count) {
        return result(libc.write(fd, buf, count));
    }

    @Override
    public long preadv2(int fd, long iov, int iovcnt, long offset, int flags) {
        return result(
                flags == 0
                        ? libc.preadv(fd, iov, iovcnt, offset)
                        : libc.preadv2(fd, iov, iovcnt, offset, flags));
    }

    @Override
    public long pwritev2(int fd, long iov, int iovcnt, long offset, int flags) {
        return result(
                flags == 0
                        ? libc.pwritev(fd, iov, iovcnt, offset)
                        : libc.pwritev2(fd, iov, iovcnt, offset, flags));
    }

    @Override
    public int statx(int dirfd, long path, int flags, int mask, long statxbuf) {
        return result(libc.statx(dirfd, path, flags, mask, statxbuf));
    }

    @Override
    public int fstatfs(int fd, long statfsbuf) {
        return result(libc.fstatfs(fd, statfsbuf));
    }

    @Override
    public long readlinkat(int dirfd, long path, long buf, long size) {
        return result(libc.readlinkat(dirfd, path, buf, size));
    }

    @Override
    public int symlinkat(long target, int newdirfd, long linkpath) {
        return result(libc.symlinkat(target, newdirfd, linkpath));
    }

    @Override
    public int mknodat(int dirfd, long path, int mode, long dev) {
        return result(libc.mknodat(dirfd, path, mode, dev));
    }

    @Override
    public int mkdirat(int dirfd, long path, int mode) {
        return result(libc.mkdirat(dirfd, path, mode));
    }

    @Override
    public int unlinkat(int dirfd, long path, int flags) {
        return result(libc.unlinkat(dirfd, path, flags));
    }

    @Override
    public int renameat2(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) {
        return result(libc.renameat2(olddirfd, oldpath, newdirfd, newpath, flags));
    }

    @Override
    public int linkat(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) {
        return result(libc.linkat(olddirfd, oldpath, newdirfd, newpath, flags));
    }

    @Override
    public int fchmod(int fd, int mode) {
        return result(libc.fchmod(fd, mode));
    }

    @Override
    public int fchmodat(int dirfd, long path, int mode) {
        return result(libc.fchmodat(dirfd, path, mode, 0));
    }

    @Override
    public int fchownat(int dirfd, long path, int uid, int gid, int flags) {
        return result(libc.fchownat(dirfd, path, uid, gid, flags));
    }

    @Override
    public int utimensat(int dirfd, long path, long times, int flags) {
        return result(libc.utimensat(dirfd, path, times, flags));
    }

    @Override
    public int futimens(int fd, long times) {
        return result(libc.futimens(fd, times));
    }

    @Override
    public int ftruncate(int fd, long length) {
        return result(libc.ftruncate(fd, length));
    }

    @Override
    public int fallocate(int fd, int mode, long offset, long len) {
        return result(libc.fallocate(fd, mode, offset, len));
    }

    @Override
    public long lseek(int fd, long offset, int whence) {
        return result(libc.lseek(fd, offset, whence));
    }

    @Override
    public long copyFileRange(int fdIn, long offIn, int fdOut, long offOut, long len) {
        NativeMemory offsets = Scratch.get().small();
        offsets.putLong(0, offIn);
        offsets.putLong(8, offOut);
        return result(
                libc.copy_file_range(
                        fdIn, offsets.address(0), fdOut, offsets.address(8), len, 0, 0));
    }

    @Override
    public int syncfs(int fd) {
        return result(libc.syncfs(fd));
    }

    @Override
    public int ioctl(int fd, int request, long argument) {
        return result(libc.ioctl(fd, Integer.toUnsignedLong(request), argument));
    }

    @Override
    public int fsync(int fd) {
        return result(libc.fsync(fd));
    }

    @Override
    public int fdatasync(int fd) {
        return result(libc.fdatasync(fd));
    }

    @Override
    public long getdents64(int fd, long dirp, long count) {
        return result(libc.getdents64(fd, dirp, count));
    }

    @Override
    public int fcntl(int fd, int cmd, long arg) {
        return result(libc.fcntl(fd, cmd, arg));
    }

    @Override
    public int flock(int fd, int operation) {
        return result(libc.flock(fd, operation));
    }

    @Override
    public int faccessat(int dirfd, long path, int mode, int flags) {
        return result(libc.faccessat(dirfd, path, mode, flags));
    }

    @Override
    public long getxattr(long path, long name, long value, long size) {
        return result(libc.getxattr(path, name, value, size));
    }

    @Override
    public long listxattr(long path, long list, long size) {
        return result(libc.listxattr(path, list, size));
    }

    @Override
    public int setxattr(long path, long name, long value, long size, int flags) {
        return result(libc.setxattr(path, name, value, size, flags));
    }

    @Override
    public int removexattr(long path, long name) {
        return result(libc.removexattr(path, name));
    }

    @Override
    public int nameToHandleAt(int dirfd, long path, long handle, long mountId, int flags) {
        return result(libc.name_to_handle_at(dirfd, path, handle, mountId, flags));
    }

    @Override
    public int openByHandleAt(int mountFd, long handle, int flags) {
        return result(libc.open_by_handle_at(mountFd, handle, flags));
    }
}
