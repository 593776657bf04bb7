package io.jvirtiofsd.fuzz;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/**
 * Two connected sockets for as long as the process lives: ours waits, and the peer's does not, so
 * that one thread can be both.
 */
public record SocketPair(Syscalls syscalls, int ours, int peer) {
    private static final int AF_UNIX = 1; // sys/socket.h
    private static final int SOCK_STREAM = 1; // sys/socket.h
    private static final int SOCK_CLOEXEC = 0x80000; // sys/socket.h
    private static final NativeMemory DRAINED = NativeMemory.allocate(1 << 16);

    /** Makes a pair. */
    public static SocketPair connect(Syscalls syscalls) {
        byte[] name = ("fuzzed-" + UUID.randomUUID()).getBytes(StandardCharsets.US_ASCII);
        NativeMemory address = NativeMemory.allocate(3 + name.length);
        address.putShort(0, (short) AF_UNIX);
        address.put(3, name, 0, name.length); // after a NUL: in the abstract namespace
        try {
            int listener = check(syscalls.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            check(syscalls.bind(listener, address.address(), address.size()));
            check(syscalls.listen(listener, 1));
            int peer = check(syscalls.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
            check(syscalls.connect(peer, address.address(), address.size()));
            int ours = check(syscalls.accept4(listener, SOCK_CLOEXEC));
            syscalls.close(listener);
            check(syscalls.fcntl(peer, Fcntl.F_SETFL, Fcntl.O_NONBLOCK));
            return new SocketPair(syscalls, ours, peer);
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int check(int result) throws LinuxException {
        return LinuxException.check(result, "a pair of sockets");
    }

    /** Takes out all that is on its way in either direction, also descriptors. */
    public void drain() {
        while (syscalls.read(peer, DRAINED.address(), DRAINED.size()) > 0) {
            // what we have sent
        }
        syscalls.fcntl(ours, Fcntl.F_SETFL, Fcntl.O_NONBLOCK);
        while (syscalls.read(ours, DRAINED.address(), DRAINED.size()) > 0) {
            // what the peer has sent; descriptors go with it
        }
        syscalls.fcntl(ours, Fcntl.F_SETFL, 0);
    }
}
