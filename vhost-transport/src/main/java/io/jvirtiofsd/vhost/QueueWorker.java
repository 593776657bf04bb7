package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Poller;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.virtio.ChainHead;
import io.jvirtiofsd.virtio.DescriptorChain;
import io.jvirtiofsd.virtio.Ring;
import io.jvirtiofsd.virtio.RingException;
import io.jvirtiofsd.virtio.Virtqueue;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that serves one running ring: takes chains, has them handled, gives them back, and
 * sleeps until kicked. Started and stopped by the control thread, which owns it.
 *
 * <p>Everything that touches guest memory happens between {@link Reclaimer.Reader#enter} and {@link
 * Reclaimer.Reader#exit}, with the ring, and through it the memory table, looked up after entering;
 * so the control thread may replace both at any time and retire the old ones. A ring whose memory
 * is away is waited for with what is to be given back. The bracket ends between handling a chain
 * and giving it back: what the request released is closed before its answer is seen. A chain is
 * walked and handled in one bracket; to the pool, or to wait, goes its head alone.
 *
 * <p>Whatever is thrown, no ring is left neither served nor broken, and {@link #stop} returns.
 *
 * <p>Kick descriptors are watched edge-triggered and never read, so that what a peer passes in
 * their place can do no harm.
 *
 * <p><i>Confined to the control thread</i>, but for {@link #run} and what it calls, which are the
 * ring's own thread's, and for giving chains back, which the threads of the pool and those that
 * answer parked chains do under a lock.
 */
final class QueueWorker implements Runnable {
    private static final Logger LOG = LoggerFactory.getLogger(QueueWorker.class);
    private static final int POLLED_RING_MILLIS = 1;
    private static final String SHARE_ON = " (has a memory back-end of the machine no share=on?)";

    /** Why a ring is broken whose memory's file has been cut. */
    private static final String NO_BACKING = "its memory is gone";

    private static final int NO_ANSWER = -1; // now: it is parked, or the ring is broken

    private final Vring vring;
    private final ChainHandler handler;
    private final Virtqueue queue;
    private final Reclaimer reclaimer;
    private final WorkerPool pool;
    private final Polling polling; // null for a ring that is never polled
    private final Coalescing coalescing; // null for a ring whose driver waits for answers
    private final Semaphore surplus; // for chains with the pool; null where there is none
    private final EventFd wake;
    private final Poller poller;
    private final Thread thread;
    private final Interrupts interrupts = new Interrupts();
    private final ParkedChains parked = new ParkedChains();
    private final Object pushing = new Object(); // held while pushing, if several threads push

    /**
     * Set, and never cleared, when a chain is first parked: from then on other threads push, too,
     * and pushing takes the lock. A thread of the pool sets it before it gives its permit back.
     */
    private boolean parking;

    private boolean gathering; // chains, without kicks
    private volatile boolean stopping;

    /**
     * @param pool helps when chains pile up; null for none
     * @param polling decides how long an empty ring is looked at; null for not at all
     */
    QueueWorker(
            Syscalls syscalls,
            Vring vring,
            ChainHandler handler,
            Virtqueue queue,
            Reclaimer reclaimer,
            WorkerPool pool,
            Polling polling)
            throws LinuxException {
        this.vring = vring;
        this.handler = handler;
        this.queue = queue;
        this.reclaimer = reclaimer;
        this.pool = pool;
        this.polling = polling;
        this.coalescing = vring.isHiprio() ? new Coalescing(vring.size()) : null;
        this.surplus = pool == null ? null : new Semaphore(pool.most());
        this.wake = EventFd.create(syscalls);
        try {
            this.poller = Poller.create(syscalls);
        } catch (LinuxException e) {
            wake.close();
            throw e;
        }
        String name = vring.isHiprio() ? "queue-hiprio" : "queue-" + vring.index();
        this.thread = new Thread(this, name);
    }

    /** Starts the thread; watches {@code kick}, which is borrowed, unless the ring is polled. */
    void start(EventFd kick) throws LinuxException {
        boolean started = false;
        try {
            poller.add(wake.number());
            if (kick != null) {
                watch(kick);
            }
            thread.start();
            started = true;
        } finally {
            if (!started) {
                poller.close();
                wake.close();
            }
        }
    }

    /** Watches {@code kick}, too; borrowed until {@link #unwatch}. */
    void watch(EventFd kick) throws LinuxException {
        poller.add(kick.number());
    }

    void unwatch(EventFd kick) {
        poller.remove(kick.number());
    }

    /** Makes the thread look at its ring and flags again. */
    void wake() {
        wake.signal();
    }

    boolean isStopping() {
        return stopping;
    }

    /**
     * Ends the thread after what it has taken has been given back. What waits for something that
     * may never come is answered at once.
     *
     * @return where the ring is to go on
     */
    int stop() {
        stopping = true;
        vring.wakeWaiting();
        wake();
        ThreadEnd.await(thread);
        // Nothing can be parked any more: the thread has ended, and waited for the pool.
        parked.cancelAll();
        poller.close();
        wake.close();
        return queue.base();
    }

    @Override
    public void run() {
        boolean stopped = false;
        try (Reclaimer.Reader reader = reclaimer.register()) {
            serve(reader);
            wake.drain(); // by a native call, with which an error of memory that is gone is told
            stopped = true;
        } catch (InternalError e) {
            breakDown(NO_BACKING); // told late: the thread had gone on from where it happened
        } catch (RuntimeException e) {
            LOG.error("{} ends by a bug", thread.getName(), e);
        } finally {
            if (!stopped) {
                vring.breakDown();
            }
            if (polling != null) {
                LOG.debug("{}: {}", thread.getName(), polling);
            }
            if (surplus != null) {
                // All permits are here again when the pool has given back what it was handed.
                surplus.acquireUninterruptibly(pool.most());
            }
        }
    }

    private void serve(Reclaimer.Reader reader) {
        DescriptorChain chain = new DescriptorChain();
        boolean served = false;
        int written = 0;
        // Each round is one bracket: it gives back the chain of the last round, then takes and
        // handles the next. So what was taken is given back even if the thread is to stop
        // meanwhile.
        while (served || !stopping || hasLeft()) {
            reader.enter();
            try {
                if (served && written >= 0) {
                    giveBack(ringOfTaken(reader), chain.head(), written);
                }
                served = stopping ? takeLeft(chain) : take(vring.ring(), chain);
                if (!served || isSlow(chain)) {
                    tellGathered();
                }
                if (served) {
                    written = handle(handler, chain);
                    if (written < 0) {
                        tellGathered();
                    }
                }
            } finally {
                chain.end();
                reader.exit();
            }
            if (!served && !stopping) {
                poller.await(sleepMillis());
            }
        }
    }

    private int sleepMillis() {
        if (gathering) {
            return Coalescing.MILLIS;
        }
        return vring.kick() == null ? POLLED_RING_MILLIS : -1;
    }

    /**
     * The ring that a chain was taken from. While the ring's memory is away this ends the bracket,
     * waits, and begins another one: nothing that was looked up before may be used afterwards.
     *
     * @return null if the chain is dropped: the ring is broken, or stops while its memory is away
     */
    private Ring ringOfTaken(Reclaimer.Reader reader) {
        Ring ring = vring.ring();
        while (ring == null && !vring.isBroken() && !stopping) {
            reader.exit();
            vring.awaitMemory(this);
            reader.enter();
            ring = vring.ring();
        }
        return vring.isBroken() ? null : ring;
    }

    /**
     * Takes the next chain for this thread, handing further ones to the pool, or those that take
     * long if others wait behind them.
     */
    private boolean take(Ring ring, DescriptorChain chain) {
        gathering = false;
        if (ring == null || !vring.isEnabled() || vring.isBroken()) {
            return false;
        }
        try {
            queue.disableKicks(ring);
            do {
                // A chain may have come before the driver could see that kicks are wanted again:
                // look once more.
                while (!queue.pop(ring, chain)) {
                    tellGathered();
                    if (!poll(ring) && (gather() || !queue.enableKicks(ring))) {
                        markUsed(ring); // the wish for kicks is there, too
                        return false;
                    }
                }
                came();
            } while (surplus != null && pool.isOnDemand() && handOverSlow(ring, chain));
            if (surplus != null && !pool.isOnDemand()) {
                handOver(ring);
            }
            return true;
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown(NO_BACKING); // SIGBUS: the front-end has cut the file short
        }
        return false;
    }

    /**
     * Takes what a process before this one had taken, as long as there is something: a ring that
     * stops has given back all that was ever taken from it, be it enabled or not.
     */
    private boolean takeLeft(DescriptorChain chain) {
        Ring ring = vring.ring();
        if (ring == null || !hasLeft()) {
            return false;
        }
        try {
            return queue.pop(ring, chain);
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        }
        return false;
    }

    private boolean hasLeft() {
        return queue.isResuming() && vring.ring() != null && !vring.isBroken();
    }

    private void came() {
        if (polling != null && polling.isEmpty()) {
            polling.came(System.nanoTime());
        }
        if (coalescing != null) {
            coalescing.came();
        }
    }

    private boolean gather() {
        gathering = coalescing != null && coalescing.begin(System.nanoTime());
        return gathering;
    }

    /** Looks at a ring that is empty, as long as that pays; whether a chain has come. */
    private boolean poll(Ring ring) {
        if (polling == null) {
            return false;
        }
        long begin = System.nanoTime();
        long window = polling.begin(begin);
        boolean came = false;
        try {
            while (!came && !stopping && System.nanoTime() - begin < window) {
                Thread.onSpinWait();
                came = queue.hasAvailable(ring);
            }
        } finally {
            polling.end();
        }
        return came;
    }

    private void markUsed(Ring ring) {
        WriteLog log = vring.log();
        if (log != null) {
            log.markUsed(ring);
        }
    }

    private void markBuffers(DescriptorChain chain) {
        WriteLog log = vring.log();
        if (log != null) {
            log.markBuffers(chain.writable());
        }
    }

    /** Hands the pool what is waiting behind the chain this thread has just taken. */
    private void handOver(Ring ring) throws RingException {
        while (queue.hasAvailable(ring) && surplus.tryAcquire()) {
            boolean handed = false;
            try {
                ChainHead head = queue.popHead(ring);
                handed = head != null && handOver(head); // such a pool has all its threads
            } finally {
                if (!handed) {
                    surplus.release();
                }
            }
        }
    }

    /**
     * Hands the pool the chain this thread has just taken, if it takes long and others wait behind
     * it, or are with the pool: then more will come before long.
     *
     * @return whether it did; then {@code chain} is free
     */
    private boolean handOverSlow(Ring ring, DescriptorChain chain) {
        if (!isSlow(chain)
                || !queue.hasAvailable(ring) && hasPoolNothing()
                || !surplus.tryAcquire()) {
            return false;
        }
        boolean handed = false;
        try {
            handed = handOver(chain.head().copy());
        } finally {
            if (!handed) {
                surplus.release();
            }
        }
        if (handed) {
            chain.end();
            tellGathered(); // for as long as others push, too, nothing gathers
        }
        return handed;
    }

    private boolean isSlow(DescriptorChain chain) {
        return chain.isWhole() && handler.isSlow(chain.readable());
    }

    private boolean handOver(ChainHead head) {
        return pool.execute((reader, helper, chain) -> serveSurplus(reader, helper, chain, head));
    }

    /** Stops serving the ring until it is configured anew; says why, once a second at most. */
    private void breakDown(String reason) {
        if (vring.breakDown()) {
            LOG.warn("{} is broken and stops: {}", thread.getName(), reason);
        }
    }

    /**
     * Gives a chain back, unless {@code ring} is null; takes the lock if other threads may push.
     */
    private void giveBack(Ring ring, ChainHead head, int written) {
        if (ring == null) {
            return;
        }
        if (isAlone()) {
            pushAndGather(ring, head, written);
        } else {
            synchronized (pushing) {
                pushAndNotify(ring, head, written);
            }
        }
    }

    /**
     * Whether nobody else pushes now. A pool that is there for slow chains has given back all that
     * it was handed when all permits are here again, and this thread alone hands it more.
     */
    private boolean isAlone() {
        return !parking && (surplus == null || pool.isOnDemand() && hasPoolNothing());
    }

    private boolean hasPoolNothing() {
        return surplus.availablePermits() == pool.most();
    }

    private void pushAndNotify(Ring ring, ChainHead head, int written) {
        try {
            queue.push(ring, head, written);
            markUsed(ring);
            if (queue.needsNotify(ring)) {
                notifyDriver();
            }
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        }
    }

    /** Pushes alone, and tells the driver when {@link Interrupts} says so. */
    private void pushAndGather(Ring ring, ChainHead head, int written) {
        try {
            queue.push(ring, head, written);
            markUsed(ring);
            if (queue.needsNotify(ring)) {
                interrupts.want();
            }
            if (interrupts.isWanted()
                    && !(queue.hasAvailable(ring, Interrupts.MANY)
                            && interrupts.gather(System.nanoTime()))) {
                tellGathered();
            }
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        }
    }

    private void tellGathered() {
        if (interrupts.take()) {
            notifyDriver();
        }
    }

    /**
     * Signals the call descriptor. If another one came meanwhile that is signalled, too: once the
     * front-end has its acknowledgement it may never look at the first again, as QEMU does when a
     * guest unmasks an interrupt.
     */
    private void notifyDriver() {
        EventFd signalled;
        do {
            signalled = vring.call();
            if (signalled != null) {
                signalled.signal();
            }
        } while (vring.call() != signalled);
    }

    /**
     * On a pool thread: serves the chain of a {@code head} that {@link #take} has handed over.
     *
     * @param chain the pool thread's own slot
     */
    private void serveSurplus(
            Reclaimer.Reader reader,
            ChainHandler poolHandler,
            DescriptorChain chain,
            ChainHead head) {
        boolean given = false;
        try {
            int written = handleSurplus(reader, poolHandler, chain, head);
            if (written >= 0) {
                reader.enter();
                try {
                    giveBack(ringOfTaken(reader), head, written);
                } finally {
                    reader.exit();
                }
            }
            given = true;
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        } finally {
            if (!given) {
                vring.breakDown();
            }
            surplus.release();
        }
    }

    private int handleSurplus(
            Reclaimer.Reader reader,
            ChainHandler poolHandler,
            DescriptorChain chain,
            ChainHead head) {
        reader.enter();
        try {
            Ring ring = ringOfTaken(reader);
            if (ring == null) {
                return NO_ANSWER;
            }
            queue.walk(ring, head, chain);
            return handle(poolHandler, chain);
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        } finally {
            chain.end();
            reader.exit();
        }
        return NO_ANSWER;
    }

    /**
     * Has {@code chain} served.
     *
     * @return bytes written, or {@link #NO_ANSWER}
     */
    private int handle(ChainHandler handler, DescriptorChain chain) {
        try {
            if (!chain.isWhole()) {
                return refuse(handler, chain);
            }
            int written = handler.handle(chain.readable(), chain.writable());
            markBuffers(chain);
            return written < 0 ? park(handler, chain.head().copy()) : written;
        } catch (RuntimeException | InternalError e) {
            LOG.error("a request could not be handled", e);
            markBuffers(chain);
            return 0;
        }
    }

    /** The driver uses memory that the front-end has not told us of; its request fails. */
    private int refuse(ChainHandler handler, DescriptorChain chain) {
        int written = handler.refuse(chain.readable(), chain.writable());
        markBuffers(chain);
        if (written == 0 && chain.isAnswerable()) {
            breakDown("buffers outside of the guest's memory that is shared" + SHARE_ON);
            return NO_ANSWER;
        }
        if (vring.isFirstUnreachable()) {
            LOG.warn(
                    "{}: requests fail whose buffers are outside of the guest's memory that is"
                            + " shared{}",
                    thread.getName(),
                    SHARE_ON);
        }
        return written;
    }

    /** Sets a chain aside, to be answered later by another thread. */
    private int park(ChainHandler handler, ChainHead head) {
        parking = true;
        parked.park(handler, reply -> answer(head, reply));
        return NO_ANSWER;
    }

    /**
     * On any thread: gives a parked chain back. It is known by its head, since the memory behind it
     * may be another one by now.
     */
    private void answer(ChainHead head, byte[] reply) {
        boolean given = false;
        try (Reclaimer.Reader reader = reclaimer.register()) {
            reader.enter();
            Ring ring = ringOfTaken(reader);
            if (ring != null) {
                fillAndGiveBack(ring, head, reply);
            }
            given = true;
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        } finally {
            if (!given) {
                vring.breakDown();
            }
        }
    }

    private void fillAndGiveBack(Ring ring, ChainHead head, byte[] reply) {
        try {
            DescriptorChain chain = new DescriptorChain();
            queue.walk(ring, head, chain);
            int written = chain.writable().bytes() < reply.length ? 0 : reply.length;
            chain.writable().put(0, reply, 0, written);
            markBuffers(chain);
            synchronized (pushing) {
                pushAndNotify(ring, head, written);
            }
        } catch (RingException e) {
            breakDown(e.getMessage());
        } catch (InternalError e) {
            breakDown(NO_BACKING);
        }
    }
}
