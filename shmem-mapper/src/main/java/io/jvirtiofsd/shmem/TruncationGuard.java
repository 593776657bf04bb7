package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.BlockedCall;
import io.jvirtiofsd.linux.Errno;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Parts.Part;
import io.jvirtiofsd.linux.ReadableLoop;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.Piece.FileId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has other programs that are about to make a mapped file shorter wait until the window has let go
 * of what they cut off, or refuses them: see {@link GuardMode}.
 *
 * <p>The kernel asks before it opens or cuts a marked file, and before it reads or writes through
 * descriptors opened since; it does not say what for, so the waiting thread is looked at. A call
 * that cannot be seen (io_uring, a pid namespace that is not below ours, a program with more rights
 * than ours without CAP_SYS_PTRACE) is let through, with one warning. A kernel or file system that
 * only asks before opening makes it a guard against O_TRUNC alone.
 *
 * <p>Two threads: one answers, and never waits for anything but the kernel; what must enter the
 * window's monitor is left to the other, since whoever holds the monitor may be waiting for an
 * answer. Owned by {@link FileWatch}. <i>Thread-safe.</i> Source: fanotify(7), Linux 6.14.
 */
final class TruncationGuard implements Part {
    private static final Logger LOG = LoggerFactory.getLogger(TruncationGuard.class);

    // linux/fanotify.h
    private static final int FAN_CLOEXEC_NONBLOCK = 1 | 2;
    private static final int FAN_CLASS_PRE_CONTENT = 8;
    private static final int FAN_REPORT_TID = 0x100;
    private static final int FAN_MARK_ADD = 1;
    private static final int FAN_MARK_REMOVE = 2;
    private static final int FAN_MARK_IGNORE_MOUNT = 0x400 | 0x40 | 0x10; // and for good
    private static final long FAN_OPEN_PERM = 0x10000;
    private static final long FAN_PRE_ACCESS = 0x100000;
    private static final long ASKED = FAN_OPEN_PERM | FAN_PRE_ACCESS;
    private static final int FAN_ALLOW = 1;
    private static final int FAN_DENY_TXTBSY = 2 | Errno.ETXTBSY << 24; // FAN_DENY_ERRNO

    private static final int OPEN_TREE_CLONE_CLOEXEC = 1 | Fcntl.O_CLOEXEC; // linux/mount.h

    /** struct fanotify_event_metadata: event_len@0, mask@8, fd@16, pid@20. */
    private static final int HEADER_BYTES = 24;

    private static final int BUFFER_BYTES = 512; // few: each comes with a descriptor

    /** What is done before a file is cut. */
    @FunctionalInterface
    interface Cut {
        /** Whether the call may be made; if so, nothing that it may cut off is mapped meanwhile. */
        boolean prepare(DaxFile file, BlockedCall call);
    }

    private static final int ROUND_MILLIS = 1000;
    private static final long LIMIT_NANOS = 5_000_000_000L;

    /** A call that waits for the cutter. */
    private record Held(Fd asked, long since) {}

    private final Syscalls syscalls;
    private final Cut cut;
    private final Queue<Held> held = new ConcurrentLinkedQueue<>();
    private final Map<FileId, DaxFile> files = new ConcurrentHashMap<>();
    private final NativeMemory events = NativeMemory.allocate(BUFFER_BYTES);
    private final ExecutorService cutter =
            Executors.newSingleThreadExecutor(
                    task -> {
                        Thread thread = new Thread(task, "dax-cutter");
                        thread.setDaemon(true);
                        return thread;
                    });
    private final Fd group;
    private final ReadableLoop loop;
    private boolean complained;
    private boolean blind; // of the answering thread

    /**
     * @throws LinuxException EPERM without CAP_SYS_ADMIN
     */
    TruncationGuard(Syscalls syscalls, Cut cut) throws LinuxException {
        this.syscalls = syscalls;
        this.cut = cut;
        int number =
                syscalls.fanotifyInit(
                        FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC_NONBLOCK | FAN_REPORT_TID,
                        Fcntl.O_CLOEXEC | Fcntl.O_LARGEFILE);
        LinuxException.check(number, "--dax-guard: fanotify_init");
        try (Parts parts = new Parts()) {
            this.group = parts.add(Fd.own(syscalls, number));
            this.loop =
                    parts.add(
                            new ReadableLoop(
                                    syscalls, "dax-guard", group, ROUND_MILLIS, this::round));
            parts.complete();
        }
    }

    /** From now on {@code file} is not cut without warning. */
    void add(DaxFile file) {
        files.put(file.id(), file);
        loop.start();
        leaveOut(file);
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
            file.openThrough(tree);
        }
    }

    void remove(DaxFile file) {
        mark(FAN_MARK_REMOVE, file.fd(), FAN_OPEN_PERM);
        mark(FAN_MARK_REMOVE, file.fd(), FAN_PRE_ACCESS);
        files.remove(file.id(), file);
        Fd quietPath = file.takeQuietPath();
        if (quietPath != null) {
            cutter.execute(quietPath::close); // the kernel takes its time to unmount
        }
    }

    private int mark(int how, int fd, long mask) {
        long path = Scratch.get().procPath(fd);
        return syscalls.fanotifyMark(group.number(), how, mask, Fcntl.AT_FDCWD, path);
    }

    private void round() {
        answerAll();
        refuseOverdue();
    }

    private void answerAll() {
        long got = syscalls.read(group.number(), events.address(), events.size());
        for (int at = 0; at + HEADER_BYTES <= got; at += events.getInt(at)) {
            int fd = events.getInt(at + 16);
            if (fd >= 0) {
                Fd asked = Fd.own(syscalls, fd);
                try {
                    answer(asked, events.getInt(at + 20));
                } catch (RuntimeException | OutOfMemoryError e) { // else it would wait forever
                    held.removeIf(one -> one.asked == asked);
                    respond(asked, FAN_ALLOW);
                    LOG.error("a program that uses a mapped file was not looked at", e);
                }
            }
        }
    }

    private void answer(Fd asked, int thread) {
        BlockedCall call = BlockedCall.of(thread);
        if (!call.isKnown() && !blind) {
            blind = true;
            LOG.warn("a host program uses a mapped file unseen: it is not held up if it cuts it");
        }
        DaxFile file = call.mayCut() && !isOurs(thread) ? fileOf(asked) : null;
        if (file == null) {
            respond(asked, FAN_ALLOW);
            return;
        }
        Held one = new Held(asked, System.nanoTime());
        held.add(one);
        cutter.execute(
                () -> {
                    if (held.contains(one)) {
                        release(one, prepare(file, call));
                    }
                });
    }

    /** Whoever comes first gives the answer. */
    private void release(Held one, int what) {
        if (held.remove(one)) {
            respond(one.asked, what);
        }
    }

    /** Nobody waits for long: two daemons may be waiting for each other's guards. */
    private void refuseOverdue() {
        for (Held one : held) {
            if (System.nanoTime() - one.since >= LIMIT_NANOS) {
                release(one, FAN_DENY_TXTBSY);
            }
        }
    }

    private int prepare(DaxFile file, BlockedCall call) {
        try {
            return cut.prepare(file, call) ? FAN_ALLOW : FAN_DENY_TXTBSY;
        } catch (RuntimeException | OutOfMemoryError e) {
            LOG.error("a mapped file that is cut could not be unmapped", e);
            return FAN_ALLOW;
        }
    }

    /** Requests of the guest: the window has been told already. */
    private static boolean isOurs(int thread) {
        return Files.exists(Path.of("/proc/self/task", Integer.toString(thread)));
    }

    private DaxFile fileOf(Fd fd) {
        NativeMemory statx = Scratch.get().statx();
        int result =
                syscalls.statx(
                        fd.number(),
                        Scratch.get().emptyPath(),
                        Fcntl.AT_EMPTY_PATH,
                        Statx.STATX_BASIC_STATS,
                        statx.address());
        return result == 0
                ? files.get(new FileId(Statx.device(statx), statx.getLong(Statx.INO)))
                : null;
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
        group.close();
    }
}
