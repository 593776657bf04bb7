package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.virtio.DescriptorChain;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Threads that serve chains of any request queue when more are waiting than a queue's own thread
 * can start; owned by the session.
 *
 * <p><i>Thread-safe.</i>
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

    private static final Task END = (reader, handler, chain) -> {};

    private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
    private final List<Thread> threads = new ArrayList<>();

    /** Starts {@code size} &ge; 1 threads. */
    WorkerPool(int size, VirtioDevice device, Reclaimer reclaimer) {
        for (int i = 1; i <= size; i++) {
            ChainHandler handler = device.newHandler(-1);
            Thread thread = new Thread(() -> serve(handler, reclaimer), "worker-" + i);
            threads.add(thread);
            thread.start();
        }
    }

    int size() {
        return threads.size();
    }

    /** Hands {@code task} to the next thread that is free; never waits. */
    void execute(Task task) {
        tasks.add(task);
    }

    private void serve(ChainHandler handler, Reclaimer reclaimer) {
        try (Reclaimer.Reader reader = reclaimer.register()) {
            DescriptorChain chain = new DescriptorChain();
            for (Task task = tasks.take(); task != END; task = tasks.take()) {
                try {
                    task.run(reader, handler, chain);
                } catch (RuntimeException | Error e) {
                    report(e);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Reports a failure as if the thread had ended. It goes on, since tasks may be waiting for it.
     */
    private static void report(Throwable failure) {
        Thread thread = Thread.currentThread();
        thread.getUncaughtExceptionHandler().uncaughtException(thread, failure);
    }

    /** Ends the threads after what they have been given; the queues must have stopped. */
    @Override
    public void close() {
        threads.forEach(thread -> tasks.add(END));
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
