package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.virtio.DescriptorChain;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Threads that serve chains of any request queue when more are waiting than a queue's own thread
 * can start; owned by the session.
 *
 * <p>Either as many as somebody has asked for, which are there from the start and take whatever is
 * waiting; or a few that are there while requests take long, and take those only.
 * <i>Thread-safe.</i>
 */
final class WorkerPool implements AutoCloseable {
    /** What serves one chain, with what each thread of the pool has of its own. */
    interface Task {
        /**
         * Called outside of a bracket of {@code reader}; all three are borrowed. What is thrown is
         * reported, and the thread goes on.
         */
        void run(Reclaimer.Reader reader, ChainHandler handler, DescriptorChain chain);
    }

    /** Threads on demand: what waits for a disk needs no processor of its own. */
    static final int MOST_ON_DEMAND = 8;

    /**
     * Chains of one queue that the pool takes on demand: more than there are threads, since the
     * queue's own may be busy when they have done what they had.
     */
    static final int MOST_WAITING = 64;

    private static final int IDLE_SECONDS = 10;

    private final VirtioDevice device;
    private final Reclaimer reclaimer;
    private final boolean onDemand;
    private final AtomicInteger started = new AtomicInteger();
    private final ThreadLocal<Own> own = new ThreadLocal<>();
    private final ThreadPoolExecutor threads;

    /** What a thread has of its own. */
    private record Own(Reclaimer.Reader reader, ChainHandler handler, DescriptorChain chain) {}

    private WorkerPool(int size, boolean onDemand, VirtioDevice device, Reclaimer reclaimer) {
        this.device = device;
        this.reclaimer = reclaimer;
        this.onDemand = onDemand;
        this.threads =
                new ThreadPoolExecutor(
                        size,
                        size,
                        IDLE_SECONDS,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        this::newThread);
    }

    /** Starts {@code size} &ge; 1 threads. */
    static WorkerPool of(int size, VirtioDevice device, Reclaimer reclaimer) {
        WorkerPool pool = new WorkerPool(size, false, device, reclaimer);
        pool.threads.prestartAllCoreThreads();
        return pool;
    }

    /** Starts threads when they are needed; they end when they have been idle for a while. */
    static WorkerPool onDemand(VirtioDevice device, Reclaimer reclaimer) {
        WorkerPool pool = new WorkerPool(MOST_ON_DEMAND, true, device, reclaimer);
        pool.threads.allowCoreThreadTimeOut(true);
        return pool;
    }

    /** Whether it is there for requests that take long only. */
    boolean isOnDemand() {
        return onDemand;
    }

    /** How many chains of one queue it takes at a time. */
    int most() {
        return onDemand ? MOST_WAITING : threads.getCorePoolSize();
    }

    /**
     * Hands {@code task} to the next thread that is free; never waits.
     *
     * @return false, and nothing has happened, if a thread is needed for it and cannot be started:
     *     on demand only
     */
    boolean execute(Task task) {
        Runnable running = () -> run(task);
        try {
            threads.execute(running);
            return true;
        } catch (OutOfMemoryError e) { // what Java says of the host's limit of threads, too
            threads.remove(running); // it may be there, with nobody to take it
            if (onDemand) {
                return false;
            }
            throw e;
        }
    }

    private Thread newThread(Runnable loop) {
        ChainHandler handler = device.newHandler(-1);
        return new Thread(() -> serve(handler, loop), "worker-" + started.incrementAndGet());
    }

    private void serve(ChainHandler handler, Runnable loop) {
        try (Reclaimer.Reader reader = reclaimer.register()) {
            own.set(new Own(reader, handler, new DescriptorChain()));
            loop.run();
        }
    }

    /**
     * Reports a failure as if the thread had ended. It goes on, since tasks may be waiting for it.
     */
    private void run(Task task) {
        Own mine = own.get();
        try {
            task.run(mine.reader(), mine.handler(), mine.chain());
        } catch (RuntimeException | Error e) {
            Thread thread = Thread.currentThread();
            thread.getUncaughtExceptionHandler().uncaughtException(thread, e);
        }
    }

    /** Ends the threads after what they have been given; the queues must have stopped. */
    @Override
    public void close() {
        threads.shutdown();
        try {
            threads.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
