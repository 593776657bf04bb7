package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.ReadableLoop;
import io.jvirtiofsd.linux.Resource;
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
 * pages into the files at least once a second. A thread of its own, from the first mapped file on;
 * owned by the {@link DaxWindow}.
 *
 * <p><i>Thread-safe.</i> Source: inotify(7).
 */
final class FileWatch implements Resource {
    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);
    private static final int ROUND_MILLIS = 1000;

    private static final int IN_MODIFY = 2; // linux/inotify.h
    private static final int IN_NONBLOCK_CLOEXEC = 0x800 | 0x80000; // linux/inotify.h
    private static final int EVENT_BYTES = 16; // wd@0 mask@4 cookie@8 len@12
    private static final int BUFFER_BYTES = 4096;

    private final Syscalls syscalls;
    private final PendingCuts cuts;
    private final Set<DaxFile> files = ConcurrentHashMap.newKeySet();
    private final Map<Integer, DaxFile> watched = new ConcurrentHashMap<>();
    private final Map<DaxFile, Integer> watches = new ConcurrentHashMap<>();
    private final NativeMemory events = NativeMemory.allocate(BUFFER_BYTES);
    private final Fd inotify;
    private final ReadableLoop loop;
    private final TruncationGuard guard;
    private LinuxException unguarded; // why there is no guard, until it has been said
    private long lastRound = System.nanoTime();

    /**
     * @param cuts what others are doing to files, forgotten once it is done
     * @param cut what is done before another program cuts a file
     */
    FileWatch(Syscalls syscalls, GuardMode mode, PendingCuts cuts, TruncationGuard.Cut cut)
            throws LinuxException {
        this.syscalls = syscalls;
        this.cuts = cuts;
        int number = syscalls.inotifyInit1(IN_NONBLOCK_CLOEXEC);
        LinuxException.check(number, "inotify_init1");
        try (Parts parts = new Parts()) {
            this.inotify = parts.add(Fd.own(syscalls, number));
            this.loop = parts.add(new ReadableLoop(syscalls, "dax-files", inotify, this::round));
            this.guard = guard(mode, cut);
            parts.complete();
        }
    }

    private TruncationGuard guard(GuardMode mode, TruncationGuard.Cut cut) throws LinuxException {
        if (mode == GuardMode.OFF) {
            return null;
        }
        try {
            return new TruncationGuard(syscalls, cut);
        } catch (LinuxException e) {
            if (mode != GuardMode.AUTO) {
                throw e;
            }
            unguarded = e;
            return null;
        }
    }

    /** From now on {@code file} is watched. */
    synchronized void add(DaxFile file) {
        files.add(file);
        try {
            loop.start();
            int watch =
                    LinuxException.check(
                            syscalls.inotifyAddWatch(
                                    inotify.number(), Scratch.get().procPath(file.fd()), IN_MODIFY),
                            "inotify_add_watch");
            watched.put(watch, file);
            watches.put(file, watch);
        } catch (LinuxException e) {
            LOG.warn("changes to files by others are noticed late: {}", e.getMessage());
        }
        if (guard != null) {
            guard.add(file);
        } else if (unguarded != null) {
            LOG.warn(
                    "a host program that cuts a mapped file can end the front-end: {}",
                    unguarded.getMessage());
            unguarded = null;
        }
    }

    synchronized void remove(DaxFile file) {
        files.remove(file);
        Integer watch = watches.remove(file);
        if (watch != null && watched.remove(watch, file)) {
            syscalls.inotifyRmWatch(inotify.number(), watch);
        }
        if (guard != null) {
            guard.remove(file);
        }
    }

    private int round() {
        Set<DaxFile> changed = changed();
        // Files that inotify has told of are looked at now, all others once a second.
        if (System.nanoTime() - lastRound >= ROUND_MILLIS * 1_000_000L) {
            lastRound = System.nanoTime();
            changed.addAll(files);
            cuts.forget();
        }
        changed.forEach(DaxFile::catchUp);
        return ROUND_MILLIS;
    }

    private Set<DaxFile> changed() {
        Set<DaxFile> changed = new HashSet<>();
        long got = syscalls.read(inotify.number(), events.address(), events.size());
        for (int at = 0; at < got; at += EVENT_BYTES + events.getInt(at + 12)) {
            DaxFile file = watched.get(events.getInt(at));
            if (file != null) {
                changed.add(file);
            }
        }
        return changed;
    }

    @Override
    public void close() {
        if (guard != null) {
            guard.close();
        }
        loop.close();
        inotify.close();
    }
}
