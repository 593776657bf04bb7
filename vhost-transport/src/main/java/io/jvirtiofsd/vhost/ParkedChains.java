package io.jvirtiofsd.vhost;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chains of one ring whose answers come later, each with what makes it come at once; owned by
 * the ring's worker.
 *
 * <p><i>Thread-safe.</i>
 */
final class ParkedChains {
    private static final Logger LOG = LoggerFactory.getLogger(ParkedChains.class);

    private final Map<ParkedChain, Runnable> waiting = new HashMap<>();

    /** Must precede the answer to {@code chain}. */
    synchronized void add(ParkedChain chain) {
        waiting.put(chain, () -> {});
    }

    /** Says how to end the waiting of {@code chain}, which may have ended. */
    synchronized void setCancel(ParkedChain chain, Runnable cancel) {
        waiting.replace(chain, cancel);
    }

    /** Must follow the answer to {@code chain}. */
    synchronized void remove(ParkedChain chain) {
        waiting.remove(chain);
        notifyAll();
    }

    /** One that cannot be cancelled must not keep the others waiting. */
    private static void cancel(Runnable cancel) {
        try {
            cancel.run();
        } catch (RuntimeException e) {
            LOG.error("a request that waits cannot be told to give up", e);
        }
    }

    /**
     * Ends all waiting and returns when all answers have been given; none may be added any more.
     */
    void cancelAll() {
        List<Runnable> cancels;
        synchronized (this) {
            cancels = new ArrayList<>(waiting.values());
        }
        cancels.forEach(ParkedChains::cancel);
        boolean interrupted = false;
        synchronized (this) {
            while (!waiting.isEmpty()) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
