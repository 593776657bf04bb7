package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.virtio.Virtqueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One front-end's connection from the first message to the last: the state machine of vhost-user.
 * Owned by the server; owns the rings, the memory table and the back-end channel.
 *
 * <p><i>Confined to the control thread.</i> Source: vhost-user.rst.
 */
final class VhostUserSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserSession.class);

    // spotless:off
    private static final long VIRTIO_F_INDIRECT_DESC = 1L << 28; // virtio 1.3, 6
    private static final long VIRTIO_F_EVENT_IDX     = 1L << 29; // virtio 1.3, 6
    private static final long VHOST_USER_F_PROTOCOL_FEATURES = 1L << 30; // vhost-user.rst
    private static final long VIRTIO_F_VERSION_1     = 1L << 32; // virtio 1.3, 6
    private static final int  STATUS_NEEDS_RESET     = 0x40; // virtio 1.3, 2.1
    private static final int  VRING_INDEX_MASK       = 0xff; // vhost-user.rst, "A vring descriptor"
    private static final int  VRING_NOFD             = 0x100; // vhost-user.rst, likewise
    private static final int  MAX_MEM_SLOTS          = 509; // what QEMU has for a machine
    // spotless:on

    private final Syscalls syscalls;
    private final VirtioDevice device;
    private final TransportOptions options;
    private final Reclaimer reclaimer;
    private final Endpoint endpoint;
    private final Vring[] vrings;
    private final WindowLink shared;
    private final MemoryRegions memory;
    private final WorkerPool pool;
    private final Set<ProtocolFeature> offered;

    private long features;
    private long protocolFeatures;
    private int knownVrings;
    private int status;
    private boolean ringMissed; // and said so

    /** For a connected {@code socket}, borrowed as long as the session runs. */
    VhostUserSession(
            Syscalls syscalls,
            int socket,
            VirtioDevice device,
            TransportOptions options,
            Reclaimer reclaimer) {
        this.syscalls = syscalls;
        this.device = device;
        this.options = options;
        this.reclaimer = reclaimer;
        this.endpoint = new Endpoint(syscalls, socket);
        this.shared = new WindowLink(syscalls, device.window());
        this.memory = new MemoryRegions(syscalls, reclaimer, device.window(), this::locateRings);
        this.vrings = new Vring[device.maxQueues()];
        for (int i = 0; i < vrings.length; i++) {
            vrings[i] = new Vring(i, reclaimer);
        }
        int poolSize = options.threadPoolSize();
        this.pool = poolSize == 0 ? null : new WorkerPool(poolSize, device, reclaimer);
        this.offered = EnumSet.allOf(ProtocolFeature.class);
        if (device.config(1).length == 0) {
            offered.remove(ProtocolFeature.CONFIG);
        }
        if (device.window().isEmpty()) {
            offered.remove(ProtocolFeature.SHMEM);
        }
    }

    /** Serves messages until the front-end closes the connection or breaks the protocol. */
    void run() {
        try {
            while (serveNext()) {
                // until the front-end closes the connection
            }
        } catch (SessionException e) {
            LOG.warn("session ends: {}", e.getMessage());
        } catch (RuntimeException | InternalError e) {
            LOG.error("session ends by a bug", e);
        }
    }

    private boolean serveNext() throws SessionException {
        try (Message message = endpoint.receive()) {
            if (message == null) {
                return false;
            }
            serve(message);
            return true;
        }
    }

    private void serve(Message message) throws SessionException {
        MessageType type = message.type();
        String line = options.trace() == null ? null : message.toString();
        try {
            check(message);
            boolean replied = dispatch(message);
            trace(line, replied ? "reply" : acknowledge(message, 0));
        } catch (Refusal e) {
            trace(line, "refused: " + e.getMessage());
            if (e.isExpected()) {
                acknowledge(message, 1);
                return;
            }
            if (!wantsAck(message)) {
                throw new SessionException(type + ": " + e.getMessage());
            }
            LOG.warn("{} is refused: {}", type, e.getMessage());
            acknowledge(message, 1);
        }
    }

    private void trace(String message, String answer) {
        Consumer<String> trace = options.trace();
        if (trace != null) {
            trace.accept("vhost " + message + " -> " + answer);
        }
    }

    private static void check(Message message) throws Refusal {
        MessageType type = message.type();
        if (!type.isServed()) {
            throw new Refusal("not offered");
        }
        if (!type.fits(message.size())) {
            throw new Refusal("payload of " + message.size() + " bytes");
        }
        if (message.fdCount() > type.maxFds()) {
            throw new Refusal(message.fdCount() + " descriptors");
        }
    }

    private boolean negotiated(ProtocolFeature feature) {
        return (protocolFeatures & feature.mask()) != 0;
    }

    private boolean wantsAck(Message message) {
        return message.needsReply() && negotiated(ProtocolFeature.REPLY_ACK);
    }

    private String acknowledge(Message message, long value) throws SessionException {
        if (!wantsAck(message)) {
            return "done";
        }
        endpoint.reply(message.type(), value);
        return "ack " + value;
    }

    /** Serves one message; returns whether it was answered with a body of its own. */
    private boolean dispatch(Message message) throws Refusal, SessionException {
        MessageType type = message.type();
        if (type.feature() != null && !negotiated(type.feature())) {
            throw new Refusal(type.feature() + " was not negotiated");
        }
        switch (type) {
            case GET_FEATURES -> endpoint.reply(type, offeredFeatures());
            case GET_PROTOCOL_FEATURES -> endpoint.reply(type, ProtocolFeature.mask(offered));
            case GET_QUEUE_NUM -> endpoint.reply(type, vrings.length);
            case GET_MAX_MEM_SLOTS -> endpoint.reply(type, MAX_MEM_SLOTS);
            case GET_STATUS -> endpoint.reply(type, currentStatus());
            case GET_CONFIG ->
                    endpoint.reply(type, ConfigSpace.reply(message, device.config(knownVrings)));
            case GET_SHMEM_CONFIG -> endpoint.reply(type, shared.config());
            case GET_VRING_BASE -> endpoint.reply(type, stopRing(message));
            default -> {
                change(message);
                return false;
            }
        }
        return true;
    }

    private void change(Message message) throws Refusal {
        switch (message.type()) {
            case SET_FEATURES -> setFeatures(message.u64(0));
            case SET_PROTOCOL_FEATURES -> setProtocolFeatures(message.u64(0));
            case SET_OWNER, RESET_OWNER -> {
                // A session has one owner, and RESET_OWNER is deprecated and not to be used.
            }
            case SET_MEM_TABLE -> memory.replace(message);
            case ADD_MEM_REG -> memory.add(message);
            case REM_MEM_REG -> memory.remove(message);
            case SET_VRING_NUM -> vring(message.u32(0)).setSize(message.u32(4));
            case SET_VRING_BASE -> vring(message.u32(0)).setBase(message.u32(4));
            case SET_VRING_ADDR -> setAddresses(message);
            case SET_VRING_KICK -> setKick(message);
            case SET_VRING_CALL -> vringOfFd(message).setCall(eventFd(message));
            case SET_VRING_ERR -> vringOfFd(message).setError(eventFd(message));
            case SET_VRING_ENABLE -> setEnabled(message);
            case SET_BACKEND_REQ_FD -> setBackendChannel(message);
            case SET_CONFIG -> throw new Refusal("the configuration is read-only");
            case RESET_DEVICE -> resetDevice();
            case SET_STATUS -> setStatus((int) message.u64(0));
            default -> throw new Refusal("not offered");
        }
    }

    private long offeredFeatures() {
        return VIRTIO_F_VERSION_1
                | VIRTIO_F_EVENT_IDX
                | VIRTIO_F_INDIRECT_DESC
                | VHOST_USER_F_PROTOCOL_FEATURES
                | device.deviceFeatures();
    }

    private void setFeatures(long wanted) throws Refusal {
        if ((wanted & ~offeredFeatures()) != 0) {
            throw new Refusal("features 0x%x were not offered".formatted(wanted));
        }
        features = wanted;
        if ((wanted & VHOST_USER_F_PROTOCOL_FEATURES) == 0) {
            for (Vring vring : vrings) {
                vring.setEnabled(true);
            }
        }
    }

    private void setProtocolFeatures(long wanted) throws Refusal {
        if ((wanted & ~ProtocolFeature.mask(offered)) != 0) {
            throw new Refusal("protocol features 0x%x were not offered".formatted(wanted));
        }
        protocolFeatures = wanted;
    }

    private Vring vring(int index) throws Refusal {
        if (index < 0 || index >= vrings.length) {
            throw new Refusal("ring " + (index & 0xffffffffL) + " of " + vrings.length);
        }
        knownVrings = Math.max(knownVrings, index + 1);
        return vrings[index];
    }

    /** The ring of a message whose payload is an index and a flag for "no descriptor". */
    private Vring vringOfFd(Message message) throws Refusal {
        boolean expected = (message.u64(0) & VRING_NOFD) == 0;
        if (expected != (message.fdCount() == 1)) {
            throw new Refusal(message.fdCount() + " descriptors");
        }
        return vring((int) message.u64(0) & VRING_INDEX_MASK);
    }

    private EventFd eventFd(Message message) {
        return message.fdCount() == 0 ? null : EventFd.adopt(syscalls, message.takeFd());
    }

    private void setAddresses(Message message) throws Refusal {
        if (message.u32(4) != 0) {
            throw new Refusal("ring flags 0x%x: logging was not offered".formatted(message.u32(4)));
        }
        Vring vring = vring(message.u32(0));
        vring.setAddresses(message.u64(8), message.u64(16), message.u64(24));
    }

    /** Starts a ring that is stopped; gives a running one another descriptor. */
    private void setKick(Message message) throws Refusal {
        Vring vring = vringOfFd(message);
        EventFd kick = eventFd(message);
        boolean taken = false;
        try {
            if (vring.isRunning()) {
                vring.replaceKick(kick);
            } else {
                start(vring, kick);
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

    private void start(Vring vring, EventFd kick) throws Refusal, LinuxException {
        if (!vring.locate(memory.current())) {
            throw new Refusal("ring " + vring.index() + " is not in the guest's memory");
        }
        if (vring.startsAfresh()) {
            shared.restarted();
        }
        Virtqueue queue =
                new Virtqueue(
                        vring.base(),
                        (features & VIRTIO_F_EVENT_IDX) != 0,
                        (features & VIRTIO_F_INDIRECT_DESC) != 0);
        QueueWorker worker =
                new QueueWorker(
                        syscalls,
                        vring,
                        device.newHandler(vring.index()),
                        queue,
                        reclaimer,
                        vring.index() == 0 ? null : pool);
        vring.start(worker, kick);
    }

    private byte[] stopRing(Message message) throws Refusal {
        Vring vring = vring(message.u32(0));
        shared.suspend(); // the ring may be waiting for an answer to one
        vring.stop();
        return ByteBuffer.allocate(8)
                .order(ByteOrder.nativeOrder())
                .putInt(vring.index())
                .putInt(vring.base())
                .array();
    }

    private void setEnabled(Message message) throws Refusal {
        int enabled = message.u32(4);
        if (enabled != 0 && enabled != 1) {
            throw new Refusal("enables with value " + enabled);
        }
        Vring vring = vring(message.u32(0));
        if (enabled == 0) {
            shared.suspend();
        } else {
            shared.resume();
        }
        vring.setEnabled(enabled == 1);
    }

    private void setBackendChannel(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal("no descriptor");
        }
        shared.use(
                message.takeFd(),
                negotiated(ProtocolFeature.SHMEM) && negotiated(ProtocolFeature.BACKEND_SEND_FD));
    }

    private int currentStatus() {
        for (Vring vring : vrings) {
            if (vring.isBroken()) {
                return status | STATUS_NEEDS_RESET;
            }
        }
        return status;
    }

    private void setStatus(int next) {
        status = next & 0xff;
        if (status == 0) {
            resetDevice();
        }
    }

    private void resetDevice() {
        shared.suspend();
        shared.restarted();
        for (Vring vring : vrings) {
            vring.stop();
            vring.setEnabled(false);
        }
        status = 0;
        device.reset();
    }

    /** The memory table has changed: finds the areas of all rings in the new one. */
    private void locateRings() {
        for (Vring vring : vrings) {
            if (vring.isRunning() && !vring.locate(memory.current()) && !ringMissed) {
                LOG.warn("the memory of running ring {} is taken away: it waits", vring.index());
                ringMissed = true;
            }
        }
    }

    @Override
    public void close() {
        shared.close();
        for (Vring vring : vrings) {
            vring.close();
        }
        if (pool != null) {
            pool.close();
        }
        memory.close();
        device.disconnected();
    }
}
