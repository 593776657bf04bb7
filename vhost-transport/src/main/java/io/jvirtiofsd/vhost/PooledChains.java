package io.jvirtiofsd.vhost;

import io.jvirtiofsd.virtio.DescriptorChain;
import java.util.ArrayDeque;

/**
 * The chain slots of one queue that may be with the pool at the same time; owned by the queue's
 * worker.
 *
 * <p><i>Thread-safe.</i>
 */
final class PooledChains {
    private final ArrayDeque<DescriptorChain> free = new ArrayDeque<>();
    private final int capacity;

    PooledChains(int capacity) {
        this.capacity = capacity;
        for (int i = 0; i < capacity; i++) {
            free.add(new DescriptorChain());
        }
    }

    /** A free slot, or null if all are in use. */
    synchronized DescriptorChain poll() {
        return free.poll();
    }

    /** Takes a slot back whose request has been answered, or that was not filled. */
    synchronized void giveBack(DescriptorChain chain) {
        free.add(chain);
        notifyAll();
    }

    /** Waits until all slots are free. */
    synchronized void awaitAll() {
        boolean interrupted = false;
        while (free.size() < capacity) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
