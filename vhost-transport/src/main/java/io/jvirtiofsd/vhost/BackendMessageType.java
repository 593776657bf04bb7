package io.jvirtiofsd.vhost;

import java.util.List;

/**
 * Every back-end message: its number, its payload, how many descriptors go along, and the protocol
 * features that it needs; or why this back-end never sends it. All are sent with NEED_REPLY, and
 * answered with a status.
 *
 * <p>Source: vhost-user.rst, "Back-end message types".
 */
enum BackendMessageType {
    // spotless:off
    //                     id, payload, fds
    IOTLB_MSG              (1,  32, 0, "ACCESS_PLATFORM is not offered: no IOMMU"),
    CONFIG_CHANGE_MSG      (2,  0,  0, "the configuration never changes"),
    VRING_HOST_NOTIFIER_MSG(3,  24, 1, "HOST_NOTIFIER is not offered: no hardware"),
    VRING_CALL             (4,  8,  0, "INBAND_NOTIFICATIONS is not offered: for simulations"),
    VRING_ERR              (5,  8,  0, "INBAND_NOTIFICATIONS is not offered: for simulations"),
    SHARED_OBJECT_ADD      (6,  16, 0, "SHARED_OBJECT is not offered: for graphics devices"),
    SHARED_OBJECT_REMOVE   (7,  16, 0, "SHARED_OBJECT is not offered: for graphics devices"),
    SHARED_OBJECT_LOOKUP   (8,  16, 0, "SHARED_OBJECT is not offered: for graphics devices"),
    SHMEM_MAP              (9,  40, 1, ProtocolFeature.SHMEM, ProtocolFeature.BACKEND_SEND_FD),
    SHMEM_UNMAP            (10, 40, 0, ProtocolFeature.SHMEM);
    // spotless:on

    private final int id;
    private final int payloadBytes;
    private final int fds;
    private final List<ProtocolFeature> features;
    private final String reason;

    BackendMessageType(int id, int payloadBytes, int fds, ProtocolFeature... features) {
        this(id, payloadBytes, fds, List.of(features), null);
    }

    BackendMessageType(int id, int payloadBytes, int fds, String reason) {
        this(id, payloadBytes, fds, List.of(), reason);
    }

    BackendMessageType(
            int id, int payloadBytes, int fds, List<ProtocolFeature> features, String reason) {
        this.id = id;
        this.payloadBytes = payloadBytes;
        this.fds = fds;
        this.features = features;
        this.reason = reason;
    }

    int id() {
        return id;
    }

    int payloadBytes() {
        return payloadBytes;
    }

    /** How many descriptors go along. */
    int fds() {
        return fds;
    }

    /** What must have been negotiated, beside the channel itself. */
    List<ProtocolFeature> features() {
        return features;
    }

    /** Why it is never sent; null if it is. */
    String reason() {
        return reason;
    }
}
