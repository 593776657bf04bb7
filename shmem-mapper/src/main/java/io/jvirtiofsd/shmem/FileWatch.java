package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Notices what other programs do to mapped files, and brings what the guest has stored in shadow
 * pages into the files at least once a second. A thread of its own, as long as files are mapped for
 * the first time; owned by the {@link DaxWindow}.
 *
 * <p><i>Thread-safe.</i> Source: inotify(7).
 */
final class FileWatch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);
    private static final int ROUND_MILLIS = 1000;

    private static final int IN_MODIFY = 2; // linux/inotify.h
    private static final int IN_NONBLOCK_CLOEXEC = 0x800 | 0x80000; // linux/inotify.h
    private static final int EVENT_BYTES = 16; // wd@0 mask@4 cookie@8 len@12
    private static final int BUFFER_BYTES = 4096;
    private static final short POLLIN = 1; // asm-generic/poll.h

    private final Syscalls syscalls;
    private final DaxWindow window;
    private final Map<Integer, DaxFile> files = new ConcurrentHashMap<>();
    private final Map<DaxFile, Integer> watches = new ConcurrentHashMap<>();
    private final Fd inotify;
    private final EventFd wake;
    private Thread thread;
    private volatile boolean ending;

    FileWatch(Syscalls syscalls, DaxWindow window) throws LinuxException {
        this.syscalls = syscalls;
        this.window = window;
        int number = syscalls.inotifyInit1(IN_NONBLOCK_CLOEXEC);
        this.inotify = Fd.own(syscalls, LinuxException.check(number, "inotify_init1"));
        this.wake = EventFd.create(syscalls);
    }

    /** From now on {@code file} is watched. */
    synchronized void add(DaxFile file) {
        try {
            start();
            int watch =
                    LinuxException.check(
                            syscalls.inotifyAddWatch(
                                    inotify.number(), Scratch.get().procPath(file.fd()), IN_MODIFY),
                            "inotify_add_watch");
            files.put(watch, file);
            watches.put(file, watch);
        } catch (LinuxException e) {
            LOG.warn("changes to files by others are noticed late: {}", e.getMessage());
        }
    }

    synchronized void remove(DaxFile file) {
        Integer watch = watches.remove(file);
        if (watch != null && files.remove(watch, file)) {
            syscalls.inotifyRmWatch(inotify.number(), watch);
        }
    }

    private void start() {
        if (thread == null) {
            thread = new Thread(this::run, "dax-files");
            thread.setDaemon(true);
            thread.start();
        }
    }

    private void run() {
        NativeMemory polled = NativeMemory.allocate(16); // two struct pollfd: fd@0 events@4
        polled.putInt(0, inotify.number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, wake.number());
        polled.putShort(12, POLLIN);
        NativeMemory events = NativeMemory.allocate(BUFFER_BYTES);
        long round = System.nanoTime();
        while (!ending) {
            syscalls.poll(polled.address(), 2, ROUND_MILLIS);
            try {
                Set<DaxFile> changed = changed(events);
                if (System.nanoTime() - round >= ROUND_MILLIS * 1_000_000L) {
                    round = System.nanoTime();
                    changed.addAll(window.files());
                }
                changed.forEach(DaxFile::look);
            } catch (RuntimeException e) {
                LOG.error("a mapped file could not be looked at", e);
            }
        }
    }

    private Set<DaxFile> changed(NativeMemory events) {
        Set<DaxFile> changed = new HashSet<>();
        long got = syscalls.read(inotify.number(), events.address(), events.size());
        for (int at = 0; at < got; at += EVENT_BYTES + events.getInt(at + 12)) {
            DaxFile file = files.get(events.getInt(at));
            if (file != null) {
                changed.add(file);
            }
        }
        return changed;
    }

    @Override
    public void close() {
        Thread running;
        synchronized (this) {
            running = thread;
            ending = true;
        }
        wake.signal();
        boolean interrupted = false;
        while (running != null && running.isAlive()) {
            try {
                running.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        wake.close();
        inotify.close();
    }
}
