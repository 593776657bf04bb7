package io.jvirtiofsd.linux;

/**
 * The system calls this project uses, in man-page terms: the only door to native code.
 *
 * <p>Every call returns a value &ge; 0, or a negated errno ({@code -ENOENT}); none throws for a
 * failing call. Paths and structures are addresses of native memory; paths are NUL-terminated.
 * Descriptors are plain {@code int}s that the call borrows; {@link Fd} owns them. {@code EINTR} is
 * returned like any other error.
 *
 * <p><i>Thread-safe.</i> The signatures are those of section 2 of the Linux man pages.
 */
public interface Syscalls {

    /** {@code int openat(int dirfd, const char *pathname, int flags, mode_t mode)}. */
    int openat(int dirfd, long path, int flags, int mode);

    /** {@code long openat2(int dirfd, const char *pathname, struct open_how *how, size_t size)}. */
    int openat2(int dirfd, long path, long how, long size);

    /** {@code int open_tree(int dirfd, const char *path, unsigned flags)}. */
    int openTree(int dirfd, long path, int flags);

    /** {@code int close(int fd)}. */
    int close(int fd);

    /** {@code int dup3}-like: {@code fcntl(fd, F_DUPFD_CLOEXEC, 0)}. */
    int dup(int fd);

    /** {@code ssize_t read(int fd, void *buf, size_t count)}. */
    long read(int fd, long buf, long count);

    /** {@code ssize_t write(int fd, const void *buf, size_t count)}. */
    long write(int fd, long buf, long count);

    /** {@code ssize_t preadv2}; through {@code preadv} where flags is 0. */
    long preadv2(int fd, long iov, int iovcnt, long offset, int flags);

    /** {@code ssize_t pwritev2}; through {@code pwritev} where flags is 0. */
    long pwritev2(int fd, long iov, int iovcnt, long offset, int flags);

    /**
     * {@code int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *buf)}.
     */
    int statx(int dirfd, long path, int flags, int mask, long statxbuf);

    /** {@code int fstatfs(int fd, struct statfs *buf)}. */
    int fstatfs(int fd, long statfsbuf);

    /** {@code ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)}. */
    long readlinkat(int dirfd, long path, long buf, long size);

    /** {@code int symlinkat(const char *target, int newdirfd, const char *linkpath)}. */
    int symlinkat(long target, int newdirfd, long linkpath);

    /** {@code int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)}. */
    int mknodat(int dirfd, long path, int mode, long dev);

    /** {@code int mkdirat(int dirfd, const char *path, mode_t mode)}. */
    int mkdirat(int dirfd, long path, int mode);

    /** {@code int unlinkat(int dirfd, const char *path, int flags)}. */
    int unlinkat(int dirfd, long path, int flags);

    /** {@code int renameat2(int olddirfd, oldpath, int newdirfd, newpath, unsigned flags)}. */
    int renameat2(int olddirfd, long oldpath, int newdirfd, long newpath, int flags);

    /** {@code int linkat(int olddirfd, oldpath, int newdirfd, newpath, int flags)}. */
    int linkat(int olddirfd, long oldpath, int newdirfd, long newpath, int flags);

    /** {@code int fchmod(int fd, mode_t mode)}. */
    int fchmod(int fd, int mode);

    /** {@code int fchmodat(int dirfd, const char *path, mode_t mode)}; follows links. */
    int fchmodat(int dirfd, long path, int mode);

    /** {@code int fchownat(int dirfd, const char *path, uid_t, gid_t, int flags)}. */
    int fchownat(int dirfd, long path, int uid, int gid, int flags);

    /** {@code int utimensat(int dirfd, const char *path, struct timespec times[2], int flags)}. */
    int utimensat(int dirfd, long path, long times, int flags);

    /** {@code int futimens(int fd, const struct timespec times[2])}. */
    int futimens(int fd, long times);

    /** {@code int ftruncate(int fd, off_t length)}. */
    int ftruncate(int fd, long length);

    /** {@code int fallocate(int fd, int mode, off_t offset, off_t len)}. */
    int fallocate(int fd, int mode, long offset, long len);

    /** {@code off_t lseek(int fd, off_t offset, int whence)}. */
    long lseek(int fd, long offset, int whence);

    /** {@code ssize_t copy_file_range(int in, off_t *off_in, int out, off_t *off_out, len, 0)}. */
    long copyFileRange(int fdIn, long offIn, int fdOut, long offOut, long len);

    /** {@code int syncfs(int fd)}. */
    int syncfs(int fd);

    /** {@code int ioctl(int fd, unsigned long request, void *argument)}. */
    int ioctl(int fd, int request, long argument);

    /** {@code int fsync(int fd)}. */
    int fsync(int fd);

    /** {@code int fdatasync(int fd)}. */
    int fdatasync(int fd);

    /** {@code ssize_t getdents64(int fd, void *dirp, size_t count)}. */
    long getdents64(int fd, long dirp, long count);

    /** {@code int fcntl(int fd, int cmd, long arg)}. */
    int fcntl(int fd, int cmd, long arg);

    /** {@code int faccessat2}-free: {@code faccessat(dirfd, path, mode, flags)}. */
    int faccessat(int dirfd, long path, int mode, int flags);

    /** {@code int memfd_create(const char *name, unsigned flags)}. */
    int memfdCreate(long name, int flags);

    /**
     * {@code void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)}.
     *
     * @return the address, or a negated errno in &minus;4095&hellip;&minus;1
     */
    long mmap(long addr, long length, int prot, int flags, int fd, long offset);

    /** {@code int munmap(void *addr, size_t length)}. */
    int munmap(long addr, long length);

    /** {@code int madvise(void *addr, size_t length, int advice)}. */
    int madvise(long addr, long length, int advice);

    /**
     * {@code process_vm_readv(2)} with one {@code struct iovec} on each side; bytes copied from
     * {@code remote} to {@code local}, or &minus;EFAULT where the memory has no backing.
     */
    long processVmReadv(int pid, long local, long remote);

    /** {@code process_vm_writev(2)}, likewise, from {@code local} to {@code remote}. */
    long processVmWritev(int pid, long local, long remote);

    /** {@code int inotify_init1(int flags)}. */
    int inotifyInit1(int flags);

    /** {@code int inotify_add_watch(int fd, const char *path, uint32_t mask)}. */
    int inotifyAddWatch(int fd, long path, int mask);

    /** {@code int inotify_rm_watch(int fd, int wd)}. */
    int inotifyRmWatch(int fd, int watch);

    /** {@code int fanotify_init(unsigned flags, unsigned event_f_flags)}. */
    int fanotifyInit(int flags, int eventFlags);

    /** {@code int fanotify_mark(int fd, unsigned flags, uint64_t mask, int dirfd, char *path)}. */
    int fanotifyMark(int fd, int flags, long mask, int dirfd, long path);

    /** {@code int eventfd(unsigned initval, int flags)}. */
    int eventfd(int initval, int flags);

    /** {@code int epoll_create1(int flags)}. */
    int epollCreate1(int flags);

    /** {@code int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)}. */
    int epollCtl(int epfd, int op, int fd, long event);

    /** {@code int epoll_wait(int epfd, struct epoll_event *events, int max, int timeoutMillis)}. */
    int epollWait(int epfd, long events, int maxevents, int timeoutMillis);

    /** {@code int poll(struct pollfd *fds, nfds_t nfds, int timeoutMillis)}. */
    int poll(long fds, long nfds, int timeoutMillis);

    /** {@code ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)}. */
    long sendmsg(int fd, long msg, int flags);

    /** {@code ssize_t recvmsg(int fd, struct msghdr *msg, int flags)}. */
    long recvmsg(int fd, long msg, int flags);

    /** {@code int socket(int domain, int type, int protocol)}. */
    int socket(int domain, int type, int protocol);

    /** {@code int bind(int fd, const struct sockaddr *address, socklen_t length)}. */
    int bind(int fd, long address, int length);

    /** {@code int listen(int fd, int backlog)}. */
    int listen(int fd, int backlog);

    /** {@code int connect(int fd, const struct sockaddr *address, socklen_t length)}. */
    int connect(int fd, long address, int length);

    /** {@code int accept4(int fd, NULL, NULL, int flags)}. */
    int accept4(int fd, int flags);

    /** {@code int shutdown(int fd, int how)}. */
    int shutdown(int fd, int how);

    /** {@code int getsockopt(int fd, int level, int name, void *val, socklen_t *len)}. */
    int getsockopt(int fd, int level, int name, long value, long lengthAddress);

    /** Raw {@code setresuid}: this thread only, unlike the libc function. */
    int setresuid(int ruid, int euid, int suid);

    /** Raw {@code setresgid}: this thread only, unlike the libc function. */
    int setresgid(int rgid, int egid, int sgid);

    /** Raw {@code setgroups}: this thread only, unlike the libc function. */
    int setgroups(long size, long list);

    /** {@code int getgroups(int size, gid_t list[])}: the number of groups, of this thread. */
    int getgroups(int size, long list);

    /** Raw {@code capget(hdr, data)} of this thread. */
    int capget(long header, long data);

    /** Raw {@code capset(hdr, data)} of this thread. */
    int capset(long header, long data);

    /** {@code int geteuid(void)}, by raw call: this thread's. */
    int geteuid();

    /** {@code int getegid(void)}, by raw call: this thread's. */
    int getegid();

    /** {@code int unshare(int flags)}. */
    int unshare(int flags);

    /** {@code mode_t umask(mode_t mask)}: of all threads that have not unshared CLONE_FS. */
    int umask(int mask);

    /** {@code int prlimit(pid, resource, const struct rlimit *new, struct rlimit *old)}. */
    int prlimit(int pid, int resource, long newLimit, long oldLimit);

    /** {@code int prctl(int option, arg2, arg3, arg4, arg5)}. */
    int prctl(int option, long arg2, long arg3, long arg4, long arg5);

    /** {@code ssize_t getxattr(path, name, value, size)}; follows links. */
    long getxattr(long path, long name, long value, long size);

    /** {@code ssize_t listxattr(path, list, size)}; follows links. */
    long listxattr(long path, long list, long size);

    /** {@code int setxattr(path, name, value, size, flags)}; follows links. */
    int setxattr(long path, long name, long value, long size, int flags);

    /** {@code int removexattr(path, name)}; follows links. */
    int removexattr(long path, long name);

    /**
     * {@code int name_to_handle_at(int dirfd, path, struct file_handle *, int *mountId, flags)}.
     */
    int nameToHandleAt(int dirfd, long path, long handle, long mountId, int flags);

    /** {@code int open_by_handle_at(int mountFd, struct file_handle *handle, int flags)}. */
    int openByHandleAt(int mountFd, long handle, int flags);

    /** {@code int flock(int fd, int operation)}. */
    int flock(int fd, int operation);

    /**
     * Makes {@code signal} do nothing but interrupt the call that a thread of this process waits
     * in, which then fails with EINTR.
     */
    int makeInterrupting(int signal);

    /** Waits until {@code signal}, which all threads block, is sent to this process. */
    int sigwait(int signal);

    /** Raw {@code pid_t gettid(void)}. */
    int gettid();

    /** Raw {@code int tgkill(pid_t tgid, pid_t tid, int signal)}. */
    int tgkill(int tgid, int tid, int signal);

    /** {@code void syslog(int priority, "%s", const char *message)}; always 0. */
    int syslog(int priority, long message);
}
