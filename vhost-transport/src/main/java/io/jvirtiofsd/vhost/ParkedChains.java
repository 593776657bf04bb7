package io.jvirtiofsd.vhost;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The chains of one ring whose answers come later, from whatever thread; owned by the ring's
 * worker.
 *
 * <p>Each is answered once; a second answer is dropped. Stopping the ring makes all answers come at
 * once and waits for them.
 *
 * <p><i>Thread-safe.</i>
 */
final class ParkedChains {
    private static final Logger LOG = LoggerFactory.getLogger(ParkedChains.class);

    private final Set<Parked> waiting = new HashSet<>(); // guarded by this

    /** One chain, as the handler sees it: to be answered. */
    private final class Parked implements Consumer<byte[]> {
        private final Consumer<byte[]> giveBack;
        private final AtomicBoolean claimed = new AtomicBoolean();
        private Runnable cancel = () -> {}; // guarded by the ParkedChains

        Parked(Consumer<byte[]> giveBack) {
            this.giveBack = giveBack;
        }

        /** Whether the caller, the first to ask, is the one who answers. */
        boolean claim() {
            return claimed.compareAndSet(false, true);
        }

        @Override
        public void accept(byte[] reply) {
            if (claim()) {
                try {
                    giveBack.accept(reply);
                } finally {
                    remove(this);
                }
            }
        }
    }

    /**
     * Has {@code handler} take the chain that it has just parked.
     *
     * @param giveBack gives the chain back with its answer, on any thread; called once at most
     * @throws RuntimeException what the handler throws, or an Error, if it has not answered: then
     *     the chain is not parked, and the caller gives it back
     */
    void park(ChainHandler handler, Consumer<byte[]> giveBack) {
        Parked chain = new Parked(giveBack);
        add(chain); // before it can be answered
        try {
            setCancel(chain, handler.parked(chain));
        } catch (RuntimeException | Error e) {
            if (chain.claim()) {
                remove(chain);
                throw e;
            }
            LOG.error("a request could be answered, but not parked", e);
        }
    }

    private synchronized void add(Parked chain) {
        waiting.add(chain);
    }

    private synchronized void setCancel(Parked chain, Runnable cancel) {
        chain.cancel = cancel;
    }

    private synchronized void remove(Parked chain) {
        waiting.remove(chain);
        notifyAll();
    }

    /**
     * Ends all waiting and returns when all answers have been given; none may be parked any more.
     */
    void cancelAll() {
        List<Runnable> cancels = new ArrayList<>();
        synchronized (this) {
            waiting.forEach(chain -> cancels.add(chain.cancel));
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

    /** Cancels one; a failure must not keep the others waiting. */
    private static void cancel(Runnable cancel) {
        try {
            cancel.run();
        } catch (RuntimeException e) {
            LOG.error("a request that waits cannot be told to give up", e);
        }
    }
}
