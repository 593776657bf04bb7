package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.RunDelay;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestMemoryException;
import io.jvirtiofsd.virtio.Virtqueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.Semaphore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All rings of a session, and the messages that configure, start and stop them. Owned by the
 * session; owns the rings and the threads that serve them.
 *
 * <p>Before a ring stops, the link to the window is suspended: its thread may be waiting there for
 * an answer that the front-end does not give while it waits for the ring.
 *
 * <p><i>Confined to the control thread.</i> Source: vhost-user.rst, "Ring states".
 */
final class Vrings implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Vrings.class);

    // spotless:off
    static final long VIRTIO_F_INDIRECT_DESC = 1L << 28; // virtio 1.3, 6
    static final long VIRTIO_F_EVENT_IDX     = 1L << 29; // virtio 1.3, 6
    private static final int VHOST_VRING_F_LOG = 1;      // vhost-user.rst, "A vring address description"
    static final long VIRTIO_F_RING_PACKED   = 1L << 34; // virtio 1.3, 6
    private static final int INDEX_MASK      = 0xff;     // vhost-user.rst, "A vring descriptor"
    private static final int NO_FD           = 0x100;    // vhost-user.rst, likewise
    // spotless:on

    private final Syscalls syscalls;
    private final VirtioDevice device;
    private final WindowLink window;
    private final Reclaimer reclaimer;
    private final WorkerPool pool; // null for none
    private final int pollMicros;

    /** How many rings may be looked at at a time that are empty. */
    private final Semaphore processors =
            new Semaphore(Runtime.getRuntime().availableProcessors() / 2);

    private final Vring[] vrings;
    private int known;
    private InflightRegions inflight; // null for none
    private DirtyLog log; // null for none
    private EventFd logEvent; // null for none
    private boolean logsBuffers;
    private boolean packed; // VIRTIO_F_RING_PACKED was agreed on
    private boolean missed; // a running ring's memory, which is said once

    /** Rings for all queues of {@code device}; {@code window} is borrowed. */
    Vrings(
            Syscalls syscalls,
            VirtioDevice device,
            WindowLink window,
            Reclaimer reclaimer,
            TransportOptions options) {
        this.syscalls = syscalls;
        this.device = device;
        this.window = window;
        this.reclaimer = reclaimer;
        this.pool =
                switch (options.threadPoolSize()) {
                    case 0 -> null;
                    case TransportOptions.AUTO_POOL -> WorkerPool.onDemand(device, reclaimer);
                    default -> WorkerPool.of(options.threadPoolSize(), device, reclaimer);
                };
        this.pollMicros = options.pollMicros();
        this.vrings = new Vring[device.maxQueues()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring(i, reclaimer);
        }
    }

    /** How many there can be. */
    int count() {
        return vrings.length;
    }

    /** How many the front-end has spoken of so far, from the first to the last of these. */
    int known() {
        return known;
    }

    private Vring at(int index) throws Refusal {
        if (index < 0 || index >= vrings.length) {
            throw new Refusal("ring " + (index & 0xffffffffL) + " of " + vrings.length);
        }
        known = Math.max(known, index + 1);
        return vrings[index];
    }

    /** The ring of a message whose payload is an index and a flag for "no descriptor". */
    private Vring ofFd(Message message) throws Refusal {
        boolean expected = (message.u64(0) & NO_FD) == 0;
        if (expected != (message.fdCount() == 1)) {
            throw new Refusal(message.fdCount() + " descriptors");
        }
        return at((int) message.u64(0) & INDEX_MASK);
    }

    private EventFd eventFd(Message message) {
        return message.fdCount() == 0 ? null : EventFd.adopt(syscalls, message.takeFd());
    }

    /**
     * SET_FEATURES: the virtio features that were agreed on, by which all else is understood.
     *
     * @throws Refusal for another format of a ring that runs
     */
    void setFeatures(long features) throws Refusal {
        boolean wanted = (features & VIRTIO_F_RING_PACKED) != 0;
        if (wanted == packed) {
            return;
        }
        if (isAnyRunning()) {
            throw new Refusal("another format of a running ring");
        }
        packed = wanted;
        for (Vring vring : vrings) {
            vring.setPacked(wanted);
        }
    }

    /** SET_VRING_NUM. */
    void setSize(Message message) throws Refusal {
        at(message.u32(0)).setSize(message.u32(4));
    }

    /** SET_VRING_BASE. */
    void setBase(Message message) throws Refusal {
        at(message.u32(0)).setBase(message.u32(4));
    }

    /** SET_VRING_ADDR. */
    void setAddresses(Message message) throws Refusal {
        int flags = message.u32(4);
        if ((flags & ~VHOST_VRING_F_LOG) != 0 || flags != 0 && device.state().isEmpty()) {
            throw new Refusal("ring flags 0x%x were not offered".formatted(flags));
        }
        Vring vring = at(message.u32(0));
        vring.setAddresses(message.u64(8), message.u64(16), message.u64(24));
        vring.logUsed(flags == 0 ? WriteLog.NOT_USED : message.u64(32));
        if (log != null) {
            vring.checkLog(log);
        }
        vring.useLog(log, logEvent, logsBuffers);
    }

    /** SET_LOG_BASE: the bitmap of written pages, in the place of the one before. */
    void setLog(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal("a log with " + message.fdCount() + " descriptors");
        }
        DirtyLog next;
        try {
            next = DirtyLog.map(syscalls, message.takeFd(), message.u64(0), message.u64(8));
        } catch (GuestMemoryException e) {
            throw new Refusal(e.getMessage(), e);
        }
        DirtyLog old = log;
        log = next;
        useLog();
        retire(old);
        for (Vring vring : vrings) {
            vring.checkLog(next);
        }
    }

    /** SET_LOG_FD: what is signalled when pages have been marked. */
    void setLogEvent(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal(message.fdCount() + " descriptors");
        }
        EventFd old = logEvent;
        logEvent = EventFd.adopt(syscalls, message.takeFd());
        useLog();
        retire(old);
    }

    /** Whether what is written to buffers is marked in the log from now on. */
    void logBuffers(boolean on) {
        logsBuffers = on;
        useLog();
    }

    private void useLog() {
        for (Vring vring : vrings) {
            vring.useLog(log, logEvent, logsBuffers);
        }
    }

    private void retire(Resource old) {
        if (old != null) {
            reclaimer.retire(old);
        }
    }

    /** GET_INFLIGHT_FD: makes what the front-end is to keep. */
    InflightRegions.Offer makeInflight(Message message) throws Refusal {
        return InflightRegions.make(syscalls, message, vrings.length, packed);
    }

    /**
     * SET_INFLIGHT_FD: where rings that start from now on record what is in flight.
     *
     * @throws Refusal while one runs, or if it cannot be what we have made
     */
    void setInflight(Message message) throws Refusal {
        if (isAnyRunning()) {
            throw new Refusal("another record of requests in flight of a running ring");
        }
        InflightRegions next = InflightRegions.map(syscalls, message, vrings.length, packed);
        closeInflight();
        inflight = next;
    }

    private void closeInflight() {
        if (inflight != null) {
            inflight.close();
            inflight = null;
        }
    }

    /** SET_VRING_CALL. */
    void setCall(Message message) throws Refusal {
        ofFd(message).setCall(eventFd(message));
    }

    /** SET_VRING_ERR. */
    void setError(Message message) throws Refusal {
        ofFd(message).setError(eventFd(message));
    }

    /**
     * SET_VRING_KICK: starts a ring that is stopped; gives a running one another descriptor.
     *
     * @param memory where the ring is
     * @param features the virtio features that were agreed on
     */
    void setKick(Message message, GuestMemory memory, long features) throws Refusal {
        Vring vring = ofFd(message);
        EventFd kick = eventFd(message);
        boolean taken = false;
        try {
            if (vring.isRunning()) {
                vring.replaceKick(kick);
            } else {
                start(vring, kick, memory, features);
            }
            taken = true;
        } catch (LinuxException e) {
            throw new Refusal("cannot use the kick descriptor: " + e.getMessage(), e);
        } finally {
            if (!taken && kick != null) {
                kick.close();
            }
        }
    }

    private void start(Vring vring, EventFd kick, GuestMemory memory, long features)
            throws Refusal, LinuxException {
        if (!vring.locate(memory)) {
            throw new Refusal("ring " + vring.index() + " is not in the guest's memory");
        }
        Virtqueue queue =
                vring.newQueue(
                        (features & VIRTIO_F_EVENT_IDX) != 0,
                        (features & VIRTIO_F_INDIRECT_DESC) != 0,
                        inflight);
        if (vring.startsAfresh()) {
            window.restarted();
            forget(vring);
        }
        QueueWorker worker =
                new QueueWorker(
                        syscalls,
                        vring,
                        device.newHandler(vring.index()),
                        queue,
                        reclaimer,
                        vring.isHiprio() ? null : pool,
                        vring.isHiprio() || pollMicros == 0
                                ? null
                                : new Polling(
                                        pollMicros,
                                        processors,
                                        () -> RunDelay.nanos(syscalls),
                                        System.nanoTime()));
        vring.start(worker, kick);
    }

    /** What was recorded of a ring that begins anew is void. */
    private void forget(Vring vring) {
        if (inflight != null) {
            inflight.forget(vring.index());
        }
    }

    /** GET_VRING_BASE: stops a ring and tells where it is to go on; the reply. */
    byte[] stop(Message message) throws Refusal {
        Vring vring = at(message.u32(0));
        window.suspend();
        vring.stop();
        return ByteBuffer.allocate(8)
                .order(ByteOrder.nativeOrder())
                .putInt(vring.index())
                .putInt(vring.base())
                .array();
    }

    /** SET_VRING_ENABLE. */
    void setEnabled(Message message) throws Refusal {
        int enabled = message.u32(4);
        if (enabled != 0 && enabled != 1) {
            throw new Refusal("enables with value " + enabled);
        }
        Vring vring = at(message.u32(0));
        if (enabled == 0) {
            window.suspend();
        } else {
            window.resume();
        }
        vring.setEnabled(enabled == 1);
    }

    /** Enables all rings, for a front-end that does not know SET_VRING_ENABLE. */
    void enableAll() {
        for (Vring vring : vrings) {
            vring.setEnabled(true);
        }
    }

    /** The device is reset: stops and disables all rings. */
    void reset() {
        window.suspend();
        window.restarted();
        for (Vring vring : vrings) {
            vring.stop();
            vring.setEnabled(false);
            forget(vring);
        }
    }

    /** The memory table has changed: finds the areas of all running rings in {@code memory}. */
    void locate(GuestMemory memory) {
        for (Vring vring : vrings) {
            if (vring.isRunning() && !vring.locate(memory) && !missed) {
                LOG.warn("the memory of running ring {} is taken away: it waits", vring.index());
                missed = true;
            }
        }
    }

    /** Whether any has been started and not stopped. */
    boolean isAnyRunning() {
        for (Vring vring : vrings) {
            if (vring.isRunning()) {
                return true;
            }
        }
        return false;
    }

    /** Whether the driver, or a fault of ours, has broken any. */
    boolean isAnyBroken() {
        for (Vring vring : vrings) {
            if (vring.isBroken()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public void close() {
        for (Vring vring : vrings) {
            vring.close();
        }
        closeInflight();
        retire(log);
        retire(logEvent);
        if (pool != null) {
            pool.close();
        }
    }
}
