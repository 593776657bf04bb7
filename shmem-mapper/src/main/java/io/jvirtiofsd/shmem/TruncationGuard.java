package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.BlockedCall;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.ReadableLoop;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.Piece.FileId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.ObjLongConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has other programs that are about to make a mapped file shorter wait until the window has let go
 * of what they cut off: a page that vanishes under the guest's access would end the front-end
 * (SIGBUS).
 *
 * <p>The kernel asks before it opens or cuts a marked file, and before it reads or writes through
 * descriptors opened since; it does not say what for, so the waiting thread is looked at. A call
 * that cannot be seen (io_uring, openat2, another pid namespace) is let through.
 *
 * <p>Two threads: one answers, and never waits for anything but the kernel; what must enter the
 * window's monitor is left to the other, since whoever holds the monitor may be waiting for an
 * answer. Owned by {@link FileWatch}. <i>Thread-safe.</i> Source: fanotify(7), Linux 6.14.
 */
final class TruncationGuard implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TruncationGuard.class);

    // linux/fanotify.h
    private static final int FAN_CLOEXEC_NONBLOCK = 1 | 2;
    private static final int FAN_CLASS_PRE_CONTENT = 8;
    private static final int FAN_REPORT_TID = 0x100;
    private static final int FAN_MARK_ADD = 1;
    private static final int FAN_MARK_REMOVE = 2;
    private static final long FAN_OPEN_PERM = 0x10000;
    private static final long FAN_PRE_ACCESS = 0x100000;
    private static final long ASKED = FAN_OPEN_PERM | FAN_PRE_ACCESS;
    private static final int FAN_ALLOW = 1;

    /** struct fanotify_event_metadata: event_len@0, mask@8, fd@16, pid@20. */
    private static final int HEADER_BYTES = 24;

    private static final int BUFFER_BYTES = 4096;

    private final Syscalls syscalls;
    private final ObjLongConsumer<DaxFile> cut;
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

    /**
     * @param cut called with a file and its size to be; what lies beyond must not be mapped when it
     *     returns
     * @throws LinuxException EPERM without CAP_SYS_ADMIN, EINVAL before Linux 5.0
     */
    TruncationGuard(Syscalls syscalls, ObjLongConsumer<DaxFile> cut) throws LinuxException {
        this.syscalls = syscalls;
        this.cut = cut;
        int number =
                syscalls.fanotifyInit(
                        FAN_CLASS_PRE_CONTENT | FAN_CLOEXEC_NONBLOCK | FAN_REPORT_TID,
                        Fcntl.O_CLOEXEC | Fcntl.O_LARGEFILE);
        this.group = Fd.own(syscalls, LinuxException.check(number, "--dax-guard: fanotify_init"));
        this.loop = new ReadableLoop(syscalls, "dax-guard", group, -1, this::answerAll);
    }

    /** From now on {@code file} is not cut without warning. */
    void add(DaxFile file) {
        files.put(file.id(), file);
        loop.start();
        int result = mark(FAN_MARK_ADD, file);
        if (result < 0 && !complained) {
            complained = true;
            LOG.warn(
                    "a host program that truncates a mapped file can end the front-end: {}",
                    new LinuxException("fanotify_mark", -result).getMessage());
        }
    }

    void remove(DaxFile file) {
        mark(FAN_MARK_REMOVE, file);
        files.remove(file.id(), file);
    }

    private int mark(int how, DaxFile file) {
        long path = Scratch.get().procPath(file.fd());
        return syscalls.fanotifyMark(group.number(), how, ASKED, Fcntl.AT_FDCWD, path);
    }

    private void answerAll() {
        long got = syscalls.read(group.number(), events.address(), events.size());
        for (int at = 0; at + HEADER_BYTES <= got; at += events.getInt(at)) {
            int fd = events.getInt(at + 16);
            if (fd >= 0) {
                Fd asked = Fd.own(syscalls, fd);
                try {
                    answer(asked, events.getInt(at + 20));
                } catch (RuntimeException e) { // an unanswered program would wait forever
                    LOG.error("a program that uses a mapped file was not looked at", e);
                    allow(asked);
                }
            }
        }
    }

    private void answer(Fd asked, int thread) {
        NativeMemory statx = Scratch.get().statx();
        if (isOurs(thread) || !look(asked, statx)) {
            allow(asked);
            return;
        }
        DaxFile file = files.get(new FileId(Statx.device(statx), statx.getLong(Statx.INO)));
        long size = statx.getLong(Statx.SIZE);
        long after = BlockedCall.of(thread).sizeAfter(size);
        if (file == null || after >= size) {
            allow(asked);
            return;
        }
        cutter.execute(
                () -> {
                    try {
                        cut.accept(file, after);
                    } catch (RuntimeException e) {
                        LOG.error("a mapped file that is cut could not be unmapped", e);
                    } finally {
                        allow(asked);
                    }
                });
    }

    /** Requests of the guest: the window has been told already. */
    private static boolean isOurs(int thread) {
        return Files.exists(Path.of("/proc/self/task", Integer.toString(thread)));
    }

    private boolean look(Fd fd, NativeMemory statx) {
        return syscalls.statx(
                        fd.number(),
                        Scratch.get().emptyPath(),
                        Fcntl.AT_EMPTY_PATH,
                        Statx.STATX_BASIC_STATS,
                        statx.address())
                == 0;
    }

    private void allow(Fd asked) {
        NativeMemory response = Scratch.get().small(); // struct fanotify_response
        response.putInt(0, asked.number());
        response.putInt(4, FAN_ALLOW);
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
