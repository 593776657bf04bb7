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
    private record Task(QueueWorker queue, DescriptorChain chain) {}

    private static final Task END = new Task(null, null);

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

    /** Hands {@code chain} of {@code queue} over. */
    void execute(QueueWorker queue, DescriptorChain chain) {
        tasks.add(new Task(queue, chain));
    }

    private void serve(ChainHandler handler, Reclaimer reclaimer) {
        try (Reclaimer.Reader reader = reclaimer.register()) {
            for (Task task = tasks.take(); task != END; task = tasks.take()) {
                task.queue.serveSurplus(reader, handler, task.chain);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the threads; the queues must have stopped. */
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
