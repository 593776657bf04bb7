package io.jvirtiofsd.vhost;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Answers GET_CONFIG, and SET_CONFIG. Source: vhost-user.rst, "Virtio device config space". */
final class ConfigSpace {
    private static final int HEADER_BYTES = 12; // offset, size, flags
    private static final int MAX_BYTES = 256; // VHOST_USER_MAX_CONFIG_SIZE

    private static final int MIGRATION = 1; // VHOST_SET_CONFIG_TYPE_MIGRATION

    private ConfigSpace() {}

    /** The reply: as long as the request, or empty if that asks for what is not there. */
    static byte[] reply(Message request, byte[] config) throws Refusal {
        if (!isInside(request, config)) {
            return new byte[0];
        }
        int offset = request.u32(0);
        int size = request.u32(4);
        return ByteBuffer.allocate(HEADER_BYTES + size)
                .order(ByteOrder.nativeOrder())
                .putInt(offset)
                .putInt(size)
                .putInt(request.u32(8))
                .put(config, offset, size)
                .array();
    }

    /**
     * All fields can only be read, so no driver writes to them. The destination of a migration is
     * told what the source's were; it has its own, which the guest finds there from now on.
     *
     * @throws Refusal unless it is for a migration, and for fields that there are
     */
    static void write(Message request, byte[] config) throws Refusal {
        if (!isInside(request, config)) {
            throw new Refusal("configuration that is not there");
        }
        if (request.u32(8) != MIGRATION) {
            throw new Refusal("the configuration is read-only");
        }
    }

    private static boolean isInside(Message request, byte[] config) throws Refusal {
        if (request.size() < HEADER_BYTES) {
            throw new Refusal("payload of " + request.size() + " bytes");
        }
        int offset = request.u32(0);
        int size = request.u32(4);
        return offset >= 0
                && size >= 0
                && size <= MAX_BYTES
                && request.size() == HEADER_BYTES + size
                && offset <= config.length - size;
    }
}
