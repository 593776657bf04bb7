package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import io.jvirtiofsd.virtio.SplitRing;

/**
 * One queue as the front-end has configured it; owned by the session.
 *
 * <p>Written by the control thread. The thread that serves the queue reads the volatile fields;
 * what it may still be using is retired, not closed. Source: vhost-user.rst, "Ring states".
 */
final class Vring {
    private final int index;
    private final Reclaimer reclaimer;

    private int size;
    private int base;
    private int stoppedAt;
    private long descriptorsUva;
    private long availUva;
    private long usedUva;
    private boolean addressed;
    private EventFd kick;
    private QueueWorker worker;

    private volatile boolean enabled;
    private volatile boolean broken;
    private volatile SplitRing ring;
    private volatile EventFd call;
    private volatile EventFd error;

    Vring(int index, Reclaimer reclaimer) {
        this.index = index;
        this.reclaimer = reclaimer;
    }

    int index() {
        return index;
    }

    void setSize(int size) throws Refusal {
        refuseWhileRunning("size");
        if (size <= 0 || size > SplitRing.MAX_SIZE || Integer.bitCount(size) != 1) {
            throw new Refusal("ring size " + (size & 0xffffffffL));
        }
        this.size = size;
    }

    void setBase(int base) throws Refusal {
        refuseWhileRunning("base");
        this.base = base & 0xffff;
    }

    int base() {
        return base;
    }

    /** Whether it begins anew after having served something, instead of going on: a reset. */
    boolean startsAfresh() {
        return base == 0 && stoppedAt != 0;
    }

    void setAddresses(long descriptors, long used, long avail) throws Refusal {
        boolean same =
                addressed && descriptors == descriptorsUva && used == usedUva && avail == availUva;
        if (!same) {
            refuseWhileRunning("addresses");
        }
        if (descriptors % 16 != 0 || avail % 2 != 0 || used % 4 != 0) {
            throw new Refusal("ring addresses are not aligned");
        }
        descriptorsUva = descriptors;
        usedUva = used;
        availUva = avail;
        addressed = true;
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
        NativeMemory descriptors = area(memory, descriptorsUva, SplitRing.descriptorsBytes(size));
        NativeMemory avail = area(memory, availUva, SplitRing.availBytes(size));
        NativeMemory used = area(memory, usedUva, SplitRing.usedBytes(size));
        boolean found = descriptors != null && avail != null && used != null;
        ring = found ? new SplitRing(size, descriptors, avail, used) : null;
        return found;
    }

    private static NativeMemory area(GuestMemory memory, long uva, int bytes) {
        GuestRegion region = memory.findUser(uva, bytes);
        return region == null ? null : region.view(uva - region.uva(), bytes);
    }

    /** The areas in guest memory; null while they are not mapped. */
    SplitRing ring() {
        return ring;
    }

    /** Takes a new kick descriptor, or none for a ring to be polled. */
    void setKick(EventFd next) {
        if (kick != null) {
            kick.close();
        }
        kick = next;
    }

    EventFd kick() {
        return kick;
    }

    /** Takes a new call descriptor, or none. */
    void setCall(EventFd next) {
        EventFd old = call;
        call = next;
        retire(old);
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

    /** Called by the serving thread when the driver broke the ring's rules. */
    void breakDown() {
        broken = true;
        EventFd descriptor = error;
        if (descriptor != null) {
            descriptor.signal();
        }
    }

    boolean isRunning() {
        return worker != null;
    }

    QueueWorker worker() {
        return worker;
    }

    void started(QueueWorker worker) {
        this.worker = worker;
    }

    /** Stops serving, after what was taken has been given back. */
    void stop() {
        if (worker != null) {
            base = worker.stop();
            stoppedAt = base;
            worker = null;
        }
        broken = false;
        setKick(null);
    }

    void close() {
        stop();
        setCall(null);
        setError(null);
    }
}
