package io.jvirtiofsd.vhost;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Answers GET_CONFIG. Source: vhost-user.rst, "Virtio device config space". */
final class ConfigSpace {
    private static final int HEADER_BYTES = 12; // offset, size, flags
    private static final int MAX_BYTES = 256; // VHOST_USER_MAX_CONFIG_SIZE

    private ConfigSpace() {}

    /** The reply: as long as the request, or empty if that asks for what is not there. */
    static byte[] reply(Message request, byte[] config) throws Refusal {
        if (request.size() < HEADER_BYTES) {
            throw new Refusal("payload of " + request.size() + " bytes");
        }
        int offset = request.u32(0);
        int size = request.u32(4);
        if (offset < 0
                || size < 0
                || size > MAX_BYTES
                || request.size() != HEADER_BYTES + size
                || offset > config.length - size) {
            return new byte[0];
        }
        return ByteBuffer.allocate(HEADER_BYTES + size)
                .order(ByteOrder.nativeOrder())
                .putInt(offset)
                .putInt(size)
                .putInt(request.u32(8))
                .put(config, offset, size)
                .array();
    }
}
