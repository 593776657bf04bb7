package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.LockWait;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Syscalls;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.IntConsumer;

/**
 * One lock that is waited for, by a thread of {@link LockWaiters} in the host's kernel. Owns a
 * duplicate of the descriptor that is to have the lock, so that the number keeps meaning this file.
 *
 * <p>A wait that is cancelled is answered at once. The thread leaves the kernel when it can, and
 * gives a lock back that it gets after all. <i>Thread-safe.</i>
 */
final class BlockedLock implements LockWait {
    /** A call on the descriptor; 0 or a negated errno. */
    @FunctionalInterface
    interface Call {
        int run(int fd);
    }

    /** Called once when nobody waits any more, with whether the owner has the lock. */
    @FunctionalInterface
    interface End {
        void ended(BlockedLock wait, boolean locked);
    }

    /** Sends a signal to a thread of this process. */
    @FunctionalInterface
    interface Interruption {
        void send(int thread);
    }

    private final Syscalls syscalls;
    private final LockWaiters waiters;
    private final Fd fd;
    private final Call call;
    private final Call undo;
    private final End end;
    private final AtomicReference<IntConsumer> answer = new AtomicReference<>();
    private volatile boolean cancelled;
    private int thread; // by its number, while it may be in the kernel; guarded by this

    /**
     * Takes {@code fd}.
     *
     * @param undo gives a lock back that came after the wait was cancelled
     */
    BlockedLock(Syscalls syscalls, LockWaiters waiters, Fd fd, Call call, Call undo, End end) {
        this.syscalls = syscalls;
        this.waiters = waiters;
        this.fd = fd;
        this.call = call;
        this.undo = undo;
        this.end = end;
    }

    @Override
    public void start(IntConsumer done) {
        answer.set(done);
        if (cancelled || !waiters.execute(this::run)) {
            leave(-Errno.ENOLCK);
        }
    }

    private void run() {
        synchronized (this) {
            thread = syscalls.gettid();
        }
        int result = -Errno.EINTR;
        while (result == -Errno.EINTR && !cancelled) {
            result = call.run(fd.number());
        }
        synchronized (this) {
            thread = 0;
        }
        leave(result == -Errno.EINTR ? -Errno.ENOLCK : result);
    }

    private void leave(int result) {
        // The first to take the answer gives it: this thread or the one that cancels.
        IntConsumer done = answer.getAndSet(null);
        if (done == null && result >= 0) {
            undo.run(fd.number());
        }
        fd.close();
        end.ended(this, done != null && result >= 0);
        if (done != null) {
            done.accept(Math.max(0, -result));
        }
    }

    @Override
    public void cancel() {
        cancelled = true;
        IntConsumer done = answer.getAndSet(null);
        if (done != null) {
            done.accept(Errno.ENOLCK);
        }
        waiters.nudge(this);
    }

    /** Interrupts the thread if it may be in the kernel; false if it has left. */
    synchronized boolean interrupt(Interruption interruption) {
        if (thread != 0) {
            interruption.send(thread);
        }
        return thread != 0;
    }
}
