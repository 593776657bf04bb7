package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fd;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * One message as received: its number, flags, payload and descriptors. The receiver owns the
 * descriptors; those that nobody has taken close with the message.
 *
 * <p><i>Confined to the control thread.</i> Source: vhost-user.rst, "Message Specification".
 */
final class Message implements AutoCloseable {
    private static final int FLAG_NEED_REPLY = 8; // vhost-user.rst, header

    private final int id;
    private final MessageType type; // null for one of a later specification
    private final int flags;
    private final ByteBuffer payload;
    private final List<Fd> fds;

    /** Takes {@code fds}. */
    Message(int id, int flags, byte[] payload, List<Fd> fds) {
        this.id = id;
        this.type = MessageType.byId(id);
        this.flags = flags;
        this.payload = ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
        this.fds = fds;
    }

    int id() {
        return id;
    }

    /** What it is; null if nobody here knows. */
    MessageType type() {
        return type;
    }

    boolean needsReply() {
        return (flags & FLAG_NEED_REPLY) != 0;
    }

    /** Bytes of payload. */
    int size() {
        return payload.capacity();
    }

    int u32(int offset) {
        return payload.getInt(offset);
    }

    long u64(int offset) {
        return payload.getLong(offset);
    }

    int fdCount() {
        return fds.size();
    }

    /** Gives the first descriptor that has not been taken yet. */
    Fd takeFd() {
        return fds.remove(0);
    }

    @Override
    public void close() {
        fds.forEach(Fd::close);
        fds.clear();
    }

    /** The payload's words and the number of descriptors, for the trace. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(type == null ? "unknown " + id : type.name());
        if (type == null || !type.fits(size())) {
            text.append(" size=").append(size()); // not what its fields could be read from
        } else if (type.name().startsWith("SET_VRING") || type == MessageType.GET_VRING_BASE) {
            text.append(" index=").append(payload.getInt(0) & 0xff);
            if (size() == 8 && payload.getInt(4) != 0) {
                text.append(" num=").append(payload.getInt(4));
            }
        } else if (size() == 8) {
            text.append(" value=0x").append(Long.toHexString(payload.getLong(0)));
        } else if (size() > 0) {
            text.append(" size=").append(size());
        }
        if (!fds.isEmpty()) {
            text.append(" fds=").append(fds.size());
        }
        return needsReply() ? text.append(" need_reply").toString() : text.toString();
    }
}
