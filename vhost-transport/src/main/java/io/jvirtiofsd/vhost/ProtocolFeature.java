package io.jvirtiofsd.vhost;

import java.util.Set;

/**
 * Protocol features this back-end knows, by bit number. Only what is offered is used: QEMU
 * acknowledges every bit it has a name for.
 *
 * <p>Source: vhost-user.rst, "Protocol features".
 */
enum ProtocolFeature {
    // spotless:off
    MQ                 (0),
    LOG_SHMFD          (1),
    REPLY_ACK          (3),
    BACKEND_REQ        (5),
    CONFIG             (9),
    BACKEND_SEND_FD    (10),
    INFLIGHT_SHMFD     (12),
    RESET_DEVICE       (13),
    CONFIGURE_MEM_SLOTS(15),
    STATUS             (16),
    DEVICE_STATE       (19),
    SHMEM              (22);
    // spotless:on

    private final int bit;

    ProtocolFeature(int bit) {
        this.bit = bit;
    }

    long mask() {
        return 1L << bit;
    }

    static long mask(Set<ProtocolFeature> features) {
        return features.stream().mapToLong(ProtocolFeature::mask).reduce(0, (a, b) -> a | b);
    }
}
