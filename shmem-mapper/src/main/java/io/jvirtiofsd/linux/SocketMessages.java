package io.jvirtiofsd.linux;

import java.util.List;

/**
 * Sends and receives bytes and descriptors over a connected unix stream socket, which it borrows.
 *
 * <p><i>Confined to one thread at a time.</i> Source: sendmsg(2), recvmsg(2), unix(7).
 */
public final class SocketMessages {
    /** The most descriptors one message can carry. */
    public static final int MAX_FDS = 253; // SCM_MAX_FD

    private static final int SOL_SOCKET = 1; // asm-generic/socket.h
    private static final int SCM_RIGHTS = 1; // linux/socket.h
    private static final int MSG_CTRUNC = 8; // linux/socket.h
    private static final int MSG_NOSIGNAL = 0x4000; // linux/socket.h
    private static final int MSG_CMSG_CLOEXEC = 0x40000000; // linux/socket.h

    private static final int CMSG_HEADER_BYTES = 16; // struct cmsghdr
    private static final int CONTROL_BYTES = 2 * CMSG_HEADER_BYTES + MAX_FDS * 4 + 4;

    // struct msghdr: name@0 namelen@8 iov@16 iovlen@24 control@32 controllen@40 flags@48
    private static final int MSGHDR_BYTES = 56;

    private final Syscalls syscalls;
    private final int socket;
    private final NativeMemory message = NativeMemory.allocate(MSGHDR_BYTES);
    private final NativeMemory iovec = NativeMemory.allocate(IoVector.ENTRY_BYTES);
    private final NativeMemory control = NativeMemory.allocate(CONTROL_BYTES);

    /** Messages over {@code socket}, borrowed as long as this is used. */
    public SocketMessages(Syscalls syscalls, int socket) {
        this.syscalls = syscalls;
        this.socket = socket;
    }

    /**
     * Receives up to {@code length} bytes, and gives every descriptor that came with them before
     * anything is checked.
     *
     * @param fds those of one message, which may come in many pieces with as many each
     * @return number of bytes; 0 at the end of the stream
     * @throws LinuxException also if descriptors were lost, or are more than {@link #MAX_FDS};
     *     those that came are in {@code fds}
     */
    public int receive(NativeMemory buffer, int offset, int length, List<Fd> fds)
            throws LinuxException {
        long received;
        do {
            prepare(buffer.address(offset), length, CONTROL_BYTES);
            received = syscalls.recvmsg(socket, message.address(), MSG_CMSG_CLOEXEC);
        } while (received == -LinuxErrno.EINTR);
        LinuxException.check(received, "receive");
        adopt((int) message.getLong(40), fds);
        if ((message.getInt(48) & MSG_CTRUNC) != 0) {
            throw new LinuxException("receive: descriptors were lost", LinuxErrno.EMFILE);
        }
        if (fds.size() > MAX_FDS) {
            throw new LinuxException("receive: too many descriptors", LinuxErrno.EMFILE);
        }
        return (int) received;
    }

    /** Gives each descriptor in the control area, of {@code length} bytes, an owner. */
    private void adopt(int length, List<Fd> fds) {
        int at = 0;
        while (at + CMSG_HEADER_BYTES <= length) {
            int bytes = (int) Math.min(control.getLong(at), length - at);
            if (bytes < CMSG_HEADER_BYTES) {
                return;
            }
            if (control.getInt(at + 8) == SOL_SOCKET && control.getInt(at + 12) == SCM_RIGHTS) {
                for (int i = at + CMSG_HEADER_BYTES; i + 4 <= at + bytes; i += 4) {
                    fds.add(Fd.own(syscalls, control.getInt(i)));
                }
            }
            at += (bytes + 7) & ~7;
        }
    }

    /** Sends all {@code length} &ge; 1 bytes, the borrowed descriptors with the first of them. */
    public void send(NativeMemory buffer, int offset, int length, int... fds)
            throws LinuxException {
        int sent = 0;
        while (sent < length) {
            int controlBytes = 0;
            if (sent == 0 && fds.length > 0) {
                control.putLong(0, CMSG_HEADER_BYTES + 4L * fds.length);
                control.putInt(8, SOL_SOCKET);
                control.putInt(12, SCM_RIGHTS);
                for (int i = 0; i < fds.length; i++) {
                    control.putInt(CMSG_HEADER_BYTES + 4 * i, fds[i]);
                }
                controlBytes = (CMSG_HEADER_BYTES + 4 * fds.length + 7) & ~7;
            }
            prepare(buffer.address(offset + sent), length - sent, controlBytes);
            long result = syscalls.sendmsg(socket, message.address(), MSG_NOSIGNAL);
            if (result != -LinuxErrno.EINTR) {
                sent += (int) LinuxException.check(result, "send");
            }
        }
    }

    private void prepare(long address, int length, int controlBytes) {
        iovec.putLong(0, address);
        iovec.putLong(8, length);
        message.putLong(16, iovec.address());
        message.putLong(24, 1);
        message.putLong(32, controlBytes > 0 ? control.address() : 0);
        message.putLong(40, controlBytes);
        message.putInt(48, 0);
    }
}
