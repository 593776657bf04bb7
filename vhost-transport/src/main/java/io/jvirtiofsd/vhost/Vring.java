package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import io.jvirtiofsd.virtio.InflightRegion;
import io.jvirtiofsd.virtio.PackedRing;
import io.jvirtiofsd.virtio.PackedVirtqueue;
import io.jvirtiofsd.virtio.Ring;
import io.jvirtiofsd.virtio.SplitRing;
import io.jvirtiofsd.virtio.SplitVirtqueue;
import io.jvirtiofsd.virtio.Virtqueue;

/**
 * One queue as the front-end has configured it; owned by the session.
 *
 * <p><i>Confined to the control thread</i>, but for the volatile fields, which the threads that
 * serve the queue read, and for what is guarded by the monitor. What they may still be using is
 * retired, not closed. Source: vhost-user.rst, "Ring states".
 */
final class Vring {
    private static final long LOG_INTERVAL_NANOS = 1_000_000_000;

    private final int index;
    private final Reclaimer reclaimer;

    private int size;
    private int base;
    private boolean packed;

    /** Whether the ring has stopped at another place than where one begins. */
    private boolean movedOn;

    private long descriptorsUva;
    private long availUva;
    private long usedUva;
    private boolean addressed;
    private long usedGpa = WriteLog.NOT_USED; // as what the used area is marked in a log

    /** Whether another process may have given chains back and not said so. */
    private boolean resumes;

    /** What serves the ring; null while it does not run. */
    private QueueWorker worker;

    private long brokenNanos = System.nanoTime() - LOG_INTERVAL_NANOS; // guarded by this
    private boolean unreachableSeen; // guarded by this

    private volatile boolean enabled;
    private volatile boolean broken;
    private volatile EventFd kick;
    private volatile Ring ring;
    private volatile WriteLog log;
    private volatile EventFd call;
    private volatile EventFd error;

    Vring(int index, Reclaimer reclaimer) {
        this.index = index;
        this.reclaimer = reclaimer;
    }

    int index() {
        return index;
    }

    /** Descriptors, as set by {@link #setSize}. */
    int size() {
        return size;
    }

    /** Whether this is the queue of what nobody waits for and nothing may hold up. */
    boolean isHiprio() {
        return index == 0;
    }

    /**
     * Whether VIRTIO_F_RING_PACKED was negotiated, which size, base and addresses are understood
     * by; the ring must not run.
     */
    void setPacked(boolean packed) {
        this.packed = packed;
    }

    /**
     * SET_VRING_NUM.
     *
     * @param size descriptors, up to 32,768; in a split ring a power of two
     * @throws Refusal for another size, or while the ring runs
     */
    void setSize(int size) throws Refusal {
        refuseWhileRunning("size");
        checkSize(size);
        this.size = size;
    }

    private void checkSize(int size) throws Refusal {
        boolean allowed = packed || Integer.bitCount(size) == 1;
        if (size <= 0 || size > Ring.MAX_SIZE || !allowed) {
            throw new Refusal("ring size " + (size & 0xffffffffL));
        }
    }

    /**
     * SET_VRING_BASE: where to go on. For a split ring that is the index of the next chain to take,
     * in the lower 16 bits; for a packed one as {@link PackedVirtqueue#base} says.
     *
     * @throws Refusal while the ring runs
     */
    void setBase(int base) throws Refusal {
        refuseWhileRunning("base");
        this.base = packed ? base : base & 0xffff;
    }

    /** Where to go on; while the ring runs, where it began. */
    int base() {
        return base;
    }

    /** Whether it begins anew after having served something, instead of going on: a reset. */
    boolean startsAfresh() {
        return movedOn && base == freshBase();
    }

    private int freshBase() {
        return packed ? PackedVirtqueue.FRESH_BASE : 0;
    }

    /**
     * A queue that goes on where the ring is to go on.
     *
     * @param inflight where is recorded what is in flight; null for nowhere
     * @throws Refusal if the ring was configured for the other format, or has no place there
     */
    Virtqueue newQueue(boolean eventIdx, boolean indirect, InflightRegions inflight)
            throws Refusal {
        checkSize(size);
        InflightRegion region = inflight == null ? null : inflight.region(index, size, packed);
        resumes = region != null;
        if (!packed) {
            return new SplitVirtqueue(base, eventIdx, indirect, region);
        }
        if (!PackedVirtqueue.fits(base, size)) {
            throw new Refusal("base 0x%x of a packed ring of %d".formatted(base, size));
        }
        checkAligned(availUva, 4);
        return new PackedVirtqueue(base, eventIdx, indirect, region);
    }

    private static void checkAligned(long address, int alignment) throws Refusal {
        if (address % alignment != 0) {
            throw new Refusal("ring addresses are not aligned");
        }
    }

    /**
     * SET_VRING_ADDR: where the areas are, in the front-end's address space. In a packed ring the
     * used area is the device's event word, the available area the driver's.
     *
     * @throws Refusal for addresses that are not aligned, or others than before while the ring runs
     */
    void setAddresses(long descriptors, long used, long avail) throws Refusal {
        boolean same =
                addressed && descriptors == descriptorsUva && used == usedUva && avail == availUva;
        if (!same) {
            refuseWhileRunning("addresses");
        }
        checkAligned(descriptors, 16);
        checkAligned(avail, packed ? 4 : 2);
        checkAligned(used, 4);
        descriptorsUva = descriptors;
        usedUva = used;
        availUva = avail;
        addressed = true;
    }

    /** SET_VRING_ADDR likewise: as what the used area is marked in a log, if at all. */
    void logUsed(long gpa) {
        usedGpa = gpa;
    }

    /**
     * Marks what is written from now on in {@code log}; the old one is to be retired then.
     *
     * @param log null for none
     * @param changed signalled when something was marked; null for nobody
     * @param data whether buffers are marked, beside the used area
     */
    void useLog(DirtyLog log, EventFd changed, boolean data) {
        this.log =
                log == null || !data && usedGpa == WriteLog.NOT_USED
                        ? null
                        : new WriteLog(log, changed, data, usedGpa);
    }

    /**
     * @throws Refusal if the used area is to be marked and has no place in {@code log}
     */
    void checkLog(DirtyLog log) throws Refusal {
        if (usedGpa != WriteLog.NOT_USED && !log.covers(usedGpa, usedBytes())) {
            throw new Refusal("the used area of ring " + index + " is outside of the log");
        }
    }

    /** Where writes to the guest's memory are marked; null for nowhere. */
    WriteLog log() {
        return log;
    }

    private void refuseWhileRunning(String what) throws Refusal {
        if (isRunning()) {
            throw new Refusal(what + " of a running ring");
        }
    }

    /**
     * Finds the ring's three areas in {@code memory}. If one is not there the ring is left alone.
     *
     * @return whether all are there
     */
    boolean locate(GuestMemory memory) {
        if (!addressed || size == 0) {
            return false;
        }
        ring = find(memory);
        wakeWaiting();
        if (worker != null) {
            worker.wake(); // the driver may have kicked while the areas were away
        }
        return ring != null;
    }

    private int usedBytes() {
        return packed ? PackedRing.EVENT_BYTES : SplitRing.usedBytes(size);
    }

    private Ring find(GuestMemory memory) {
        int availBytes = packed ? PackedRing.EVENT_BYTES : SplitRing.availBytes(size);
        NativeMemory descriptors = area(memory, descriptorsUva, Ring.descriptorsBytes(size));
        NativeMemory avail = area(memory, availUva, availBytes);
        NativeMemory used = area(memory, usedUva, usedBytes());
        if (descriptors == null || avail == null || used == null) {
            return null;
        }
        return packed
                ? new PackedRing(
                        size, memory, descriptors, gpa(memory, descriptorsUva), avail, used)
                : new SplitRing(size, memory, descriptors, avail, used);
    }

    /**
     * Waits, outside of a bracket, while the areas are not mapped, which is so for a moment when a
     * front-end moves the region that they are in; no longer than {@code worker} serves the ring.
     */
    synchronized void awaitMemory(QueueWorker worker) {
        boolean interrupted = false;
        while (ring == null && !broken && !worker.isStopping()) {
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

    /** Makes those who {@linkplain #awaitMemory wait} look again. */
    synchronized void wakeWaiting() {
        notifyAll();
    }

    /** What {@code uva}, which is in a region, is for the guest. */
    private static long gpa(GuestMemory memory, long uva) {
        GuestRegion region = memory.findUser(uva, 1);
        return region.gpa() + uva - region.uva();
    }

    /** Memory of {@code bytes} bytes at {@code uva}, or null if no region has all of them. */
    private static NativeMemory area(GuestMemory memory, long uva, int bytes) {
        GuestRegion region = memory.findUser(uva, bytes);
        return region == null ? null : region.view(uva - region.uva(), bytes);
    }

    /** The areas in guest memory; null while they are not mapped, {@link #awaitMemory}. */
    Ring ring() {
        return ring;
    }

    /** Takes {@code next}, or null for a ring to be polled, in place of a running ring's kick. */
    void replaceKick(EventFd next) throws LinuxException {
        EventFd old = kick;
        if (next != null) {
            worker.watch(next);
        }
        kick = next; // before the thread is woken, which asks for it
        worker.wake();
        if (old != null) {
            worker.unwatch(old);
            old.close();
        }
    }

    /** What the driver signals; null if the ring is to be polled, or does not run. */
    EventFd kick() {
        return kick;
    }

    /** Takes a new call descriptor, or none. */
    void setCall(EventFd next) {
        EventFd old = call;
        call = next;
        retire(old);
        callResumed();
    }

    /**
     * A process may have been killed before it could tell the driver of what it had given back. One
     * call more does no harm.
     */
    private void callResumed() {
        EventFd descriptor = call;
        if (resumes && isRunning() && descriptor != null) {
            descriptor.signal();
        }
    }

    EventFd call() {
        return call;
    }

    /** Takes a new error descriptor, or none. */
    void setError(EventFd next) {
        EventFd old = error;
        error = next;
        retire(old);
    }

    private void retire(EventFd old) {
        if (old != null) {
            reclaimer.retire(old);
        }
    }

    void setEnabled(boolean enabled) {
        this.enabled = enabled;
        if (worker != null) {
            worker.wake();
        }
    }

    boolean isEnabled() {
        return enabled;
    }

    boolean isBroken() {
        return broken;
    }

    /**
     * Called by a serving thread when the driver broke the ring's rules, or when it fails itself.
     *
     * @return whether this is news for the log; a guest can reset and break a ring as often as it
     *     likes, so once a second
     */
    synchronized boolean breakDown() {
        boolean first = !broken;
        broken = true;
        notifyAll();
        EventFd descriptor = error;
        if (descriptor != null) {
            descriptor.signal();
        }
        long now = System.nanoTime();
        if (!first || now - brokenNanos < LOG_INTERVAL_NANOS) {
            return false;
        }
        brokenNanos = now;
        return true;
    }

    /** True once: when the first buffers in unknown memory are met. */
    synchronized boolean isFirstUnreachable() {
        boolean first = !unreachableSeen;
        unreachableSeen = true;
        return first;
    }

    boolean isRunning() {
        return worker != null;
    }

    /**
     * Starts {@code worker}, which is taken with {@code kick}; both are given back if it throws.
     */
    void start(QueueWorker worker, EventFd kick) throws LinuxException {
        this.kick = kick;
        try {
            worker.start(kick);
            this.worker = worker;
            callResumed();
        } finally {
            if (this.worker == null) {
                this.kick = null;
            }
        }
    }

    /** Stops serving; waits until what was taken has been given back. */
    void stop() {
        if (worker != null) {
            base = worker.stop();
            movedOn = base != freshBase();
            worker = null;
        }
        broken = false;
        EventFd old = kick;
        kick = null;
        if (old != null) {
            old.close();
        }
    }

    void close() {
        stop();
        setCall(null);
        setError(null);
    }
}
