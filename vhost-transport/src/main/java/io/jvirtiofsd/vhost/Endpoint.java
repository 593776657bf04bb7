package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads and writes whole messages on the main socket; owned by the session, borrows the socket.
 *
 * <p>A message is read exactly: its header, then its payload, never a byte of the next one, so that
 * descriptors cannot be taken for another message's. <i>Confined to the control thread.</i> Source:
 * vhost-user.rst, "Message Specification".
 */
final class Endpoint {
    private static final int HEADER_BYTES = 12;
    private static final int MAX_PAYLOAD_BYTES = 4096;
    private static final int MAX_REPLY_BYTES = 2056;

    private static final int FLAGS_VERSION_MASK = 3; // vhost-user.rst, header
    private static final int FLAGS_VERSION = 1; // vhost-user.rst, header
    private static final int FLAGS_KNOWN = 3 | 8; // version, NEED_REPLY; REPLY is for replies
    private static final int FLAGS_REPLY = 5; // version 1, REPLY; QEMU compares the whole word

    private final SocketMessages socket;
    private final NativeMemory buffer =
            NativeMemory.allocate(HEADER_BYTES + Math.max(MAX_PAYLOAD_BYTES, MAX_REPLY_BYTES));

    Endpoint(Syscalls syscalls, int socket) {
        this.socket = new SocketMessages(syscalls, socket);
    }

    /**
     * Waits for the next message.
     *
     * @return the message, given; or null when the front-end has closed the connection
     */
    Message receive() throws SessionException {
        List<Fd> fds = new ArrayList<>();
        boolean whole = false;
        try {
            if (!fill(0, HEADER_BYTES, fds)) {
                return null;
            }
            int id = buffer.getInt(0);
            int flags = buffer.getInt(4);
            int size = buffer.getInt(8);
            if ((flags & FLAGS_VERSION_MASK) != FLAGS_VERSION || (flags & ~FLAGS_KNOWN) != 0) {
                throw new SessionException(
                        "message %d with flags 0x%x, which no request has".formatted(id, flags));
            }
            if (size < 0 || size > MAX_PAYLOAD_BYTES) {
                throw new SessionException(
                        "message %d with a payload of %d bytes".formatted(id, size & 0xffffffffL));
            }
            if (!fill(HEADER_BYTES, size, fds)) {
                throw new SessionException("connection ended inside of message " + id);
            }
            byte[] payload = new byte[size];
            buffer.get(HEADER_BYTES, payload, 0, size);
            whole = true;
            return new Message(id, flags, payload, fds);
        } catch (LinuxException e) {
            if (e.errno() == LinuxErrno.ECONNRESET) {
                return null; // it was killed, with something of ours unread
            }
            throw new SessionException(e.getMessage());
        } finally {
            if (!whole) {
                fds.forEach(Fd::close);
            }
        }
    }

    /** Reads exactly {@code length} bytes; false at the end of the stream before the first. */
    private boolean fill(int offset, int length, List<Fd> fds)
            throws LinuxException, SessionException {
        int done = 0;
        while (done < length) {
            int count = socket.receive(buffer, offset + done, length - done, fds);
            if (count == 0) {
                if (done == 0) {
                    return false;
                }
                throw new SessionException("connection ended inside of a message");
            }
            done += count;
        }
        return true;
    }

    /** Replies to {@code type} with a 64-bit value. */
    void reply(MessageType type, long value) throws SessionException {
        reply(type.id(), value);
    }

    /** Replies to a message of any number with a 64-bit value. */
    void reply(int id, long value) throws SessionException {
        buffer.putLong(HEADER_BYTES, value);
        send(id, 8);
    }

    /** Replies to {@code type} with {@code payload}, at most 2056 bytes, and {@code fds}. */
    void reply(MessageType type, byte[] payload, int... fds) throws SessionException {
        buffer.put(HEADER_BYTES, payload, 0, payload.length);
        send(type.id(), payload.length, fds);
    }

    private void send(int id, int size, int... fds) throws SessionException {
        buffer.putInt(0, id);
        buffer.putInt(4, FLAGS_REPLY);
        buffer.putInt(8, size);
        try {
            socket.send(buffer, 0, HEADER_BYTES + size, fds);
        } catch (LinuxException e) {
            if (e.errno() == LinuxErrno.EPIPE || e.errno() == LinuxErrno.ECONNRESET) {
                return; // gone, as the next look for a message finds out
            }
            throw new SessionException("cannot answer message " + id + ": " + e.getMessage());
        }
    }
}
