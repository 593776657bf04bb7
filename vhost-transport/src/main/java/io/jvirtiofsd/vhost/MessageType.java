package io.jvirtiofsd.vhost;

/**
 * Every front-end message: its number, its payload, how many descriptors may come along, how it is
 * answered, and the protocol feature that it needs; or why it is not served.
 *
 * <p>Source: vhost-user.rst, "Front-end message types".
 */
enum MessageType {
    // spotless:off
    //                       id, payload,       fds, reply
    GET_FEATURES             (1,  0,            0, Reply.BODY),
    SET_FEATURES             (2,  8,            0, Reply.ACK),
    SET_OWNER                (3,  0,            0, Reply.ACK),
    RESET_OWNER              (4,  0,            0, Reply.ACK),
    SET_MEM_TABLE            (5,  Row.VARIABLE, Row.MEM_TABLE_FDS, Reply.ACK),
    SET_LOG_BASE             (6,  16,           1, Reply.STATUS, ProtocolFeature.LOG_SHMFD),
    SET_LOG_FD               (7,  0,            1, Reply.ACK, ProtocolFeature.LOG_SHMFD),
    SET_VRING_NUM            (8,  8,            0, Reply.ACK),
    SET_VRING_ADDR           (9,  40,           0, Reply.ACK),
    SET_VRING_BASE           (10, 8,            0, Reply.ACK),
    GET_VRING_BASE           (11, 8,            0, Reply.BODY),
    SET_VRING_KICK           (12, 8,            1, Reply.ACK),
    SET_VRING_CALL           (13, 8,            1, Reply.ACK),
    SET_VRING_ERR            (14, 8,            1, Reply.ACK),
    GET_PROTOCOL_FEATURES    (15, 0,            0, Reply.BODY),
    SET_PROTOCOL_FEATURES    (16, 8,            0, Reply.ACK),
    GET_QUEUE_NUM            (17, 0,            0, Reply.BODY, ProtocolFeature.MQ),
    SET_VRING_ENABLE         (18, 8,            0, Reply.ACK),
    SEND_RARP                (19, 8,            0, Reply.ACK, "RARP is not offered: for network devices"),
    NET_SET_MTU              (20, 8,            0, Reply.ACK, "MTU is not offered: for network devices"),
    SET_BACKEND_REQ_FD       (21, 0,            1, Reply.ACK, ProtocolFeature.BACKEND_REQ),
    IOTLB_MSG                (22, 32,           0, Reply.STATUS, "ACCESS_PLATFORM is not offered: no IOMMU"),
    SET_VRING_ENDIAN         (23, 8,            0, Reply.ACK, "CROSS_ENDIAN is not offered: for devices older than virtio 1"),
    GET_CONFIG               (24, Row.VARIABLE, 0, Reply.BODY, ProtocolFeature.CONFIG),
    SET_CONFIG               (25, Row.VARIABLE, 0, Reply.ACK, ProtocolFeature.CONFIG),
    CREATE_CRYPTO_SESSION    (26, Row.VARIABLE, 0, Reply.BODY, Row.NO_CRYPTO),
    CLOSE_CRYPTO_SESSION     (27, 8,            0, Reply.ACK, Row.NO_CRYPTO),
    POSTCOPY_ADVISE          (28, 0,            0, Reply.BODY, Row.NO_POSTCOPY),
    POSTCOPY_LISTEN          (29, 0,            0, Reply.ACK, Row.NO_POSTCOPY),
    POSTCOPY_END             (30, 0,            0, Reply.STATUS, Row.NO_POSTCOPY),
    GET_INFLIGHT_FD          (31, 24,           0, Reply.BODY, ProtocolFeature.INFLIGHT_SHMFD),
    SET_INFLIGHT_FD          (32, 24,           1, Reply.ACK, ProtocolFeature.INFLIGHT_SHMFD),
    GPU_SET_SOCKET           (33, 0,            1, Reply.ACK, "for graphics devices"),
    RESET_DEVICE             (34, 0,            0, Reply.ACK, ProtocolFeature.RESET_DEVICE),
    VRING_KICK               (35, 8,            0, Reply.ACK, Row.NO_INBAND),
    GET_MAX_MEM_SLOTS        (36, 0,            0, Reply.BODY, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    ADD_MEM_REG              (37, 40,           1, Reply.ACK, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    REM_MEM_REG              (38, 40,           1, Reply.ACK, ProtocolFeature.CONFIGURE_MEM_SLOTS),
    SET_STATUS               (39, 8,            0, Reply.ACK, ProtocolFeature.STATUS),
    GET_STATUS               (40, 0,            0, Reply.BODY, ProtocolFeature.STATUS),
    GET_SHARED_OBJECT        (41, 16,           0, Reply.BODY, Row.NO_SHARED_OBJECT),
    SET_DEVICE_STATE_FD      (42, 8,            1, Reply.STATUS, ProtocolFeature.DEVICE_STATE),
    CHECK_DEVICE_STATE       (43, 0,            0, Reply.STATUS, ProtocolFeature.DEVICE_STATE),
    GET_SHMEM_CONFIG         (44, 0,            0, Reply.BODY, ProtocolFeature.SHMEM),
    GET_VRING_BASE_SKIP_DRAIN(45, 8,            0, Reply.BODY, Row.NO_SKIP_DRAIN);
    // spotless:on

    /** What a front-end gets for a message, and how it learns that the message was refused. */
    enum Reply {
        /** A status, if it asks for one and REPLY_ACK was agreed on; else a refusal is the end. */
        ACK,
        /** A status in any case. */
        STATUS,
        /** A body of the message's own, which has no place for a refusal: that is the end. */
        BODY
    }

    private static final class Row {
        static final int VARIABLE = -1;
        static final int MEM_TABLE_FDS = 8; // VHOST_MEMORY_BASELINE_NREGIONS

        static final String NO_CRYPTO = "CRYPTO_SESSION is not offered: for crypto devices";
        static final String NO_POSTCOPY =
                "PAGEFAULT is not offered: CONFIGURE_MEM_SLOTS excludes it";
        static final String NO_SKIP_DRAIN =
                "SKIP_DRAIN is not offered: a stop waits for calls of the host only";
        static final String NO_INBAND = "INBAND_NOTIFICATIONS is not offered: for simulations";
        static final String NO_SHARED_OBJECT = "SHARED_OBJECT is not offered: for graphics devices";

        private Row() {}
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
    private final Reply reply;
    private final ProtocolFeature feature;
    private final String reason;

    MessageType(int id, int payloadBytes, int maxFds, Reply reply) {
        this(id, payloadBytes, maxFds, reply, null, null);
    }

    MessageType(int id, int payloadBytes, int maxFds, Reply reply, ProtocolFeature feature) {
        this(id, payloadBytes, maxFds, reply, feature, null);
    }

    MessageType(int id, int payloadBytes, int maxFds, Reply reply, String reason) {
        this(id, payloadBytes, maxFds, reply, null, reason);
    }

    MessageType(
            int id,
            int payloadBytes,
            int maxFds,
            Reply reply,
            ProtocolFeature feature,
            String reason) {
        this.id = id;
        this.payloadBytes = payloadBytes;
        this.maxFds = maxFds;
        this.reply = reply;
        this.feature = feature;
        this.reason = reason;
    }

    /** The type with number {@code id}, or null. */
    static MessageType byId(int id) {
        return id >= 0 && id < BY_ID.length ? BY_ID[id] : null;
    }

    int id() {
        return id;
    }

    /** Whether a payload of {@code bytes} bytes can be of this type. */
    boolean fits(int bytes) {
        return payloadBytes == Row.VARIABLE || payloadBytes == bytes;
    }

    /** The most descriptors that may come along. */
    int maxFds() {
        return maxFds;
    }

    Reply reply() {
        return reply;
    }

    /** What must have been negotiated, or null. */
    ProtocolFeature feature() {
        return feature;
    }

    /** Why this back-end refuses the message whatever was negotiated; null if it serves it. */
    String reason() {
        return reason;
    }
}
