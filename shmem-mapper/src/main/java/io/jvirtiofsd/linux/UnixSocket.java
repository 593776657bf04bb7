package io.jvirtiofsd.linux;

import java.io.IOException;
import java.nio.file.Path;

/** Makes stream sockets of the host, and their addresses. <i>Stateless.</i> Source: unix(7). */
public final class UnixSocket {
    // spotless:off
    private static final int AF_UNIX       = 1;       // bits/socket.h
    private static final int SOCK_STREAM   = 1;       // bits/socket_type.h
    private static final int SOCK_NONBLOCK = 0x800;   // bits/socket_type.h
    private static final int SOCK_CLOEXEC  = 0x80000; // bits/socket_type.h
    // spotless:on

    /** Most bytes of a path. */
    static final int MOST_PATH_BYTES = 107; // linux/un.h UNIX_PATH_MAX, without a NUL

    private static final int PATH_AT = 2; // struct sockaddr_un: family@0 path@2

    private UnixSocket() {}

    /** A socket that is not connected and does not block; given. */
    static Fd create(Syscalls syscalls, String failure) throws LinuxException {
        return create(syscalls, SOCK_NONBLOCK, failure);
    }

    private static Fd create(Syscalls syscalls, int flags, String failure) throws LinuxException {
        int type = SOCK_STREAM | SOCK_CLOEXEC | flags;
        return Fd.own(syscalls, LinuxException.check(syscalls.socket(AF_UNIX, type, 0), failure));
    }

    /** A {@code struct sockaddr_un} with a path of at most {@link #MOST_PATH_BYTES}. */
    static NativeMemory address(byte[] path) {
        NativeMemory address = NativeMemory.allocate(PATH_AT + MOST_PATH_BYTES + 1);
        address.putShort(0, (short) AF_UNIX);
        address.putCString(PATH_AT, path, 0, path.length);
        return address;
    }

    /**
     * A socket that is connected to who listens at {@code path}, and does not block; given. Waits
     * until it is the listener's turn to accept it.
     *
     * @throws IOException with one sentence for people
     */
    public static Fd connect(Syscalls syscalls, Path path) throws IOException {
        String failure = "cannot connect to " + path;
        byte[] bytes = NamedFile.bytes(path);
        if (bytes.length > MOST_PATH_BYTES) {
            throw new IOException(failure + ": longer than " + MOST_PATH_BYTES + " bytes");
        }
        NativeMemory address = address(bytes);
        Fd socket = create(syscalls, 0, failure);
        int result;
        do {
            result = syscalls.connect(socket.number(), address.address(), address.size());
        } while (result == -LinuxErrno.EINTR);
        if (result == 0) {
            result = syscalls.fcntl(socket.number(), Fcntl.F_SETFL, Fcntl.O_NONBLOCK);
        }
        if (result < 0) {
            socket.close();
            throw new LinuxException(failure, -result);
        }
        return socket;
    }
}
