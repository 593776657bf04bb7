package io.jvirtiofsd.vhost;

/**
 * Every front-end message with its number, payload size, descriptors and the feature it needs.
 *
 * <p>Source: vhost-user.rst, "Front-end message types".
 */
enum MessageType {
    // spotless:off
    //                      id, payload,        fds, feature
    GET_FEATURES            (1, 0,               0),
    SET_FEATURES            (2, 8,               0),
    SET_OWNER               (3, 0,               0),
    RESET_OWNER             (4, 0,               0),
    SET_MEM_TABLE           (5, Size.VARIABLE,   Size.MEM_TABLE_FDS),
    SET_LOG_BASE            (6, 16,              1, ProtocolFeature.LOG_SHMFD),
    SET_LOG_FD              (7, 0,               1, ProtocolFeature.LOG_SHMFD),
    SET_VRING_NUM           (8, 8,               0),
    SET_VRING_ADDR          (9, 40,              0),
    SET_VRING_BASE          (10, 8,              0),
    GET_VRING_BASE          (11, 8,              0),
    SET_VRING_KICK          (12, 8,              1),
    SET_VRING_CALL          (13, 8,              1),
    SET_VRING_ERR           (14, 8,              1),
    GET_PROTOCOL_FEATURES   (15, 0,              0),
    SET_PROTOCOL_FEATURES   (16, 8,              0),
    GET_QUEUE_NUM           (17, 0,              0, ProtocolFeature.MQ),
    SET_VRING_ENABLE        (18, 8,              0),
    SEND_RARP               (19, Size.NOT_SERVED, 0),
    NET_SET_MTU             (20, Size.NOT_SERVED, 0),
    SET_BACKEND_REQ_FD      (21, 0,              1, ProtocolFeature.BACKEND_REQ),
    IOTLB_MSG               (22, Size.NOT_SERVED, 0),
    SET_VRING_ENDIAN        (23, Size.NOT_SERVED, 0),
    GET_CONFIG              (24, Size.VARIABLE,  0, ProtocolFeature.CONFIG),
    SET_CONFIG              (25, Size.VARIABLE,  0, ProtocolFeature.CONFIG),
    CREATE_CRYPTO_SESSION   (26, Size.NOT_SERVED, 0),
    CLOSE_CRYPTO_SESSION    (27, Size.NOT_SERVED, 0),
    POSTCOPY_ADVISE         (28, Size.NOT_SERVED, 0),
    POSTCOPY_LISTEN         (29, Size.NOT_SERVED, 0),
    POSTCOPY_END            (30, Size.NOT_SERVED, 0),
    GET_INFLIGHT_FD         (31, Size.NOT_SERVED, 0),
    SET_INFLIGHT_FD         (32, Size.NOT_SERVED, 1),
    GPU_SET_SOCKET          (33, Size.NOT_SERVED, 1),
    RESET_DEVICE            (34, 0,              0, ProtocolFeature.RESET_DEVICE),
    VRING_KICK              (35, Size.NOT_SERVED, 0),
    GET_MAX_MEM_SLOTS       (36, 0,              0, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    ADD_MEM_REG             (37, 40,             1, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    REM_MEM_REG             (38, 40,             1, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    SET_STATUS              (39, 8,              0, ProtocolFeature.STATUS),
    GET_STATUS              (40, 0,              0, ProtocolFeature.STATUS),
    GET_SHARED_OBJECT       (41, Size.NOT_SERVED, 0),
    SET_DEVICE_STATE_FD     (42, Size.NOT_SERVED, 1),
    CHECK_DEVICE_STATE      (43, Size.NOT_SERVED, 0),
    GET_SHMEM_CONFIG        (44, 0,              0, ProtocolFeature.SHMEM),
    GET_VRING_BASE_SKIP_DRAIN(45, Size.NOT_SERVED, 0);
    // spotless:on

    private static final class Size {
        static final int VARIABLE = -1;
        static final int NOT_SERVED = -2;
        static final int MEM_TABLE_FDS = 8; // VHOST_MEMORY_BASELINE_NREGIONS

        private Size() {}
    }

    private static final MessageType[] BY_ID = new MessageType[64];

    static {
        for (MessageType type : values()) {
            BY_ID[type.id] = type;
        }
    }

    private final int id;
    private final int payloadBytes;
    private final int maxFds;
    private final ProtocolFeature feature;

    MessageType(int id, int payloadBytes, int maxFds) {
        this(id, payloadBytes, maxFds, null);
    }

    MessageType(int id, int payloadBytes, int maxFds, ProtocolFeature feature) {
        this.id = id;
        this.payloadBytes = payloadBytes;
        this.maxFds = maxFds;
        this.feature = feature;
    }

    /** The type with number {@code id}, or null. */
    static MessageType byId(int id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
    }

    int id() {
        return id;
    }

    /** Whether this back-end handles the message at all. */
    boolean isServed() {
        return payloadBytes != Size.NOT_SERVED;
    }

    /** Whether a payload of {@code bytes} bytes can be of this type. */
    boolean fits(int bytes) {
        return payloadBytes == Size.VARIABLE || payloadBytes == bytes;
    }

    /** The most descriptors that may come along. */
    int maxFds() {
        return maxFds;
    }

    /** What must have been negotiated, or null. */
    ProtocolFeature feature() {
        return feature;
    }
}
