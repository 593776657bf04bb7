package io.jvirtiofsd.linux;

import com.kenai.jffi.LastError;

/**
 * The system calls this project uses, in man-page terms: the only door to native code. One instance
 * serves the process; whoever makes calls is given it.
 *
 * <p>Every call returns a value &ge; 0, or a negated errno ({@code -ENOENT}); none throws for a
 * failing call. A comment after the prototype says what the value is; where there is none it is 0.
 * Paths and structures are addresses of native memory; paths are NUL-terminated. Descriptors are
 * plain {@code int}s that the call borrows; {@link Fd} owns them. A call on a file that a signal
 * may interrupt is made again, as no program expects {@code EINTR} of it; from calls that wait it
 * is returned like any other error.
 *
 * <p>A call goes through the function of libc with its name. It goes by number where libc has no
 * function, or has one that changes all threads of the process. All arguments are integers.
 *
 * <p><i>Thread-safe.</i> Source: sections 2 and 3 of the Linux man pages.
 */
public final class Syscalls {
    private static final int SIGSET_BYTES = 128; // bits/types/__sigset_t.h
    private static final int SIGACTION_BYTES = 152; // of libc, both architectures

    private static final NativeLibrary LIBC = NativeLibrary.open("libc.so.6");

    // Addresses of functions, which are called for what they are named.
    // spotless:off
    private static final long OPENAT            = LIBC.find("openat");
    private static final long CLOSE             = LIBC.find("close");
    private static final long READ              = LIBC.find("read");
    private static final long WRITE             = LIBC.find("write");
    private static final long PREADV            = LIBC.find("preadv");
    private static final long PWRITEV           = LIBC.find("pwritev");
    private static final long PREADV2           = LIBC.find("preadv2");
    private static final long PWRITEV2          = LIBC.find("pwritev2");
    private static final long STATX             = LIBC.find("statx");
    private static final long FSTATFS           = LIBC.find("fstatfs");
    private static final long READLINKAT        = LIBC.find("readlinkat");
    private static final long SYMLINKAT         = LIBC.find("symlinkat");
    private static final long MKDIRAT           = LIBC.find("mkdirat");
    private static final long MKNODAT           = LIBC.find("mknodat");
    private static final long UNLINKAT          = LIBC.find("unlinkat");
    private static final long RENAMEAT2         = LIBC.find("renameat2");
    private static final long LINKAT            = LIBC.find("linkat");
    private static final long FCHMOD            = LIBC.find("fchmod");
    private static final long FCHMODAT          = LIBC.find("fchmodat");
    private static final long FCHOWNAT          = LIBC.find("fchownat");
    private static final long UTIMENSAT         = LIBC.find("utimensat");
    private static final long FUTIMENS          = LIBC.find("futimens");
    private static final long FTRUNCATE         = LIBC.find("ftruncate");
    private static final long FALLOCATE         = LIBC.find("fallocate");
    private static final long LSEEK             = LIBC.find("lseek");
    private static final long COPY_FILE_RANGE   = LIBC.find("copy_file_range");
    private static final long SYNCFS            = LIBC.find("syncfs");
    private static final long IOCTL             = LIBC.find("ioctl");
    private static final long FSYNC             = LIBC.find("fsync");
    private static final long FDATASYNC         = LIBC.find("fdatasync");
    private static final long GETDENTS64        = LIBC.find("getdents64");
    private static final long FCNTL             = LIBC.find("fcntl");
    private static final long FLOCK             = LIBC.find("flock");
    private static final long SIGWAIT           = LIBC.find("sigwait");
    private static final long SIGACTION         = LIBC.find("sigaction");
    private static final long FACCESSAT         = LIBC.find("faccessat");
    private static final long MEMFD_CREATE      = LIBC.find("memfd_create");
    private static final long MMAP              = LIBC.find("mmap");
    private static final long MUNMAP            = LIBC.find("munmap");
    private static final long MADVISE           = LIBC.find("madvise");
    private static final long PROCESS_VM_READV  = LIBC.find("process_vm_readv");
    private static final long PROCESS_VM_WRITEV = LIBC.find("process_vm_writev");
    private static final long INOTIFY_INIT1     = LIBC.find("inotify_init1");
    private static final long INOTIFY_ADD_WATCH = LIBC.find("inotify_add_watch");
    private static final long INOTIFY_RM_WATCH  = LIBC.find("inotify_rm_watch");
    private static final long FANOTIFY_INIT     = LIBC.find("fanotify_init");
    private static final long FANOTIFY_MARK     = LIBC.find("fanotify_mark");
    private static final long EVENTFD           = LIBC.find("eventfd");
    private static final long EPOLL_CREATE1     = LIBC.find("epoll_create1");
    private static final long EPOLL_CTL         = LIBC.find("epoll_ctl");
    private static final long EPOLL_WAIT        = LIBC.find("epoll_wait");
    private static final long POLL              = LIBC.find("poll");
    private static final long SENDMSG           = LIBC.find("sendmsg");
    private static final long RECVMSG           = LIBC.find("recvmsg");
    private static final long SOCKET            = LIBC.find("socket");
    private static final long BIND              = LIBC.find("bind");
    private static final long LISTEN            = LIBC.find("listen");
    private static final long CONNECT           = LIBC.find("connect");
    private static final long ACCEPT4           = LIBC.find("accept4");
    private static final long SHUTDOWN          = LIBC.find("shutdown");
    private static final long GETSOCKOPT        = LIBC.find("getsockopt");
    private static final long UNSHARE           = LIBC.find("unshare");
    private static final long UMASK             = LIBC.find("umask");
    private static final long PRLIMIT           = LIBC.find("prlimit");
    private static final long SETPRIORITY       = LIBC.find("setpriority");
    private static final long PRCTL             = LIBC.find("prctl");
    private static final long GETXATTR          = LIBC.find("getxattr");
    private static final long LISTXATTR         = LIBC.find("listxattr");
    private static final long FGETXATTR         = LIBC.find("fgetxattr");
    private static final long FLISTXATTR        = LIBC.find("flistxattr");
    private static final long SETXATTR          = LIBC.find("setxattr");
    private static final long REMOVEXATTR       = LIBC.find("removexattr");
    private static final long NAME_TO_HANDLE_AT = LIBC.find("name_to_handle_at");
    private static final long OPEN_BY_HANDLE_AT = LIBC.find("open_by_handle_at");
    private static final long SYSLOG            = LIBC.find("syslog");
    private static final long SYSCALL           = LIBC.find("syscall");
    // spotless:on

    private static final long HARMLESS = LIBC.find("getppid");
    private static final Syscalls LOADED = new Syscalls(LIBC);

    final NativeLibrary libc;
    private final SyscallNumbers numbers = SyscallNumbers.ofThisMachine();

    /** Makes the calls through {@code libc}, which may be a test's before that of this machine. */
    Syscalls(NativeLibrary libc) {
        this.libc = libc;
    }

    /** Those of this machine. */
    public static Syscalls load() {
        return LOADED;
    }

    /** The errno that the thread's last failing call left. */
    private static int lastError() {
        return LastError.getInstance().get();
    }

    private static int result(int value) {
        return value >= 0 ? value : -lastError();
    }

    private static long result(long value) {
        return value >= 0 ? value : -lastError();
    }

    int byNumber(int number, long a, long b, long c) {
        return (int) result(libc.call(SYSCALL, number, a, b, c));
    }

    // spotless:off

    // ---- names

    /** {@code int openat(int dirfd, const char *path, int flags, mode_t mode)}: a descriptor. */
    public int openat(int dirfd, long path, int flags, int mode) { int done; do { done = result((int) libc.call(OPENAT, dirfd, path, flags, mode)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code long openat2(int dirfd, const char *path, struct open_how *how, size_t size)}: a descriptor. */
    public int openat2(int dirfd, long path, long how, long size) { return (int) result(libc.call(SYSCALL, numbers.openat2(), dirfd, path, how, size)); }

    /** {@code int open_tree(int dirfd, const char *path, unsigned flags)}: a descriptor. */
    public int openTree(int dirfd, long path, int flags) { return byNumber(numbers.openTree(), dirfd, path, flags); }

    /** {@code int name_to_handle_at(int dirfd, const char *path, struct file_handle *handle, int *mount_id, int flags)}. */
    public int nameToHandleAt(int dirfd, long path, long handle, long mountId, int flags) { return result((int) libc.call(NAME_TO_HANDLE_AT, dirfd, path, handle, mountId, flags)); }

    /** {@code int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags)}: a descriptor. */
    public int openByHandleAt(int mountFd, long handle, int flags) { return result((int) libc.call(OPEN_BY_HANDLE_AT, mountFd, handle, flags)); }

    /** {@code ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)}: bytes of the target, without a NUL. */
    public long readlinkat(int dirfd, long path, long buf, long size) { return result(libc.call(READLINKAT, dirfd, path, buf, size)); }

    /** {@code int symlinkat(const char *target, int newdirfd, const char *linkpath)}. */
    public int symlinkat(long target, int newdirfd, long linkpath) { return result((int) libc.call(SYMLINKAT, target, newdirfd, linkpath)); }

    /** {@code int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)}. */
    public int mknodat(int dirfd, long path, int mode, long dev) { return result((int) libc.call(MKNODAT, dirfd, path, mode, dev)); }

    /** {@code int mkdirat(int dirfd, const char *path, mode_t mode)}. */
    public int mkdirat(int dirfd, long path, int mode) { return result((int) libc.call(MKDIRAT, dirfd, path, mode)); }

    /** {@code int unlinkat(int dirfd, const char *path, int flags)}. */
    public int unlinkat(int dirfd, long path, int flags) { return result((int) libc.call(UNLINKAT, dirfd, path, flags)); }

    /** {@code int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned flags)}. */
    public int renameat2(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) { return result((int) libc.call(RENAMEAT2, olddirfd, oldpath, newdirfd, newpath, flags)); }

    /** {@code int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)}. */
    public int linkat(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) { return result((int) libc.call(LINKAT, olddirfd, oldpath, newdirfd, newpath, flags)); }

    // ---- attributes

    /** {@code int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *buf)}. */
    public int statx(int dirfd, long path, int flags, int mask, long statxbuf) { assert Scratch.noteStatx(statxbuf); return result((int) libc.call(STATX, dirfd, path, flags, mask, statxbuf)); }

    /** {@code int fstatfs(int fd, struct statfs *buf)}. */
    public int fstatfs(int fd, long statfsbuf) { int done; do { done = result((int) libc.call(FSTATFS, fd, statfsbuf)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code int faccessat(int dirfd, const char *path, int mode, int flags)}. */
    public int faccessat(int dirfd, long path, int mode, int flags) { return result((int) libc.call(FACCESSAT, dirfd, path, mode, flags)); }

    /** {@code int fchmod(int fd, mode_t mode)}. */
    public int fchmod(int fd, int mode) { return result((int) libc.call(FCHMOD, fd, mode)); }

    /** {@code int fchmodat(int dirfd, const char *path, mode_t mode, 0)}; follows links. */
    public int fchmodat(int dirfd, long path, int mode) { return result((int) libc.call(FCHMODAT, dirfd, path, mode, 0)); }

    /** {@code int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)}. */
    public int fchownat(int dirfd, long path, int uid, int gid, int flags) { return result((int) libc.call(FCHOWNAT, dirfd, path, uid, gid, flags)); }

    /** {@code int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)}. */
    public int utimensat(int dirfd, long path, long times, int flags) { return result((int) libc.call(UTIMENSAT, dirfd, path, times, flags)); }

    /** {@code int futimens(int fd, const struct timespec times[2])}. */
    public int futimens(int fd, long times) { return result((int) libc.call(FUTIMENS, fd, times)); }

    /** {@code ssize_t getxattr(const char *path, const char *name, void *value, size_t size)}: bytes of the value; follows links. */
    public long getxattr(long path, long name, long value, long size) { return result(libc.call(GETXATTR, path, name, value, size)); }

    /** {@code ssize_t listxattr(const char *path, char *list, size_t size)}: bytes of the list; follows links. */
    public long listxattr(long path, long list, long size) { return result(libc.call(LISTXATTR, path, list, size)); }

    /** {@code ssize_t fgetxattr(int fd, const char *name, void *value, size_t size)}: bytes of the value. */
    public long fgetxattr(int fd, long name, long value, long size) { return result(libc.call(FGETXATTR, fd, name, value, size)); }

    /** {@code ssize_t flistxattr(int fd, char *list, size_t size)}: bytes of the list. */
    public long flistxattr(int fd, long list, long size) { return result(libc.call(FLISTXATTR, fd, list, size)); }

    /** {@code int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)}; follows links. */
    public int setxattr(long path, long name, long value, long size, int flags) { return result((int) libc.call(SETXATTR, path, name, value, size, flags)); }

    /** {@code int removexattr(const char *path, const char *name)}; follows links. */
    public int removexattr(long path, long name) { return result((int) libc.call(REMOVEXATTR, path, name)); }

    // ---- open files

    /** {@code int close(int fd)}. */
    public int close(int fd) { return result((int) libc.call(CLOSE, fd)); }

    /** {@code int fcntl(int fd, F_DUPFD_CLOEXEC, 0)}: a descriptor. */
    public int dup(int fd) { return result((int) libc.call(FCNTL, fd, Fcntl.F_DUPFD_CLOEXEC, 0)); }

    /** {@code int fcntl(int fd, int cmd, long arg)}: depends on cmd. */
    public int fcntl(int fd, int cmd, long arg) { return result((int) libc.call(FCNTL, fd, cmd, arg)); }

    /** {@code int flock(int fd, int operation)}. */
    public int flock(int fd, int operation) { return result((int) libc.call(FLOCK, fd, operation)); }

    /** {@code int ioctl(int fd, unsigned long request, void *argument)}: depends on request. */
    public int ioctl(int fd, int request, long argument) { return result((int) libc.call(IOCTL, fd, Integer.toUnsignedLong(request), argument)); }

    /** {@code ssize_t read(int fd, void *buf, size_t count)}: bytes read. */
    public long read(int fd, long buf, long count) { return result(libc.call(READ, fd, buf, count)); }

    /** {@code ssize_t write(int fd, const void *buf, size_t count)}: bytes written. */
    public long write(int fd, long buf, long count) { return result(libc.call(WRITE, fd, buf, count)); }

    /** {@code ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)}: bytes read; preadv where flags is 0. */
    public long preadv2(int fd, long iov, int iovcnt, long offset, int flags) {
        long done;
        do {
            done = result(flags == 0 ? libc.call(PREADV, fd, iov, iovcnt, offset) : libc.call(PREADV2, fd, iov, iovcnt, offset, flags));
        } while (done == -LinuxErrno.EINTR);
        return done;
    }

    /** {@code ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)}: bytes written; pwritev where flags is 0. */
    public long pwritev2(int fd, long iov, int iovcnt, long offset, int flags) {
        long done;
        do {
            done = result(flags == 0 ? libc.call(PWRITEV, fd, iov, iovcnt, offset) : libc.call(PWRITEV2, fd, iov, iovcnt, offset, flags));
        } while (done == -LinuxErrno.EINTR);
        return done;
    }

    /** {@code ssize_t copy_file_range(int fd_in, off_t *off_in, int fd_out, off_t *off_out, size_t len, 0)}: bytes copied. */
    public long copyFileRange(int fdIn, long offIn, int fdOut, long offOut, long len) {
        NativeMemory offsets = Scratch.get().small();
        offsets.putLong(0, offIn);
        offsets.putLong(8, offOut);
        return result(libc.call(COPY_FILE_RANGE, fdIn, offsets.address(0), fdOut, offsets.address(8), len, 0));
    }

    /** {@code off_t lseek(int fd, off_t offset, int whence)}: the new offset. */
    public long lseek(int fd, long offset, int whence) { return result(libc.call(LSEEK, fd, offset, whence)); }

    /** {@code int ftruncate(int fd, off_t length)}. */
    public int ftruncate(int fd, long length) { int done; do { done = result((int) libc.call(FTRUNCATE, fd, length)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code int fallocate(int fd, int mode, off_t offset, off_t len)}. */
    public int fallocate(int fd, int mode, long offset, long len) { int done; do { done = result((int) libc.call(FALLOCATE, fd, mode, offset, len)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code int fsync(int fd)}. */
    public int fsync(int fd) { int done; do { done = result((int) libc.call(FSYNC, fd)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code int fdatasync(int fd)}. */
    public int fdatasync(int fd) { int done; do { done = result((int) libc.call(FDATASYNC, fd)); } while (done == -LinuxErrno.EINTR); return done; }

    /** {@code int syncfs(int fd)}. */
    public int syncfs(int fd) { return result((int) libc.call(SYNCFS, fd)); }

    /** {@code ssize_t getdents64(int fd, void *dirp, size_t count)}: bytes read, 0 at the end. */
    public long getdents64(int fd, long dirp, long count) { return result(libc.call(GETDENTS64, fd, dirp, count)); }

    // ---- memory

    /** {@code int memfd_create(const char *name, unsigned flags)}: a descriptor. */
    public int memfdCreate(long name, int flags) { return result((int) libc.call(MEMFD_CREATE, name, flags)); }

    /** {@code void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)}: the address. */
    public long mmap(long addr, long length, int prot, int flags, int fd, long offset) {
        long address = libc.call(MMAP, addr, length, prot, flags, fd, offset);
        return address == -1 ? -lastError() : address;
    }

    /** {@code int munmap(void *addr, size_t length)}. */
    public int munmap(long addr, long length) { return result((int) libc.call(MUNMAP, addr, length)); }

    /** {@code int madvise(void *addr, size_t length, int advice)}. */
    public int madvise(long addr, long length, int advice) { return result((int) libc.call(MADVISE, addr, length, advice)); }

    /** {@code ssize_t process_vm_readv(pid_t pid, const struct iovec *local, 1, const struct iovec *remote, 1, 0)}: bytes copied; EFAULT where no page is. */
    public long processVmReadv(int pid, long local, long remote) { return result(libc.call(PROCESS_VM_READV, pid, local, 1, remote, 1, 0)); }

    /** {@code ssize_t process_vm_writev(pid_t pid, const struct iovec *local, 1, const struct iovec *remote, 1, 0)}: bytes copied; EFAULT where no page is. */
    public long processVmWritev(int pid, long local, long remote) { return result(libc.call(PROCESS_VM_WRITEV, pid, local, 1, remote, 1, 0)); }

    // ---- events

    /** {@code int inotify_init1(int flags)}: a descriptor. */
    public int inotifyInit1(int flags) { return result((int) libc.call(INOTIFY_INIT1, flags)); }

    /** {@code int inotify_add_watch(int fd, const char *path, uint32_t mask)}: the watch. */
    public int inotifyAddWatch(int fd, long path, int mask) { return result((int) libc.call(INOTIFY_ADD_WATCH, fd, path, mask)); }

    /** {@code int inotify_rm_watch(int fd, int wd)}. */
    public int inotifyRmWatch(int fd, int watch) { return result((int) libc.call(INOTIFY_RM_WATCH, fd, watch)); }

    /** {@code int fanotify_init(unsigned flags, unsigned event_f_flags)}: a descriptor. */
    public int fanotifyInit(int flags, int eventFlags) { return result((int) libc.call(FANOTIFY_INIT, flags, eventFlags)); }

    /** {@code int fanotify_mark(int fd, unsigned flags, uint64_t mask, int dirfd, const char *path)}. */
    public int fanotifyMark(int fd, int flags, long mask, int dirfd, long path) { return result((int) libc.call(FANOTIFY_MARK, fd, flags, mask, dirfd, path)); }

    /** {@code int eventfd(unsigned initval, int flags)}: a descriptor. */
    public int eventfd(int initval, int flags) { return result((int) libc.call(EVENTFD, initval, flags)); }

    /** {@code int epoll_create1(int flags)}: a descriptor. */
    public int epollCreate1(int flags) { return result((int) libc.call(EPOLL_CREATE1, flags)); }

    /** {@code int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)}. */
    public int epollCtl(int epfd, int op, int fd, long event) { return result((int) libc.call(EPOLL_CTL, epfd, op, fd, event)); }

    /** {@code int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeoutMillis)}: number of events. */
    public int epollWait(int epfd, long events, int maxevents, int timeoutMillis) { return result((int) libc.call(EPOLL_WAIT, epfd, events, maxevents, timeoutMillis)); }

    /** {@code int poll(struct pollfd *fds, nfds_t nfds, int timeoutMillis)}: number of descriptors with events. */
    public int poll(long fds, long nfds, int timeoutMillis) { return result((int) libc.call(POLL, fds, nfds, timeoutMillis)); }

    // ---- sockets

    /** {@code int socket(int domain, int type, int protocol)}: a descriptor. */
    public int socket(int domain, int type, int protocol) { return result((int) libc.call(SOCKET, domain, type, protocol)); }

    /** {@code int bind(int fd, const struct sockaddr *address, socklen_t length)}. */
    public int bind(int fd, long address, int length) { return result((int) libc.call(BIND, fd, address, length)); }

    /** {@code int listen(int fd, int backlog)}. */
    public int listen(int fd, int backlog) { return result((int) libc.call(LISTEN, fd, backlog)); }

    /** {@code int connect(int fd, const struct sockaddr *address, socklen_t length)}. */
    public int connect(int fd, long address, int length) { return result((int) libc.call(CONNECT, fd, address, length)); }

    /** {@code int accept4(int fd, NULL, NULL, int flags)}: a descriptor. */
    public int accept4(int fd, int flags) { return result((int) libc.call(ACCEPT4, fd, 0, 0, flags)); }

    /** {@code int shutdown(int fd, int how)}. */
    public int shutdown(int fd, int how) { return result((int) libc.call(SHUTDOWN, fd, how)); }

    /** {@code int getsockopt(int fd, int level, int name, void *value, socklen_t *length)}. */
    public int getsockopt(int fd, int level, int name, long value, long lengthAddress) { return result((int) libc.call(GETSOCKOPT, fd, level, name, value, lengthAddress)); }

    /** {@code ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)}: bytes sent. */
    public long sendmsg(int fd, long msg, int flags) { return result(libc.call(SENDMSG, fd, msg, flags)); }

    /** {@code ssize_t recvmsg(int fd, struct msghdr *msg, int flags)}: bytes received, 0 at the end. */
    public long recvmsg(int fd, long msg, int flags) { return result(libc.call(RECVMSG, fd, msg, flags)); }

    // ---- identity: of this thread only, unlike libc's functions

    /** {@code int setresuid(uid_t ruid, uid_t euid, uid_t suid)} of this thread. */
    public int setresuid(int ruid, int euid, int suid) { return byNumber(numbers.setresuid(), ruid, euid, suid); }

    /** {@code int setresgid(gid_t rgid, gid_t egid, gid_t sgid)} of this thread. */
    public int setresgid(int rgid, int egid, int sgid) { return byNumber(numbers.setresgid(), rgid, egid, sgid); }

    /** {@code int setgroups(size_t size, const gid_t *list)} of this thread. */
    public int setgroups(long size, long list) { return byNumber(numbers.setgroups(), size, list, 0); }

    /** {@code int getgroups(int size, gid_t list[])} of this thread: number of groups. */
    public int getgroups(int size, long list) { return byNumber(numbers.getgroups(), size, list, 0); }

    /** {@code int capget(cap_user_header_t header, cap_user_data_t data)} of this thread. */
    public int capget(long header, long data) { return byNumber(numbers.capget(), header, data, 0); }

    /** {@code int capset(cap_user_header_t header, const cap_user_data_t data)} of this thread. */
    public int capset(long header, long data) { return byNumber(numbers.capset(), header, data, 0); }

    /** {@code uid_t geteuid(void)} of this thread: the user. */
    public int geteuid() { return byNumber(numbers.geteuid(), 0, 0, 0); }

    /** {@code gid_t getegid(void)} of this thread: the group. */
    public int getegid() { return byNumber(numbers.getegid(), 0, 0, 0); }

    // ---- processes and threads

    /** {@code int unshare(int flags)}. */
    public int unshare(int flags) { return result((int) libc.call(UNSHARE, flags)); }

    /** {@code mode_t umask(mode_t mask)} of all threads that have not unshared CLONE_FS: the old mask. */
    public int umask(int mask) { return (int) libc.call(UMASK, mask); }

    /** {@code int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)}. */
    public int prlimit(int pid, int resource, long newLimit, long oldLimit) { return result((int) libc.call(PRLIMIT, pid, resource, newLimit, oldLimit)); }

    /** {@code int setpriority(PRIO_PROCESS, id_t tid, int nice)}: of one thread, as Linux does it. */
    public int setThreadPriority(int tid, int nice) { return result((int) libc.call(SETPRIORITY, 0, tid, nice)); }

    /** {@code int prctl(int option, unsigned long arg2, arg3, arg4, arg5)}: depends on option. */
    public int prctl(int option, long arg2, long arg3, long arg4, long arg5) { return result((int) libc.call(PRCTL, option, arg2, arg3, arg4, arg5)); }

    /** {@code int sched_getattr(pid_t tid, struct sched_attr *attr, unsigned size, 0)}. */
    public int schedGetattr(int tid, long attr, int size) { return (int) result(libc.call(SYSCALL, numbers.schedGetattr(), tid, attr, size, 0)); }

    /** {@code int sched_setattr(pid_t tid, struct sched_attr *attr, 0)}. */
    public int schedSetattr(int tid, long attr) { return byNumber(numbers.schedSetattr(), tid, attr, 0); }

    /** {@code pid_t gettid(void)}: this thread's number. */
    public int gettid() { return byNumber(numbers.gettid(), 0, 0, 0); }

    /** {@code int tgkill(pid_t tgid, pid_t tid, int signal)}. */
    public int tgkill(int tgid, int tid, int signal) { return byNumber(numbers.tgkill(), tgid, tid, signal); }

    // spotless:on

    /** {@code int sigwait(const sigset_t *set, int *sig)} for one signal that all threads block. */
    public int sigwait(int signal) {
        NativeMemory set = Scratch.get().small(); // sigset_t@0, of 128 bytes; int@128
        set.clear(0, SIGSET_BYTES);
        set.putLong(0, 1L << signal - 1);
        return -(int)
                libc.call(SIGWAIT, set.address(), set.address(SIGSET_BYTES)); // gives an errno
    }

    /**
     * {@code sigaction(2)}: {@code signal} does nothing but interrupt the call that a thread waits
     * in, which then fails with EINTR. The handler is a function of libc that does nothing: Java
     * code must not run in one.
     */
    public int makeInterrupting(int signal) {
        NativeMemory action = Scratch.get().small(); // sigaction.h: handler, mask, flags, restorer
        action.put(0, new byte[SIGACTION_BYTES], 0, SIGACTION_BYTES); // without SA_RESTART
        action.putLong(0, HARMLESS);
        return result((int) libc.call(SIGACTION, signal, action.address(), 0));
    }

    /** {@code void syslog(int priority, "%s", const char *message)}. */
    public int syslog(int priority, long message) {
        NativeMemory format = Scratch.get().small();
        format.putInt(0, 's' << 8 | '%'); // "%s"
        libc.call(SYSLOG, priority, format.address(), message);
        return 0;
    }
}
