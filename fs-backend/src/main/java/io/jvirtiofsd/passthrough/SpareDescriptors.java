package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * A few descriptors that mean nothing, held so that there is something to close when no more can be
 * opened: others are closed only when the requests that may use them have ended. Owned by the
 * share.
 *
 * <p><i>Thread-safe.</i>
 */
final class SpareDescriptors implements AutoCloseable {
    private static final int COUNT = 16; // a request needs two at most

    private final Syscalls syscalls;
    private final int directory;
    private final Deque<Integer> spares = new ArrayDeque<>();
    private volatile boolean complete;
    private boolean closed;

    /** Borrows {@code directory}, which the spare ones are opened at. */
    SpareDescriptors(Syscalls syscalls, int directory) {
        this.syscalls = syscalls;
        this.directory = directory;
        refill();
    }

    /** Opens as many as are missing and there is room for. */
    void refill() {
        if (complete) {
            return;
        }
        synchronized (this) {
            byte[] self = {'.'};
            while (!closed && spares.size() < COUNT) {
                int fd =
                        syscalls.openat(
                                directory,
                                Scratch.get().path(self, 0, 1),
                                Fcntl.O_PATH | Fcntl.O_CLOEXEC,
                                0);
                if (fd < 0) {
                    return;
                }
                spares.push(fd);
            }
            complete = true;
        }
    }

    /** How many are not there now. */
    synchronized int missing() {
        return COUNT - spares.size();
    }

    /** Closes one; false if there is none. */
    synchronized boolean release() {
        Integer fd = spares.poll();
        if (fd == null) {
            return false;
        }
        complete = false;
        syscalls.close(fd);
        return true;
    }

    @Override
    public synchronized void close() {
        closed = true;
        spares.forEach(syscalls::close);
        spares.clear();
    }
}
