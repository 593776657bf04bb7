package io.jvirtiofsd.cli;

import static io.jvirtiofsd.linux.SeccompFilter.Action.ALLOW;
import static io.jvirtiofsd.linux.SeccompFilter.Action.ENOSYS;
import static io.jvirtiofsd.linux.SeccompFilter.Condition.has;
import static io.jvirtiofsd.linux.SeccompFilter.Condition.is;
import static io.jvirtiofsd.linux.SeccompFilter.Condition.isNot;

import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.SeccompFilter;
import io.jvirtiofsd.linux.SeccompFilter.Action;

/**
 * Which system calls a serving daemon may make: what {@code --seccomp} puts before all threads.
 *
 * <p>Three kinds. Those of the list go through. Those by which an intruder would get further, and
 * which a serving daemon never makes, are what the mode says. All others fail with ENOSYS:
 * libraries try newer calls first and take an older one then, and a JDK that is newer than this
 * list should not die of it. Source: what strace(1) showed of a daemon under all tests, on both
 * JDKs.
 */
final class SystemCallPolicy {
    /** What happens at calls by which an intruder would get further. */
    enum Mode {
        NONE(ALLOW),
        KILL(Action.KILL),
        LOG(Action.LOG),
        TRAP(Action.TRAP);

        private final Action action;

        Mode(Action action) {
            this.action = action;
        }
    }

    static final String ALLOWED =
            // files of the share
            "openat openat2 open_tree close close_range read write pread64 pwrite64 readv writev"
                    + " preadv pwritev preadv2 pwritev2 copy_file_range sendfile lseek ftruncate"
                    + " fallocate fadvise64 sync_file_range fsync fdatasync syncfs flock fcntl dup"
                    + " dup3 getdents64 statx newfstatat fstat fstatfs statfs faccessat faccessat2"
                    + " fchmod fchmodat fchmodat2 fchown fchownat utimensat mkdirat mknodat linkat"
                    + " symlinkat unlinkat renameat renameat2 readlinkat getxattr setxattr"
                    + " listxattr removexattr fgetxattr fsetxattr flistxattr fremovexattr"
                    + " name_to_handle_at open_by_handle_at inotify_init1 inotify_add_watch"
                    + " inotify_rm_watch fanotify_init fanotify_mark memfd_create umask"
                    // what the JDK calls by path
                    + " open stat lstat access readlink unlink rmdir mkdir rename link symlink"
                    + " chmod chown lchown utimes futimesat truncate getcwd mincore"
                    // acting for callers
                    + " setresuid setresgid setgroups getgroups capget capset getuid geteuid"
                    + " getgid getegid getresuid getresgid setfsuid setfsgid"
                    // the socket, rings and events
                    + " accept accept4 recvmsg sendmsg recvfrom getsockopt setsockopt getsockname"
                    + " getpeername shutdown poll ppoll epoll_create1 epoll_ctl epoll_wait"
                    + " epoll_pwait eventfd2 pipe2"
                    // memory and threads
                    + " mmap munmap mprotect mremap madvise msync brk membarrier futex"
                    + " set_robust_list get_robust_list rseq set_tid_address arch_prctl"
                    + " sched_yield sched_getaffinity sched_getparam sched_getscheduler getcpu"
                    + " getpriority exit exit_group restart_syscall prctl"
                    // signals, time and limits
                    + " rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigpending"
                    + " sigaltstack nanosleep clock_nanosleep clock_gettime clock_getres"
                    + " gettimeofday time times getrusage getrlimit sysinfo uname getpid getppid"
                    + " gettid getrandom";

    private static final String REFUSED =
            // other programs
            "execve execveat fork vfork ptrace pidfd_open pidfd_getfd pidfd_send_signal"
                    + " process_madvise kcmp perf_event_open"
                    // another view of the host
                    + " mount umount2 move_mount mount_setattr fsopen fsmount fsconfig fspick"
                    + " pivot_root chroot setns swapon swapoff quotactl"
                    // the network
                    + " bind listen"
                    // the kernel's wide doors
                    + " bpf io_uring_setup io_uring_enter io_uring_register userfaultfd"
                    + " init_module finit_module delete_module kexec_load kexec_file_load reboot"
                    + " add_key request_key keyctl iopl ioperm modify_ldt syslog acct settimeofday"
                    + " clock_settime clock_adjtime adjtimex sethostname setdomainname"
                    + " lookup_dcookie vhangup";

    private static final long CLONE_FS = 0x200; // linux/sched.h
    private static final long CLONE_THREAD = 0x1_0000; // linux/sched.h
    private static final long CLONE_NEW = 0x7e02_0000; // linux/sched.h, of all namespaces
    private static final int AF_UNIX = 1; // linux/socket.h

    private static final int[] IOCTLS = {
        0x8008_6601,
        0x4008_6602,
        0x801c_581f,
        0x401c_5820, // linux/fs.h FS_IOC_
        0x5401, // asm-generic/ioctls.h TCGETS: isatty(3)
        0x5411, // asm-generic/ioctls.h TIOCOUTQ: what ivshmem's peers have not read
    };

    private SystemCallPolicy() {}

    /**
     * Puts the filter before all threads of this process.
     *
     * @param syslog whether lines are sent to the system log, whose socket may have to be opened
     *     again
     * @throws LinkageError if there is no libseccomp
     */
    static void install(Mode mode, boolean syslog) throws LinuxException {
        if (mode == Mode.NONE) {
            return;
        }
        Action refused = mode.action;
        try (SeccompFilter filter = SeccompFilter.begin(mode == Mode.LOG ? Action.LOG : ENOSYS)) {
            for (String call : ALLOWED.split(" ")) {
                filter.add(ALLOW, call);
            }
            for (String call : REFUSED.split(" ")) {
                filter.add(refused, call);
            }
            // Of the bits of an int, whatever is in the upper half.
            long all = 0xffff_ffffL;
            for (int command : IOCTLS) {
                filter.add(ALLOW, "ioctl", has(1, all, Integer.toUnsignedLong(command)));
            }
            filter.add(ALLOW, "clone", has(0, CLONE_THREAD | CLONE_NEW, CLONE_THREAD));
            filter.add(refused, "clone", has(0, CLONE_THREAD, 0));
            filter.add(ALLOW, "unshare", is(0, CLONE_FS));
            filter.add(refused, "unshare", isNot(0, CLONE_FS));
            filter.add(ALLOW, "prlimit64", is(2, 0)); // asks only
            long self = ProcessHandle.current().pid();
            for (String call : new String[] {"process_vm_readv", "process_vm_writev"}) {
                filter.add(ALLOW, call, is(0, self));
                filter.add(refused, call, isNot(0, self));
            }
            for (String call : new String[] {"kill", "tgkill"}) {
                filter.add(ALLOW, call, is(0, self));
                filter.add(refused, call, isNot(0, self));
            }
            if (syslog) {
                filter.add(ALLOW, "socket", is(0, AF_UNIX));
                filter.add(refused, "socket", isNot(0, AF_UNIX));
                filter.add(ALLOW, "connect");
                filter.add(ALLOW, "sendto");
            } else {
                filter.add(refused, "socket");
                filter.add(refused, "connect");
            }
            filter.install();
        }
    }
}
