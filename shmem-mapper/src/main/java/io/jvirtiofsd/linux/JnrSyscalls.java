package io.jvirtiofsd.linux;

import jnr.ffi.LibraryLoader;

/**
 * {@link Syscalls} through jnr-ffi: memory, sockets, waiting, identity, and what it inherits for
 * files. One instance serves the process.
 *
 * <p>All arguments are primitive. A function with exactly six integer arguments gets a seventh that
 * nobody reads, since on x86-64 jnr-ffi passes garbage as the last of six. Calls that libc applies
 * to the whole process (credentials) or may not have go by number.
 *
 * <p><i>Thread-safe.</i>
 */
public final class JnrSyscalls extends JnrFileCalls {
    private static final int SIGSET_BYTES = 128; // bits/types/__sigset_t.h
    private static final int SIGACTION_BYTES = 152; // of libc, both architectures

    private static JnrSyscalls loaded;

    private JnrSyscalls(LibC libc) {
        super(libc);
    }

    /** Loads libc, or gives what was loaded: binding to it costs a tenth of a second. */
    public static synchronized JnrSyscalls load() {
        if (loaded == null) {
            loaded = new JnrSyscalls(LibraryLoader.create(LibC.class).failImmediately().load("c"));
        }
        return loaded;
    }

    @Override
    public int memfdCreate(long name, int flags) {
        return result(libc.memfd_create(name, flags));
    }

    @Override
    public long mmap(long addr, long length, int prot, int flags, int fd, long offset) {
        long address = libc.mmap(addr, length, prot, flags, fd, offset, 0);
        return address == -1 ? -lastError() : address;
    }

    @Override
    public int munmap(long addr, long length) {
        return result(libc.munmap(addr, length));
    }

    @Override
    public int madvise(long addr, long length, int advice) {
        return result(libc.madvise(addr, length, advice));
    }

    @Override
    public long processVmReadv(int pid, long local, long remote) {
        return result(libc.process_vm_readv(pid, local, 1, remote, 1, 0, 0));
    }

    @Override
    public long processVmWritev(int pid, long local, long remote) {
        return result(libc.process_vm_writev(pid, local, 1, remote, 1, 0, 0));
    }

    @Override
    public int inotifyInit1(int flags) {
        return result(libc.inotify_init1(flags));
    }

    @Override
    public int inotifyAddWatch(int fd, long path, int mask) {
        return result(libc.inotify_add_watch(fd, path, mask));
    }

    @Override
    public int inotifyRmWatch(int fd, int watch) {
        return result(libc.inotify_rm_watch(fd, watch));
    }

    @Override
    public int fanotifyInit(int flags, int eventFlags) {
        return result(libc.fanotify_init(flags, eventFlags));
    }

    @Override
    public int fanotifyMark(int fd, int flags, long mask, int dirfd, long path) {
        return result(libc.fanotify_mark(fd, flags, mask, dirfd, path));
    }

    @Override
    public int eventfd(int initval, int flags) {
        return result(libc.eventfd(initval, flags));
    }

    @Override
    public int epollCreate1(int flags) {
        return result(libc.epoll_create1(flags));
    }

    @Override
    public int epollCtl(int epfd, int op, int fd, long event) {
        return result(libc.epoll_ctl(epfd, op, fd, event));
    }

    @Override
    public int epollWait(int epfd, long events, int maxevents, int timeoutMillis) {
        return result(libc.epoll_wait(epfd, events, maxevents, timeoutMillis));
    }

    @Override
    public int poll(long fds, long nfds, int timeoutMillis) {
        return result(libc.poll(fds, nfds, timeoutMillis));
    }

    @Override
    public long sendmsg(int fd, long msg, int flags) {
        return result(libc.sendmsg(fd, msg, flags));
    }

    @Override
    public long recvmsg(int fd, long msg, int flags) {
        return result(libc.recvmsg(fd, msg, flags));
    }

    @Override
    public int socket(int domain, int type, int protocol) {
        return result(libc.socket(domain, type, protocol));
    }

    @Override
    public int bind(int fd, long address, int length) {
        return result(libc.bind(fd, address, length));
    }

    @Override
    public int listen(int fd, int backlog) {
        return result(libc.listen(fd, backlog));
    }

    @Override
    public int connect(int fd, long address, int length) {
        return result(libc.connect(fd, address, length));
    }

    @Override
    public int accept4(int fd, int flags) {
        return result(libc.accept4(fd, 0, 0, flags));
    }

    @Override
    public int shutdown(int fd, int how) {
        return result(libc.shutdown(fd, how));
    }

    @Override
    public int getsockopt(int fd, int level, int name, long value, long lengthAddress) {
        return result(libc.getsockopt(fd, level, name, value, lengthAddress));
    }

    @Override
    public int setresuid(int ruid, int euid, int suid) {
        return raw(numbers.setresuid(), ruid, euid, suid);
    }

    @Override
    public int setresgid(int rgid, int egid, int sgid) {
        return raw(numbers.setresgid(), rgid, egid, sgid);
    }

    @Override
    public int setgroups(long size, long list) {
        return raw(numbers.setgroups(), size, list, 0);
    }

    @Override
    public int getgroups(int size, long list) {
        return raw(numbers.getgroups(), size, list, 0);
    }

    @Override
    public int capget(long header, long data) {
        return raw(numbers.capget(), header, data, 0);
    }

    @Override
    public int capset(long header, long data) {
        return raw(numbers.capset(), header, data, 0);
    }

    @Override
    public int geteuid() {
        return raw(numbers.geteuid(), 0, 0, 0);
    }

    @Override
    public int getegid() {
        return raw(numbers.getegid(), 0, 0, 0);
    }

    @Override
    public int unshare(int flags) {
        return result(libc.unshare(flags));
    }

    @Override
    public int umask(int mask) {
        return libc.umask(mask);
    }

    @Override
    public int prlimit(int pid, int resource, long newLimit, long oldLimit) {
        return result(libc.prlimit(pid, resource, newLimit, oldLimit));
    }

    @Override
    public int prctl(int option, long arg2, long arg3, long arg4, long arg5) {
        return result(libc.prctl(option, arg2, arg3, arg4, arg5));
    }

    @Override
    public int sigwait(int signal) {
        NativeMemory set = Scratch.get().small(); // sigset_t@0, of 128 bytes; int@128
        set.clear(0, SIGSET_BYTES);
        set.putLong(0, 1L << signal - 1);
        return -libc.sigwait(set.address(), set.address(SIGSET_BYTES)); // gives an errno
    }

    /** The handler is a function of libc that does nothing: Java code must not run in one. */
    @Override
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

    @Override
    public int gettid() {
        return raw(numbers.gettid(), 0, 0, 0);
    }

    @Override
    public int tgkill(int tgid, int tid, int signal) {
        return raw(numbers.tgkill(), tgid, tid, signal);
    }

    @Override
    public int syslog(int priority, long message) {
        NativeMemory format = Scratch.get().small();
        format.putInt(0, 's' << 8 | '%'); // "%s"
        libc.syslog(priority, format.address(), message);
        return 0;
    }
}
