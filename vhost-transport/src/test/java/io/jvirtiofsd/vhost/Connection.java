package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Syscalls;
import java.io.EOFException;
import java.io.FileDescriptor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * Two connected sockets: one that the code under test has by its number, and the peer's, at which
 * the test writes and reads bytes. Owned by the test.
 *
 * <p><i>Confined to the test's thread</i>, but for the number. Reads are bounded by 20 s.
 */
final class Connection implements AutoCloseable {
    static final int HEADER_BYTES = 12;

    private static final int TIMEOUT_MILLIS = 20_000;
    private static final int SHUT_WR = 1; // sys/socket.h

    private final AFUNIXSocket peer;
    private final AFUNIXSocket ours;

    Connection() throws IOException {
        AFUNIXSocketAddress address =
                AFUNIXSocketAddress.inAbstractNamespace("connection-" + UUID.randomUUID());
        try (AFUNIXServerSocket listener = AFUNIXServerSocket.bindOn(address)) {
            peer = AFUNIXSocket.connectTo(address);
            ours = listener.accept();
        }
        peer.setSoTimeout(TIMEOUT_MILLIS);
        peer.setAncillaryReceiveBufferSize(256);
    }

    /** Our end, borrowed. */
    int number() throws IOException {
        return FileDescriptorCast.using(ours.getFileDescriptor()).as(Integer.class);
    }

    /** Our end once more, given. */
    Fd duplicate(Syscalls syscalls) throws IOException {
        return Fd.own(syscalls, syscalls.dup(number()));
    }

    /** The peer sends {@code bytes}, the descriptors with the first of them. */
    void send(byte[] bytes, int... fds) throws IOException {
        if (fds.length > 0) {
            FileDescriptor[] outbound = new FileDescriptor[fds.length];
            for (int i = 0; i < fds.length; i++) {
                outbound[i] = FileDescriptorCast.unsafeUsing(fds[i]).getFileDescriptor();
            }
            peer.setOutboundFileDescriptors(outbound);
        }
        peer.getOutputStream().write(bytes);
    }

    /**
     * The peer sends nothing more. By the system call, as JDK 25 takes its socket for unconnected.
     */
    void finish() throws IOException {
        int number = FileDescriptorCast.using(peer.getFileDescriptor()).as(Integer.class);
        LinuxException.check(Syscalls.load().shutdown(number, SHUT_WR), "shutdown");
    }

    /** The next {@code count} bytes at the peer; throws EOFException at the end. */
    ByteBuffer receive(int count) throws IOException {
        byte[] bytes = peer.getInputStream().readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("closed by us");
        }
        FileDescriptor[] fds = peer.getReceivedFileDescriptors();
        for (int i = 0; fds != null && i < fds.length; i++) {
            Syscalls.load().close(FileDescriptorCast.using(fds[i]).as(Integer.class));
        }
        return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
    }

    /** Bytes that wait at the peer, unread. */
    int available() throws IOException {
        return peer.getInputStream().available();
    }

    /** One message as it is on the wire. */
    static byte[] message(int id, int flags, byte[] payload) {
        return ByteBuffer.allocate(HEADER_BYTES + payload.length)
                .order(ByteOrder.nativeOrder())
                .putInt(id)
                .putInt(flags)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    @Override
    public void close() throws IOException {
        peer.close();
        ours.close();
    }
}
