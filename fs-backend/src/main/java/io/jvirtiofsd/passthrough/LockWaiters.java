package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Syscalls;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that wait for locks in the host's kernel, which alone knows who comes next, and the
 * thread that interrupts them. Owned by the file system.
 *
 * <p><i>Thread-safe.</i>
 */
final class LockWaiters implements AutoCloseable {
    /** The most locks that are waited for at a time: each takes a thread. */
    static final int MAX_WAITING = 256;

    private static final int SIGURG = 23; // asm/signal.h; ignored by default, unused by the JVM
    private static final int STACK_BYTES = 256 << 10;
    private static final int IDLE_SECONDS = 10;
    private static final int NUDGE_MILLIS = 2;
    private static final int CLOSE_SECONDS = 5;

    private final Syscalls syscalls;
    private final int process = (int) ProcessHandle.current().pid();
    private final ThreadPoolExecutor threads;
    private final ScheduledThreadPoolExecutor nudging;
    private boolean interrupting;

    LockWaiters(Syscalls syscalls) {
        this.syscalls = syscalls;
        this.threads =
                new ThreadPoolExecutor(
                        0,
                        MAX_WAITING,
                        IDLE_SECONDS,
                        TimeUnit.SECONDS,
                        new SynchronousQueue<>(),
                        named("lock-"));
        this.nudging = new ScheduledThreadPoolExecutor(1, named("lock-end-"));
        nudging.setKeepAliveTime(IDLE_SECONDS, TimeUnit.SECONDS);
        nudging.allowCoreThreadTimeOut(true);
        nudging.setRemoveOnCancelPolicy(true);
    }

    private static ThreadFactory named(String prefix) {
        AtomicInteger count = new AtomicInteger();
        return task -> {
            String name = prefix + count.incrementAndGet();
            Thread thread = new Thread(null, task, name, STACK_BYTES);
            thread.setDaemon(true);
            return thread;
        };
    }

    /** Runs {@code task} on a thread of its own; false if there are too many. */
    boolean execute(Runnable task) {
        try {
            makeInterruptible();
            threads.execute(task);
            return true;
        } catch (RejectedExecutionException | OutOfMemoryError e) {
            return false;
        }
    }

    private synchronized void makeInterruptible() {
        if (!interrupting) {
            if (syscalls.makeInterrupting(SIGURG) < 0) {
                throw new RejectedExecutionException("waiting could not be ended");
            }
            interrupting = true;
        }
    }

    /**
     * Interrupts the calls of {@code wait}'s thread until it has left: an interruption that comes
     * just before a call would not end it.
     */
    void nudge(BlockedLock wait) {
        try {
            nudging.execute(() -> nudgeOnce(wait));
        } catch (RejectedExecutionException e) {
            // closed: the process ends
        }
    }

    private void nudgeOnce(BlockedLock wait) {
        if (wait.interrupt(thread -> syscalls.tgkill(process, thread, SIGURG))
                && !nudging.isShutdown()) {
            // The signal may have come just before the call: again, until the thread has left.
            nudging.schedule(() -> nudgeOnce(wait), NUDGE_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Ends the threads; what they wait for must have been cancelled. */
    @Override
    public void close() {
        threads.shutdown();
        try {
            threads.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        nudging.shutdownNow();
    }
}
