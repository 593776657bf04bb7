package io.jvirtiofsd.linux;

import jnr.ffi.LastError;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Runtime;

/**
 * The system calls this project uses, in man-page terms: the only door to native code. One instance
 * serves the process; whoever makes calls is given it.
 *
 * <p>Every call returns a value &ge; 0, or a negated errno ({@code -ENOENT}); none throws for a
 * failing call. A comment after the prototype says what the value is; where there is none it is 0.
 * Paths and structures are addresses of native memory; paths are NUL-terminated. Descriptors are
 * plain {@code int}s that the call borrows; {@link Fd} owns them. {@code EINTR} is returned like
 * any other error.
 *
 * <p>A call goes through the function of {@link LibC} with its name. It goes by number where libc
 * has no function, or has one that changes all threads of the process. All arguments are primitive.
 * A function with exactly six integer arguments gets a seventh that nobody reads, since on x86-64
 * jnr-ffi passes garbage as the last of six.
 *
 * <p><i>Thread-safe.</i> Source: sections 2 and 3 of the Linux man pages.
 */
public final class Syscalls {
    private static final int SIGSET_BYTES = 128; // bits/types/__sigset_t.h
    private static final int SIGACTION_BYTES = 152; // of libc, both architectures
    private static final Runtime RUNTIME = Runtime.getSystemRuntime();

    private static Syscalls loaded;

    final LibC libc;
    private final SyscallNumbers numbers = SyscallNumbers.ofThisMachine();

    /**
     * Makes the calls through {@code libc}: a test puts one of its own before that of this machine.
     */
    Syscalls(LibC libc) {
        this.libc = libc;
    }

    /** Loads libc, or gives what was loaded: binding to it costs a tenth of a second. */
    public static synchronized Syscalls load() {
        if (loaded == null) {
            loaded = new Syscalls(LibraryLoader.create(LibC.class).failImmediately().load("c"));
        }
        return loaded;
    }

    /** The errno that the thread's last failing call left. */
    private static int lastError() {
        return LastError.getLastError(RUNTIME);
    }

    private static int result(int value) {
        return value >= 0 ? value : -lastError();
    }

    private static long result(long value) {
        return value >= 0 ? value : -lastError();
    }

    int byNumber(int number, long a, long b, long c) {
        return (int) result(libc.syscall(number, a, b, c));
    }

    // spotless:off

    // ---- names

    /** {@code int openat(int dirfd, const char *path, int flags, mode_t mode)}: a descriptor. */
    public int openat(int dirfd, long path, int flags, int mode) { return result(libc.openat(dirfd, path, flags, mode)); }

    /** {@code long openat2(int dirfd, const char *path, struct open_how *how, size_t size)}: a descriptor. */
    public int openat2(int dirfd, long path, long how, long size) { return (int) result(libc.syscall(numbers.openat2(), dirfd, path, how, size)); }

    /** {@code int open_tree(int dirfd, const char *path, unsigned flags)}: a descriptor. */
    public int openTree(int dirfd, long path, int flags) { return byNumber(numbers.openTree(), dirfd, path, flags); }

    /** {@code int name_to_handle_at(int dirfd, const char *path, struct file_handle *handle, int *mount_id, int flags)}. */
    public int nameToHandleAt(int dirfd, long path, long handle, long mountId, int flags) { return result(libc.name_to_handle_at(dirfd, path, handle, mountId, flags)); }

    /** {@code int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags)}: a descriptor. */
    public int openByHandleAt(int mountFd, long handle, int flags) { return result(libc.open_by_handle_at(mountFd, handle, flags)); }

    /** {@code ssize_t readlinkat(int dirfd, const char *path, char *buf, size_t size)}: bytes of the target, without a NUL. */
    public long readlinkat(int dirfd, long path, long buf, long size) { return result(libc.readlinkat(dirfd, path, buf, size)); }

    /** {@code int symlinkat(const char *target, int newdirfd, const char *linkpath)}. */
    public int symlinkat(long target, int newdirfd, long linkpath) { return result(libc.symlinkat(target, newdirfd, linkpath)); }

    /** {@code int mknodat(int dirfd, const char *path, mode_t mode, dev_t dev)}. */
    public int mknodat(int dirfd, long path, int mode, long dev) { return result(libc.mknodat(dirfd, path, mode, dev)); }

    /** {@code int mkdirat(int dirfd, const char *path, mode_t mode)}. */
    public int mkdirat(int dirfd, long path, int mode) { return result(libc.mkdirat(dirfd, path, mode)); }

    /** {@code int unlinkat(int dirfd, const char *path, int flags)}. */
    public int unlinkat(int dirfd, long path, int flags) { return result(libc.unlinkat(dirfd, path, flags)); }

    /** {@code int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned flags)}. */
    public int renameat2(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) { return result(libc.renameat2(olddirfd, oldpath, newdirfd, newpath, flags)); }

    /** {@code int linkat(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, int flags)}. */
    public int linkat(int olddirfd, long oldpath, int newdirfd, long newpath, int flags) { return result(libc.linkat(olddirfd, oldpath, newdirfd, newpath, flags)); }

    // ---- attributes

    /** {@code int statx(int dirfd, const char *path, int flags, unsigned mask, struct statx *buf)}. */
    public int statx(int dirfd, long path, int flags, int mask, long statxbuf) { assert Scratch.noteStatx(statxbuf); return result(libc.statx(dirfd, path, flags, mask, statxbuf)); }

    /** {@code int fstatfs(int fd, struct statfs *buf)}. */
    public int fstatfs(int fd, long statfsbuf) { return result(libc.fstatfs(fd, statfsbuf)); }

    /** {@code int faccessat(int dirfd, const char *path, int mode, int flags)}. */
    public int faccessat(int dirfd, long path, int mode, int flags) { return result(libc.faccessat(dirfd, path, mode, flags)); }

    /** {@code int fchmod(int fd, mode_t mode)}. */
    public int fchmod(int fd, int mode) { return result(libc.fchmod(fd, mode)); }

    /** {@code int fchmodat(int dirfd, const char *path, mode_t mode, 0)}; follows links. */
    public int fchmodat(int dirfd, long path, int mode) { return result(libc.fchmodat(dirfd, path, mode, 0)); }

    /** {@code int fchownat(int dirfd, const char *path, uid_t uid, gid_t gid, int flags)}. */
    public int fchownat(int dirfd, long path, int uid, int gid, int flags) { return result(libc.fchownat(dirfd, path, uid, gid, flags)); }

    /** {@code int utimensat(int dirfd, const char *path, const struct timespec times[2], int flags)}. */
    public int utimensat(int dirfd, long path, long times, int flags) { return result(libc.utimensat(dirfd, path, times, flags)); }

    /** {@code int futimens(int fd, const struct timespec times[2])}. */
    public int futimens(int fd, long times) { return result(libc.futimens(fd, times)); }

    /** {@code ssize_t getxattr(const char *path, const char *name, void *value, size_t size)}: bytes of the value; follows links. */
    public long getxattr(long path, long name, long value, long size) { return result(libc.getxattr(path, name, value, size)); }

    /** {@code ssize_t listxattr(const char *path, char *list, size_t size)}: bytes of the list; follows links. */
    public long listxattr(long path, long list, long size) { return result(libc.listxattr(path, list, size)); }

    /** {@code int setxattr(const char *path, const char *name, const void *value, size_t size, int flags)}; follows links. */
    public int setxattr(long path, long name, long value, long size, int flags) { return result(libc.setxattr(path, name, value, size, flags)); }

    /** {@code int removexattr(const char *path, const char *name)}; follows links. */
    public int removexattr(long path, long name) { return result(libc.removexattr(path, name)); }

    // ---- open files

    /** {@code int close(int fd)}. */
    public int close(int fd) { return result(libc.close(fd)); }

    /** {@code int fcntl(int fd, F_DUPFD_CLOEXEC, 0)}: a descriptor. */
    public int dup(int fd) { return result(libc.fcntl(fd, Fcntl.F_DUPFD_CLOEXEC, 0)); }

    /** {@code int fcntl(int fd, int cmd, long arg)}: depends on cmd. */
    public int fcntl(int fd, int cmd, long arg) { return result(libc.fcntl(fd, cmd, arg)); }

    /** {@code int flock(int fd, int operation)}. */
    public int flock(int fd, int operation) { return result(libc.flock(fd, operation)); }

    /** {@code int ioctl(int fd, unsigned long request, void *argument)}: depends on request. */
    public int ioctl(int fd, int request, long argument) { return result(libc.ioctl(fd, Integer.toUnsignedLong(request), argument)); }

    /** {@code ssize_t read(int fd, void *buf, size_t count)}: bytes read. */
    public long read(int fd, long buf, long count) { return result(libc.read(fd, buf, count)); }

    /** {@code ssize_t write(int fd, const void *buf, size_t count)}: bytes written. */
    public long write(int fd, long buf, long count) { return result(libc.write(fd, buf, count)); }

    /** {@code ssize_t preadv2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)}: bytes read; preadv where flags is 0. */
    public long preadv2(int fd, long iov, int iovcnt, long offset, int flags) {
        return result(flags == 0 ? libc.preadv(fd, iov, iovcnt, offset) : libc.preadv2(fd, iov, iovcnt, offset, flags));
    }

    /** {@code ssize_t pwritev2(int fd, const struct iovec *iov, int iovcnt, off_t offset, int flags)}: bytes written; pwritev where flags is 0. */
    public long pwritev2(int fd, long iov, int iovcnt, long offset, int flags) {
        return result(flags == 0 ? libc.pwritev(fd, iov, iovcnt, offset) : libc.pwritev2(fd, iov, iovcnt, offset, flags));
    }

    /** {@code ssize_t copy_file_range(int fd_in, off_t *off_in, int fd_out, off_t *off_out, size_t len, 0)}: bytes copied. */
    public long copyFileRange(int fdIn, long offIn, int fdOut, long offOut, long len) {
        NativeMemory offsets = Scratch.get().small();
        offsets.putLong(0, offIn);
        offsets.putLong(8, offOut);
        return result(libc.copy_file_range(fdIn, offsets.address(0), fdOut, offsets.address(8), len, 0, 0));
    }

    /** {@code off_t lseek(int fd, off_t offset, int whence)}: the new offset. */
    public long lseek(int fd, long offset, int whence) { return result(libc.lseek(fd, offset, whence)); }

    /** {@code int ftruncate(int fd, off_t length)}. */
    public int ftruncate(int fd, long length) { return result(libc.ftruncate(fd, length)); }

    /** {@code int fallocate(int fd, int mode, off_t offset, off_t len)}. */
    public int fallocate(int fd, int mode, long offset, long len) { return result(libc.fallocate(fd, mode, offset, len)); }

    /** {@code int fsync(int fd)}. */
    public int fsync(int fd) { return result(libc.fsync(fd)); }

    /** {@code int fdatasync(int fd)}. */
    public int fdatasync(int fd) { return result(libc.fdatasync(fd)); }

    /** {@code int syncfs(int fd)}. */
    public int syncfs(int fd) { return result(libc.syncfs(fd)); }

    /** {@code ssize_t getdents64(int fd, void *dirp, size_t count)}: bytes read, 0 at the end. */
    public long getdents64(int fd, long dirp, long count) { return result(libc.getdents64(fd, dirp, count)); }

    // ---- memory

    /** {@code int memfd_create(const char *name, unsigned flags)}: a descriptor. */
    public int memfdCreate(long name, int flags) { return result(libc.memfd_create(name, flags)); }

    /** {@code void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)}: the address. */
    public long mmap(long addr, long length, int prot, int flags, int fd, long offset) {
        long address = libc.mmap(addr, length, prot, flags, fd, offset, 0);
        return address == -1 ? -lastError() : address;
    }

    /** {@code int munmap(void *addr, size_t length)}. */
    public int munmap(long addr, long length) { return result(libc.munmap(addr, length)); }

    /** {@code int madvise(void *addr, size_t length, int advice)}. */
    public int madvise(long addr, long length, int advice) { return result(libc.madvise(addr, length, advice)); }

    /** {@code ssize_t process_vm_readv(pid_t pid, const struct iovec *local, 1, const struct iovec *remote, 1, 0)}: bytes copied; EFAULT where no page is. */
    public long processVmReadv(int pid, long local, long remote) { return result(libc.process_vm_readv(pid, local, 1, remote, 1, 0, 0)); }

    /** {@code ssize_t process_vm_writev(pid_t pid, const struct iovec *local, 1, const struct iovec *remote, 1, 0)}: bytes copied; EFAULT where no page is. */
    public long processVmWritev(int pid, long local, long remote) { return result(libc.process_vm_writev(pid, local, 1, remote, 1, 0, 0)); }

    // ---- events

    /** {@code int inotify_init1(int flags)}: a descriptor. */
    public int inotifyInit1(int flags) { return result(libc.inotify_init1(flags)); }

    /** {@code int inotify_add_watch(int fd, const char *path, uint32_t mask)}: the watch. */
    public int inotifyAddWatch(int fd, long path, int mask) { return result(libc.inotify_add_watch(fd, path, mask)); }

    /** {@code int inotify_rm_watch(int fd, int wd)}. */
    public int inotifyRmWatch(int fd, int watch) { return result(libc.inotify_rm_watch(fd, watch)); }

    /** {@code int fanotify_init(unsigned flags, unsigned event_f_flags)}: a descriptor. */
    public int fanotifyInit(int flags, int eventFlags) { return result(libc.fanotify_init(flags, eventFlags)); }

    /** {@code int fanotify_mark(int fd, unsigned flags, uint64_t mask, int dirfd, const char *path)}. */
    public int fanotifyMark(int fd, int flags, long mask, int dirfd, long path) { return result(libc.fanotify_mark(fd, flags, mask, dirfd, path)); }

    /** {@code int eventfd(unsigned initval, int flags)}: a descriptor. */
    public int eventfd(int initval, int flags) { return result(libc.eventfd(initval, flags)); }

    /** {@code int epoll_create1(int flags)}: a descriptor. */
    public int epollCreate1(int flags) { return result(libc.epoll_create1(flags)); }

    /** {@code int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event)}. */
    public int epollCtl(int epfd, int op, int fd, long event) { return result(libc.epoll_ctl(epfd, op, fd, event)); }

    /** {@code int epoll_wait(int epfd, struct epoll_event *events, int maxevents, int timeoutMillis)}: number of events. */
    public int epollWait(int epfd, long events, int maxevents, int timeoutMillis) { return result(libc.epoll_wait(epfd, events, maxevents, timeoutMillis)); }

    /** {@code int poll(struct pollfd *fds, nfds_t nfds, int timeoutMillis)}: number of descriptors with events. */
    public int poll(long fds, long nfds, int timeoutMillis) { return result(libc.poll(fds, nfds, timeoutMillis)); }

    // ---- sockets

    /** {@code int socket(int domain, int type, int protocol)}: a descriptor. */
    public int socket(int domain, int type, int protocol) { return result(libc.socket(domain, type, protocol)); }

    /** {@code int bind(int fd, const struct sockaddr *address, socklen_t length)}. */
    public int bind(int fd, long address, int length) { return result(libc.bind(fd, address, length)); }

    /** {@code int listen(int fd, int backlog)}. */
    public int listen(int fd, int backlog) { return result(libc.listen(fd, backlog)); }

    /** {@code int connect(int fd, const struct sockaddr *address, socklen_t length)}. */
    public int connect(int fd, long address, int length) { return result(libc.connect(fd, address, length)); }

    /** {@code int accept4(int fd, NULL, NULL, int flags)}: a descriptor. */
    public int accept4(int fd, int flags) { return result(libc.accept4(fd, 0, 0, flags)); }

    /** {@code int shutdown(int fd, int how)}. */
    public int shutdown(int fd, int how) { return result(libc.shutdown(fd, how)); }

    /** {@code int getsockopt(int fd, int level, int name, void *value, socklen_t *length)}. */
    public int getsockopt(int fd, int level, int name, long value, long lengthAddress) { return result(libc.getsockopt(fd, level, name, value, lengthAddress)); }

    /** {@code ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)}: bytes sent. */
    public long sendmsg(int fd, long msg, int flags) { return result(libc.sendmsg(fd, msg, flags)); }

    /** {@code ssize_t recvmsg(int fd, struct msghdr *msg, int flags)}: bytes received, 0 at the end. */
    public long recvmsg(int fd, long msg, int flags) { return result(libc.recvmsg(fd, msg, flags)); }

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
    public int unshare(int flags) { return result(libc.unshare(flags)); }

    /** {@code mode_t umask(mode_t mask)} of all threads that have not unshared CLONE_FS: the old mask. */
    public int umask(int mask) { return libc.umask(mask); }

    /** {@code int prlimit(pid_t pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)}. */
    public int prlimit(int pid, int resource, long newLimit, long oldLimit) { return result(libc.prlimit(pid, resource, newLimit, oldLimit)); }

    /** {@code int prctl(int option, unsigned long arg2, arg3, arg4, arg5)}: depends on option. */
    public int prctl(int option, long arg2, long arg3, long arg4, long arg5) { return result(libc.prctl(option, arg2, arg3, arg4, arg5)); }

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
        return -libc.sigwait(set.address(), set.address(SIGSET_BYTES)); // gives an errno
    }

    /**
     * {@code sigaction(2)}: {@code signal} does nothing but interrupt the call that a thread waits
     * in, which then fails with EINTR. The handler is a function of libc that does nothing: Java
     * code must not run in one.
     */
    public int makeInterrupting(int signal) {
        Scratch scratch = Scratch.get();
        byte[] harmless = {'g', 'e', 't', 'p', 'p', 'i', 'd'};
        long handler = libc.dlsym(0, scratch.path(harmless, 0, harmless.length));
        if (handler == 0) {
            return -LinuxErrno.ENOSYS;
        }
        NativeMemory action = scratch.small(); // sigaction.h: handler, mask, flags, restorer
        action.put(0, new byte[SIGACTION_BYTES], 0, SIGACTION_BYTES); // without SA_RESTART
        action.putLong(0, handler);
        return result(libc.sigaction(signal, action.address(), 0));
    }

    /** {@code void syslog(int priority, "%s", const char *message)}. */
    public int syslog(int priority, long message) {
        NativeMemory format = Scratch.get().small();
        format.putInt(0, 's' << 8 | '%'); // "%s"
        libc.syslog(priority, format.address(), message);
        return 0;
    }
}
