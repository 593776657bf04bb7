package io.jvirtiofsd.linux;

/**
 * The functions of libc that {@link Syscalls} calls, with {@code long} for pointers and {@code
 * size_t}; public only because its implementation is generated elsewhere. <i>Thread-safe</i>, as
 * the functions are.
 */
public interface LibC {
    // spotless:off
    int openat(int dirfd, long path, int flags, int mode);
    int close(int fd);
    long read(int fd, long buf, long count);
    long write(int fd, long buf, long count);
    long preadv(int fd, long iov, int iovcnt, long offset);
    long pwritev(int fd, long iov, int iovcnt, long offset);
    long preadv2(int fd, long iov, int iovcnt, long offset, int flags);
    long pwritev2(int fd, long iov, int iovcnt, long offset, int flags);
    int statx(int dirfd, long path, int flags, int mask, long buf);
    int fstatfs(int fd, long buf);
    long readlinkat(int dirfd, long path, long buf, long size);
    int symlinkat(long target, int newdirfd, long linkpath);
    int mkdirat(int dirfd, long path, int mode);
    int mknodat(int dirfd, long path, int mode, long dev);
    int unlinkat(int dirfd, long path, int flags);
    int renameat2(int olddirfd, long oldpath, int newdirfd, long newpath, int flags);
    int linkat(int olddirfd, long oldpath, int newdirfd, long newpath, int flags);
    int fchmod(int fd, int mode);
    int fchmodat(int dirfd, long path, int mode, int flags);
    int fchownat(int dirfd, long path, int uid, int gid, int flags);
    int utimensat(int dirfd, long path, long times, int flags);
    int futimens(int fd, long times);
    int ftruncate(int fd, long length);
    int fallocate(int fd, int mode, long offset, long len);
    long lseek(int fd, long offset, int whence);
    long copy_file_range(int in, long offIn, int out, long offOut, long len, int flags, long unused);
    int syncfs(int fd);
    int ioctl(int fd, long request, long argument);
    int fsync(int fd);
    int fdatasync(int fd);
    long getdents64(int fd, long dirp, long count);
    int fcntl(int fd, int cmd, long arg);
    int flock(int fd, int operation);
    int sigwait(long set, long signal);
    int sigaction(int signal, long action, long old);
    long dlsym(long handle, long name);
    int faccessat(int dirfd, long path, int mode, int flags);
    int memfd_create(long name, int flags);
    long mmap(long addr, long length, int prot, int flags, int fd, long offset, long unused);
    int munmap(long addr, long length);
    int madvise(long addr, long length, int advice);
    long process_vm_readv(int pid, long local, long locals, long remote, long remotes, long flags, long unused);
    long process_vm_writev(int pid, long local, long locals, long remote, long remotes, long flags, long unused);
    int inotify_init1(int flags);
    int inotify_add_watch(int fd, long path, int mask);
    int inotify_rm_watch(int fd, int watch);
    int fanotify_init(int flags, int eventFlags);
    int fanotify_mark(int fd, int flags, long mask, int dirfd, long path);
    int eventfd(int initval, int flags);
    int epoll_create1(int flags);
    int epoll_ctl(int epfd, int op, int fd, long event);
    int epoll_wait(int epfd, long events, int maxevents, int timeout);
    int poll(long fds, long nfds, int timeout);
    long sendmsg(int fd, long msg, int flags);
    long recvmsg(int fd, long msg, int flags);
    int socket(int domain, int type, int protocol);
    int bind(int fd, long address, int length);
    int listen(int fd, int backlog);
    int connect(int fd, long address, int length);
    int accept4(int fd, long address, long length, int flags);
    int shutdown(int fd, int how);
    int getsockopt(int fd, int level, int name, long value, long length);
    int unshare(int flags);
    int umask(int mask);
    int prlimit(int pid, int resource, long newLimit, long oldLimit);
    int prctl(int option, long arg2, long arg3, long arg4, long arg5);
    long getxattr(long path, long name, long value, long size);
    long listxattr(long path, long list, long size);
    int setxattr(long path, long name, long value, long size, int flags);
    int removexattr(long path, long name);
    int name_to_handle_at(int dirfd, long path, long handle, long mountId, int flags);
    int open_by_handle_at(int mountFd, long handle, int flags);
    void syslog(int priority, long format, long message);
    long syscall(long number, long a, long b, long c);
    long syscall(long number, long a, long b, long c, long d);
    // spotless:on
}
