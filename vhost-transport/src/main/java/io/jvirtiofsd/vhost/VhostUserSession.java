package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One front-end's connection from the first message to the last: what was negotiated, which
 * messages are served when, and what answer they get. Owned by the server; owns the rings, the
 * memory table and the link to the window, to which the messages about them go.
 *
 * <p><i>Confined to the control thread.</i> Source: vhost-user.rst.
 */
final class VhostUserSession implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserSession.class);

    // spotless:off
    private static final long VHOST_USER_F_PROTOCOL_FEATURES = 1L << 30; // vhost-user.rst
    private static final long VHOST_F_LOG_ALL        = 1L << 26; // vhost-user.rst, "Migration"
    private static final long VIRTIO_F_VERSION_1     = 1L << 32; // virtio 1.3, 6
    private static final int  STATUS_NEEDS_RESET     = 0x40; // virtio 1.3, 2.1
    private static final long REFUSED                = 1;    // vhost-user.rst, REPLY_ACK
    private static final long NO_FD                  = 0x100; // vhost-user.rst, SET_DEVICE_STATE_FD
    private static final int  MAX_MEM_SLOTS          = 509; // what QEMU has for a machine
    // spotless:on

    private final VirtioDevice device;
    private final TransportOptions options;
    private final Endpoint endpoint;
    private final WindowLink window;
    private final Vrings vrings;
    private final MemoryRegions memory;
    private final Migration migration;
    private final Set<ProtocolFeature> offered;

    private long features;
    private long protocolFeatures;
    private int status;

    /** For a connected {@code socket}, borrowed as long as the session runs. */
    VhostUserSession(
            Syscalls syscalls,
            int socket,
            VirtioDevice device,
            TransportOptions options,
            Reclaimer reclaimer) {
        this.device = device;
        this.options = options;
        this.endpoint = new Endpoint(syscalls, socket);
        this.window = new WindowLink(syscalls, device.window());
        this.vrings = new Vrings(syscalls, device, window, reclaimer, options);
        this.memory = new MemoryRegions(syscalls, reclaimer, device.window(), vrings::locate);
        this.migration = new Migration(syscalls, socket, device);
        this.offered = EnumSet.allOf(ProtocolFeature.class);
        if (device.config(1).length == 0) {
            offered.remove(ProtocolFeature.CONFIG);
        }
        if (device.window().isEmpty()) {
            offered.remove(ProtocolFeature.SHMEM);
        }
        if (device.state().isEmpty()) {
            offered.remove(ProtocolFeature.LOG_SHMFD);
            offered.remove(ProtocolFeature.DEVICE_STATE);
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

    /**
     * Serves one message; false when the front-end has closed the connection.
     *
     * @throws SessionException if it breaks the protocol, so that the session must end
     */
    boolean serveNext() throws SessionException {
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
        if (type == null) {
            trace(line, "refused: unknown");
            refuseUnknown(message);
            return;
        }
        try {
            check(message);
            dispatch(message);
            trace(line, type.reply() == MessageType.Reply.ACK ? acknowledge(message, 0) : "reply");
        } catch (Refusal e) {
            trace(line, "refused: " + e.getMessage());
            refuse(message, e);
        }
    }

    /** Who cannot be told takes silence for success and would go on: so the session ends. */
    private void refuse(Message message, Refusal refusal) throws SessionException {
        MessageType type = message.type();
        if (refusal.isExpected()) {
            acknowledge(message, REFUSED);
            return;
        }
        boolean toldByAck = type.reply() == MessageType.Reply.ACK && wantsAck(message);
        if (!toldByAck && type.reply() != MessageType.Reply.STATUS) {
            throw new SessionException(type + ": " + refusal.getMessage());
        }
        LOG.warn("{} is refused: {}", type, refusal.getMessage());
        endpoint.reply(type, toldByAck ? REFUSED : REFUSED | NO_FD);
    }

    /** One of a later specification: a front-end that hears of it can do without. */
    private void refuseUnknown(Message message) throws SessionException {
        if (!wantsAck(message)) {
            throw new SessionException("unknown message " + message.id());
        }
        LOG.warn("message {} is refused: it is not known", message.id());
        endpoint.reply(message.id(), REFUSED);
    }

    private void trace(String message, String answer) {
        Consumer<String> trace = options.trace();
        if (trace != null) {
            trace.accept("vhost " + message + " -> " + answer);
        }
    }

    private static void check(Message message) throws Refusal {
        MessageType type = message.type();
        if (type.reason() != null) {
            throw new Refusal(type.reason());
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

    /** Serves one message, and answers it if its answer is a body of its own. */
    private void dispatch(Message message) throws Refusal, SessionException {
        MessageType type = message.type();
        if (type.feature() != null && !negotiated(type.feature())) {
            throw new Refusal(type.feature() + " was not negotiated");
        }
        switch (type) {
            case GET_FEATURES -> endpoint.reply(type, offeredFeatures());
            case GET_PROTOCOL_FEATURES -> endpoint.reply(type, ProtocolFeature.mask(offered));
            case GET_QUEUE_NUM -> endpoint.reply(type, vrings.count());
            case GET_MAX_MEM_SLOTS -> endpoint.reply(type, MAX_MEM_SLOTS);
            case GET_STATUS -> endpoint.reply(type, currentStatus());
            case GET_CONFIG ->
                    endpoint.reply(type, ConfigSpace.reply(message, device.config(vrings.known())));
            case GET_SHMEM_CONFIG -> endpoint.reply(type, window.config());
            case GET_VRING_BASE -> endpoint.reply(type, vrings.stop(message));
            case GET_INFLIGHT_FD -> offerInflight(message);
            case SET_LOG_BASE -> {
                vrings.setLog(message);
                endpoint.reply(type, 0);
            }
            case SET_DEVICE_STATE_FD -> {
                migration.begin(message, !vrings.isAnyRunning());
                endpoint.reply(type, NO_FD);
            }
            case CHECK_DEVICE_STATE -> endpoint.reply(type, migration.check() ? 0 : REFUSED);
            default -> change(message);
        }
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
            case SET_VRING_NUM -> vrings.setSize(message);
            case SET_VRING_BASE -> vrings.setBase(message);
            case SET_VRING_ADDR -> vrings.setAddresses(message);
            case SET_VRING_KICK -> {
                migration.ringStarts();
                vrings.setKick(message, memory.current(), features);
            }
            case SET_VRING_CALL -> vrings.setCall(message);
            case SET_VRING_ERR -> vrings.setError(message);
            case SET_LOG_FD -> vrings.setLogEvent(message);
            case SET_VRING_ENABLE -> vrings.setEnabled(message);
            case SET_INFLIGHT_FD -> vrings.setInflight(message);
            case SET_BACKEND_REQ_FD -> setBackendChannel(message);
            case SET_CONFIG -> ConfigSpace.write(message, device.config(vrings.known()));
            case RESET_DEVICE -> resetDevice();
            case SET_STATUS -> setStatus((int) message.u64(0));
            default -> throw new IllegalStateException(message.type() + " has no case");
        }
    }

    private long offeredFeatures() {
        return VIRTIO_F_VERSION_1
                | Vrings.VIRTIO_F_RING_PACKED
                | Vrings.VIRTIO_F_EVENT_IDX
                | Vrings.VIRTIO_F_INDIRECT_DESC
                | VHOST_USER_F_PROTOCOL_FEATURES
                | (device.state().isPresent() ? VHOST_F_LOG_ALL : 0)
                | device.deviceFeatures();
    }

    private void setFeatures(long wanted) throws Refusal {
        if ((wanted & ~offeredFeatures()) != 0) {
            throw new Refusal("features 0x%x were not offered".formatted(wanted));
        }
        vrings.setFeatures(wanted);
        features = wanted;
        vrings.logBuffers((wanted & VHOST_F_LOG_ALL) != 0);
        if ((wanted & VHOST_USER_F_PROTOCOL_FEATURES) == 0) {
            // Without this feature there is no SET_VRING_ENABLE, and rings begin enabled.
            vrings.enableAll();
        }
    }

    private void setProtocolFeatures(long wanted) throws Refusal {
        if ((wanted & ~ProtocolFeature.mask(offered)) != 0) {
            throw new Refusal("protocol features 0x%x were not offered".formatted(wanted));
        }
        protocolFeatures = wanted;
    }

    private void setBackendChannel(Message message) throws Refusal {
        if (message.fdCount() != 1) {
            throw new Refusal("no descriptor");
        }
        window.use(
                message.takeFd(),
                BackendMessageType.SHMEM_MAP.features().stream().allMatch(this::negotiated));
    }

    private void offerInflight(Message message) throws Refusal, SessionException {
        try (InflightRegions.Offer offer = vrings.makeInflight(message)) {
            if (offer.fd() == null) {
                endpoint.reply(message.type(), offer.payload());
            } else {
                endpoint.reply(message.type(), offer.payload(), offer.fd().number());
            }
        }
    }

    private int currentStatus() {
        return vrings.isAnyBroken() ? status | STATUS_NEEDS_RESET : status;
    }

    private void setStatus(int next) {
        status = next & 0xff;
        // A driver resets the device by writing 0.
        if (status == 0) {
            resetDevice();
        }
    }

    private void resetDevice() {
        migration.reset();
        vrings.reset();
        status = 0;
        device.reset();
    }

    @Override
    public void close() {
        // First: a queue thread may be waiting there, and closing the rings waits for it.
        window.close();
        migration.close();
        vrings.close();
        memory.close();
        device.reset();
    }
}
