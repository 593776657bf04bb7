package io.jvirtiofsd.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where peers come from: a socket file made here and removed at the end, or a descriptor that the
 * starter has passed. Owned by the server, which removes it under its monitor and closes it once
 * nobody serves any more.
 */
public final class Listener implements Resource {
    private static final int SOL_SOCKET = 1; // asm-generic/socket.h
    private static final int SO_ACCEPTCONN = 30; // asm-generic/socket.h

    private final Fd fd;
    private final boolean connected;
    private final Optional<SocketFile> file;

    private Listener(Fd fd, boolean connected, Optional<SocketFile> file) {
        this.fd = fd;
        this.connected = connected;
        this.file = file;
    }

    /**
     * Listens on a new socket file; an old one that nobody listens on is replaced. Beside it is
     * made a file of the same name and ".pid", which keeps other daemons away.
     *
     * @param group name or number of the group that may connect, or null for the owner only
     * @param process number of the process to signal, which stands in that file
     * @throws IOException with one sentence for people
     */
    public static Listener bind(Syscalls syscalls, Path path, String group, long process)
            throws IOException {
        SocketFile file = SocketFile.listen(syscalls, path, group, process);
        return new Listener(file.socket(), false, Optional.of(file));
    }

    /** Takes an open descriptor: a listening socket, or one that a peer is connected to. */
    public static Listener adopt(Syscalls syscalls, int number) throws IOException {
        NativeMemory value = NativeMemory.allocate(16); // int@0, socklen_t@8
        value.putInt(8, Integer.BYTES);
        int result =
                syscalls.getsockopt(
                        number, SOL_SOCKET, SO_ACCEPTCONN, value.address(), value.address(8));
        if (result < 0) {
            throw new IOException(
                    "cannot use descriptor " + number + ": " + LinuxErrno.describe(-result));
        }
        Fd fd = Fd.own(syscalls, number);
        return new Listener(fd, value.getInt(0) == 0, Optional.empty());
    }

    /** Whether this is one connection, not a place to wait for many. */
    public boolean isConnected() {
        return connected;
    }

    /** The descriptor: the connection, or what to accept connections from. */
    public Fd fd() {
        return fd;
    }

    /** Removes the file, if one was made: nobody else can connect. What is open stays open. */
    public void remove() {
        file.ifPresent(SocketFile::remove);
    }

    @Override
    public void close() {
        remove();
        fd.close();
    }
}
