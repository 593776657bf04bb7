package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.ReadableLoop;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has other programs that are about to make a mapped file shorter wait until the window has let go
 * of what they cut off, or refuses them: see {@link GuardMode}.
 *
 * <p>The kernel asks before it opens or cuts a marked file, and before it reads or writes through
 * descriptors opened since; it does not say what for, so the waiting thread is looked at. One that
 * still runs is looked at again: it gets nowhere before it has its answer. A call that cannot be
 * seen or is not known (io_uring, kernel threads, 32-bit programs, threads outside of our pid
 * namespace, programs with more rights than ours without CAP_SYS_PTRACE) is taken for one that cuts
 * off everything, with one warning. A kernel or file system that only asks before opening makes it
 * a guard against O_TRUNC alone.
 *
 * <p>Whatever goes wrong, a program is refused rather than left waiting or let through.
 *
 * <p>Three threads: one answers, and never waits for anything but the kernel; what must enter the
 * window's monitor is left to the second, since the thread that holds the monitor may be waiting
 * for an answer; the third looks into programs' memory, which may be slow to come. Owned by {@link
 * FileWatch}. <i>Thread-safe.</i> Source: fanotify(7), Linux 6.14.
 */
final class TruncationGuard implements Resource {
    private static final Logger LOG = LoggerFactory.getLogger(TruncationGuard.class);

    // linux/fanotify.h
    private static final int FAN_CLOEXEC_NONBLOCK = 1 | 2;
    private static final int FAN_CLASS_PRE_CONTENT = 8;
    private static final int FAN_UNLIMITED = 0x10 | 0x20; // a full queue lets through unasked
    private static final int FAN_REPORT_TID = 0x100;
    private static final int FAN_MARK_ADD = 1;
    private static final int FAN_MARK_REMOVE = 2;
    private static final int FAN_MARK_IGNORE_MOUNT = 0x400 | 0x40 | 0x10; // and for good
    private static final long FAN_OPEN_PERM = 0x10000;
    private static final long FAN_PRE_ACCESS = 0x100000;
    private static final long ASKED = FAN_OPEN_PERM | FAN_PRE_ACCESS;
    private static final int FAN_ALLOW = 1;
    private static final int FAN_DENY_TXTBSY = 2 | LinuxErrno.ETXTBSY << 24; // FAN_DENY_ERRNO

    private static final int OPEN_TREE_CLONE_CLOEXEC = 1 | Fcntl.O_CLOEXEC; // linux/mount.h

    /** struct fanotify_event_metadata: event_len@0, mask@8, fd@16, pid@20. */
    private static final int HEADER_BYTES = 24;

    private static final int BUFFER_BYTES = 512; // few: each comes with a descriptor

    /** What is done before a file is cut. */
    @FunctionalInterface
    interface Cut {
        /** Whether the call may be made; if so, nothing that it may cut off is mapped meanwhile. */
        boolean prepare(Fd file, BlockedCall call) throws LinuxException;
    }

    private static final int CUTTERS = 4; // each waits for the front-end most of its time
    private static final int ROUND_MILLIS = 1000;
    private static final int LOOK_MILLIS = 1;
    private static final int LOOKS = 20; // most threads wait within some microseconds
    private static final long LOOK_NANOS = 20_000;
    private static final long LIMIT_NANOS = 5_000_000_000L;
    private static final int PROCESS = (int) ProcessHandle.current().pid();

    /** A thread that the kernel holds up until it has an answer, and the file as it shows it. */
    private record Asked(Fd file, int thread) {}

    /** A file that a program is about to cut: its call waits for the window, since a time. */
    private record Held(Fd file, long since) {}

    private final Syscalls syscalls;
    private final Cut cut;

    /**
     * Threads that still ran when they were looked at. Used by the thread {@code dax-guard}, and by
     * {@link #close} when that has ended.
     */
    private final List<Asked> running = new ArrayList<>();

    /**
     * Programs that wait for the window. Who removes one answers it, so that each is answered once.
     */
    private final Queue<Held> held = new ConcurrentLinkedQueue<>();

    private final NativeMemory events = NativeMemory.allocate(BUFFER_BYTES);
    private final ExecutorService cutter = threads(CUTTERS, "dax-cutter");
    private final ExecutorService looker = threads(1, "dax-looker");
    private final Fd group;
    private final ReadableLoop loop;
    private boolean complained;
    private volatile boolean blind;

    private static ExecutorService threads(int count, String name) {
        return Executors.newFixedThreadPool(
                count,
                task -> {
                    Thread thread = new Thread(task, name);
                    thread.setDaemon(true);
                    return thread;
                });
    }

    /**
     * @throws LinuxException EPERM without CAP_SYS_ADMIN
     */
    TruncationGuard(Syscalls syscalls, Cut cut) throws LinuxException {
        this.syscalls = syscalls;
        this.cut = cut;
        int number =
                syscalls.fanotifyInit(
                        FAN_CLASS_PRE_CONTENT
                                | FAN_CLOEXEC_NONBLOCK
                                | FAN_UNLIMITED
                                | FAN_REPORT_TID,
                        Fcntl.O_CLOEXEC | Fcntl.O_LARGEFILE);
        LinuxException.check(number, "--dax-guard: fanotify_init");
        try (Parts parts = new Parts()) {
            this.group = parts.add(Fd.own(syscalls, number));
            this.loop = parts.add(new ReadableLoop(syscalls, "dax-guard", group, this::round));
            parts.complete();
        }
    }

    /** From now on {@code file} is not cut without warning. */
    void add(DaxFile file) {
        loop.start();
        leaveOut(file);
        // Two marks: where only the second is refused, opening with O_TRUNC is guarded still.
        int opens = mark(FAN_MARK_ADD, file.fd(), FAN_OPEN_PERM);
        int cuts = mark(FAN_MARK_ADD, file.fd(), FAN_PRE_ACCESS);
        if ((opens < 0 || cuts < 0) && !complained) {
            complained = true;
            LOG.warn(
                    "a host program that {} a mapped file can end the front-end: {}",
                    opens < 0 ? "cuts" : "calls truncate(2) or ftruncate(2) for",
                    new LinuxException("fanotify_mark", -Math.min(opens, cuts)).getMessage());
        }
    }

    /**
     * What the daemon does to the file would wake the guard, too, but for this: a mount of the file
     * that only the daemon has.
     */
    private void leaveOut(DaxFile file) {
        long empty = Scratch.get().emptyPath();
        int flags = OPEN_TREE_CLONE_CLOEXEC | Fcntl.AT_EMPTY_PATH;
        int number = syscalls.openTree(file.fd(), empty, flags);
        if (number >= 0) {
            Fd tree = Fd.own(syscalls, number);
            mark(FAN_MARK_ADD | FAN_MARK_IGNORE_MOUNT, tree.number(), ASKED);
            file.usePrivatePath(tree);
        }
    }

    void remove(DaxFile file) {
        mark(FAN_MARK_REMOVE, file.fd(), FAN_OPEN_PERM);
        mark(FAN_MARK_REMOVE, file.fd(), FAN_PRE_ACCESS);
        Fd privatePath = file.takePrivatePath();
        if (privatePath != null) {
            cutter.execute(privatePath::close); // the kernel takes its time to unmount
        }
    }

    private int mark(int how, int fd, long mask) {
        long path = Scratch.get().procPath(fd);
        return syscalls.fanotifyMark(group.number(), how, mask, Fcntl.AT_FDCWD, path);
    }

    private int round() {
        long got = syscalls.read(group.number(), events.address(), events.size());
        // Each event comes with a descriptor of the file, to be answered and closed.
        for (int at = 0; at + HEADER_BYTES <= got; at += events.getInt(at)) {
            int fd = events.getInt(at + 16);
            if (fd >= 0) {
                Asked one = new Asked(Fd.own(syscalls, fd), events.getInt(at + 20));
                if (!answer(one, LOOKS)) {
                    running.add(one);
                }
            }
        }
        // Each that still ran is looked at once more in each round; a round is short while there
        // are any.
        running.removeIf(one -> answer(one, 1));
        refuseOverdue();
        return running.isEmpty() ? ROUND_MILLIS : LOOK_MILLIS;
    }

    /** Answers, or has the answer prepared; false if the thread has been running all the time. */
    private boolean answer(Asked one, int looks) {
        try {
            BlockedCall call = BlockedCall.of(syscalls, one.thread);
            for (int i = 1; i < looks && call.isRunning(); i++) {
                LockSupport.parkNanos(LOOK_NANOS);
                call = BlockedCall.of(syscalls, one.thread);
            }
            if (!call.isRunning()) {
                answer(one, call);
            }
            return !call.isRunning();
        } catch (RuntimeException | Error e) { // else it would wait forever
            held.removeIf(call -> call.file == one.file);
            respond(one.file, FAN_DENY_TXTBSY);
            LOG.error("a program that uses a mapped file was not looked at", e);
            return true;
        }
    }

    private void answer(Asked one, BlockedCall call) {
        // At once goes on: a call that cuts nothing, a thread of ours, and one that has left its
        // call.
        if (!call.mayCut() || isOurs(one.thread) || !call.isKnown() && call.isOver()) {
            respond(one.file, FAN_ALLOW);
            return;
        }
        Held waiting = new Held(one.file, System.nanoTime());
        held.add(waiting);
        if (call.needsMemory()) {
            looker.execute(() -> prepare(waiting, call.withMemory()));
        } else {
            prepare(waiting, call);
        }
    }

    private void prepare(Held one, BlockedCall call) {
        if (!call.mayCut()) {
            release(one, FAN_ALLOW);
            return;
        }
        if (!call.isKnown() && !blind) {
            blind = true;
            LOG.warn("a host program uses a mapped file unseen: it is not mapped meanwhile");
        }
        cutter.execute(
                () -> {
                    if (held.contains(one)) {
                        release(one, mayGoOn(one.file, call) ? FAN_ALLOW : FAN_DENY_TXTBSY);
                    }
                });
    }

    private boolean mayGoOn(Fd file, BlockedCall call) {
        try {
            return cut.prepare(file, call);
        } catch (LinuxException | RuntimeException | Error e) {
            LOG.error("a mapped file that is cut could not be unmapped", e);
            return false;
        }
    }

    /** Answers, unless another thread has answered already. */
    private void release(Held one, int what) {
        if (held.remove(one)) {
            respond(one.file, what);
        }
    }

    /**
     * Refuses programs that wait for more than five seconds: two daemons may be waiting for each
     * other's guards.
     */
    private void refuseOverdue() {
        for (Held one : held) {
            if (System.nanoTime() - one.since >= LIMIT_NANOS) {
                release(one, FAN_DENY_TXTBSY);
            }
        }
    }

    /**
     * Whether a thread is one of this daemon's: it acts for a guest, and the window has been told.
     */
    private boolean isOurs(int thread) {
        return thread > 0 && syscalls.tgkill(PROCESS, thread, 0) == 0;
    }

    private void respond(Fd asked, int what) {
        NativeMemory response = Scratch.get().small(); // struct fanotify_response
        response.putInt(0, asked.number());
        response.putInt(4, what);
        syscalls.write(group.number(), response.address(), 8);
        asked.close();
    }

    /** Lets everybody through from now on. */
    @Override
    public void close() {
        loop.close();
        looker.shutdownNow();
        cutter.shutdown();
        boolean interrupted = false;
        while (!cutter.isTerminated()) { // it answers through the group's descriptor
            try {
                cutter.awaitTermination(1, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        // No thread of ours answers any more: let those through who are left.
        running.forEach(one -> respond(one.file, FAN_ALLOW));
        held.forEach(one -> release(one, FAN_ALLOW));
        group.close();
    }
}
