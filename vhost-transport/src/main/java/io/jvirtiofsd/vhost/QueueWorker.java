package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Poller;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.virtio.DescriptorChain;
import io.jvirtiofsd.virtio.RingException;
import io.jvirtiofsd.virtio.SplitRing;
import io.jvirtiofsd.virtio.Virtqueue;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that serves one running ring: takes chains, has them handled, gives them back, and
 * sleeps until kicked. Started and stopped by the control thread, which owns it.
 *
 * <p>Everything that touches guest memory happens between {@link Reclaimer.Reader#enter} and {@link
 * Reclaimer.Reader#exit}, with the memory table and the ring's areas looked up after entering; so
 * the control thread may replace both at any time and retire the old ones. The bracket ends between
 * handling a chain and giving it back: what the request released is closed before its answer is
 * seen.
 *
 * <p>Kick descriptors are watched edge-triggered and never read, so that what a peer passes in
 * their place can do no harm.
 */
final class QueueWorker implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(QueueWorker.class);
    private static final int POLLED_RING_MILLIS = 1;

    private final Vring vring;
    private final Supplier<GuestMemory> memory;
    private final ChainHandler handler;
    private final Virtqueue queue;
    private final Reclaimer reclaimer;
    private final WorkerPool pool;
    private final PooledChains surplus;
    private final EventFd wake;
    private final Poller poller;
    private final Thread thread;
    private final ParkedChains parked = new ParkedChains();
    private final Object pushing = new Object();
    private boolean parking; // whether others may push; the thread's own, where there is no pool
    private volatile boolean stopping;

    /**
     * @param pool helps when chains pile up; null for none
     */
    QueueWorker(
            Syscalls syscalls,
            Vring vring,
            Supplier<GuestMemory> memory,
            ChainHandler handler,
            Virtqueue queue,
            Reclaimer reclaimer,
            WorkerPool pool)
            throws LinuxException {
        this.vring = vring;
        this.memory = memory;
        this.handler = handler;
        this.queue = queue;
        this.reclaimer = reclaimer;
        this.pool = pool;
        this.surplus = pool == null ? null : new PooledChains(pool.size());
        this.wake = EventFd.create(syscalls);
        try {
            this.poller = Poller.create(syscalls);
        } catch (LinuxException e) {
            wake.close();
            throw e;
        }
        String name = vring.index() == 0 ? "queue-hiprio" : "queue-" + vring.index();
        this.thread = new Thread(this, name);
    }

    /** Starts the thread; watches {@code kick}, which is borrowed, unless the ring is polled. */
    void start(EventFd kick) throws LinuxException {
        try {
            poller.add(wake.number());
            if (kick != null) {
                poller.add(kick.number());
            }
        } catch (LinuxException e) {
            poller.close();
            wake.close();
            throw e;
        }
        thread.start();
    }

    /** Watches {@code next} instead of {@code old}; either may be null. */
    void replaceKick(EventFd old, EventFd next) throws LinuxException {
        if (next != null) {
            poller.add(next.number());
        }
        if (old != null) {
            poller.remove(old.number());
        }
        wake();
    }

    /** Makes the thread look at its ring and flags again. */
    void wake() {
        wake.signal();
    }

    /**
     * Ends the thread after what it has taken has been given back. What waits for something that
     * may never come is answered at once.
     *
     * @return index of the next chain to take
     */
    int stop() {
        stopping = true;
        wake();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // by nobody of ours; the thread must end first
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        parked.cancelAll();
        poller.close();
        wake.close();
        return queue.lastAvail();
    }

    @Override
    public void run() {
        try (Reclaimer.Reader reader = reclaimer.register()) {
            DescriptorChain chain = new DescriptorChain();
            boolean served = false;
            int written = 0;
            while (served || !stopping) {
                reader.enter();
                try {
                    SplitRing ring = vring.ring();
                    if (served && written != ChainHandler.PARKED) {
                        giveBack(ring, chain, written);
                    }
                    served = !stopping && take(ring, chain);
                    if (served) {
                        written = handle(handler, chain);
                    }
                } finally {
                    reader.exit();
                }
                if (!served && !stopping) {
                    poller.await(vring.kick() == null ? POLLED_RING_MILLIS : -1);
                }
            }
            if (surplus != null) {
                surplus.awaitAll();
            }
        } catch (RuntimeException e) {
            LOG.error("{} ends", thread.getName(), e);
        }
    }

    /** Takes the next chain for this thread, handing further ones to the pool. */
    private boolean take(SplitRing ring, DescriptorChain chain) {
        if (ring == null || !vring.isEnabled() || vring.isBroken()) {
            return false;
        }
        try {
            queue.disableKicks(ring);
            while (!queue.pop(ring, memory.get(), chain)) {
                if (!queue.enableKicks(ring)) {
                    return false;
                }
            }
            if (surplus != null) {
                handOver(ring);
            }
            return true;
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown("its memory is gone"); // SIGBUS: the front-end has cut the file short
        }
        return false;
    }

    /** Hands the pool what is waiting behind the chain this thread has just taken. */
    private void handOver(SplitRing ring) throws RingException {
        while (queue.hasAvailable(ring)) {
            DescriptorChain other = surplus.poll();
            if (other == null) {
                return;
            }
            boolean filled = false;
            try {
                filled = queue.pop(ring, memory.get(), other);
            } finally {
                if (!filled) {
                    surplus.giveBack(other);
                }
            }
            if (filled) {
                pool.execute(this, other);
            }
        }
    }

    private void breakDown(String reason) {
        LOG.warn("{} is broken and stops: {}", thread.getName(), reason);
        vring.breakDown();
    }

    private void giveBack(SplitRing ring, DescriptorChain chain, int written) {
        if (ring == null || vring.isBroken()) {
            return;
        }
        if (surplus == null && !parking) {
            pushAndNotify(ring, chain, written);
        } else {
            synchronized (pushing) {
                pushAndNotify(ring, chain, written);
            }
        }
    }

    private void pushAndNotify(SplitRing ring, DescriptorChain chain, int written) {
        try {
            queue.push(ring, chain, written);
            EventFd call = vring.call();
            if (queue.needsNotify(ring) && call != null) {
                call.signal();
            }
        } catch (InternalError e) {
            breakDown("its memory is gone");
        }
    }

    /** On a pool thread: serves a chain that {@link #take} handed over. */
    void serveSurplus(Reclaimer.Reader reader, ChainHandler poolHandler, DescriptorChain chain) {
        int written;
        reader.enter();
        try {
            written = handle(poolHandler, chain);
        } finally {
            reader.exit();
        }
        if (written != ChainHandler.PARKED) {
            reader.enter();
            try {
                giveBack(vring.ring(), chain, written);
            } finally {
                reader.exit();
            }
        }
        surplus.giveBack(chain);
    }

    private int handle(ChainHandler handler, DescriptorChain chain) {
        try {
            int written = handler.handle(chain.reader(), chain.writer());
            if (written == ChainHandler.PARKED) {
                park(handler, chain.head());
            }
            return written;
        } catch (RuntimeException | InternalError e) {
            LOG.error("a request could not be handled", e);
            return 0;
        }
    }

    private void park(ChainHandler handler, int head) {
        if (surplus == null) {
            parking = true;
        }
        ParkedChain chain = new Parked(head);
        parked.add(chain);
        parked.setCancel(chain, handler.parked(chain));
    }

    /** A chain by its first descriptor: the memory behind it may be another one when it ends. */
    private final class Parked implements ParkedChain {
        private final int head;

        Parked(int head) {
            this.head = head;
        }

        @Override
        public void answer(byte[] reply) {
            try (Reclaimer.Reader reader = reclaimer.register()) {
                reader.enter();
                giveBackParked(head, reply);
            } finally {
                parked.remove(this);
            }
        }
    }

    /** On any thread. */
    private void giveBackParked(int head, byte[] reply) {
        SplitRing ring = vring.ring();
        if (ring == null || vring.isBroken()) {
            return;
        }
        try {
            DescriptorChain chain = new DescriptorChain();
            queue.takeAgain(ring, memory.get(), head, chain);
            int written = chain.writer().capacity() < reply.length ? 0 : reply.length;
            chain.writer().write(0, reply, 0, written);
            synchronized (pushing) {
                pushAndNotify(ring, chain, written);
            }
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown("its memory is gone");
        }
    }
}
