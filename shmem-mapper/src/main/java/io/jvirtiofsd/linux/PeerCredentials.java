package io.jvirtiofsd.linux;

/**
 * Who has made the other end of a socket, as the kernel knows. Source: unix(7), SO_PEERCRED.
 *
 * @param process its number here; 0 if it is in no namespace of ours, or not known
 * @param user its user's number
 */
public record PeerCredentials(int process, long user) {
    private static final int SOL_SOCKET = 1; // asm-generic/socket.h
    private static final int SO_PEERCRED = 17; // asm-generic/socket.h

    public static PeerCredentials of(Syscalls syscalls, int socket) {
        NativeMemory value = NativeMemory.allocate(16); // struct ucred pid@0 uid@4; socklen_t@12
        value.putInt(12, 12);
        int result =
                syscalls.getsockopt(
                        socket, SOL_SOCKET, SO_PEERCRED, value.address(), value.address(12));
        return new PeerCredentials(
                result < 0 ? 0 : value.getInt(0), value.getInt(4) & 0xffff_ffffL);
    }

    @Override
    public String toString() {
        return process == 0
                ? "a process outside"
                : "process %d of user %d".formatted(process, user);
    }
}
