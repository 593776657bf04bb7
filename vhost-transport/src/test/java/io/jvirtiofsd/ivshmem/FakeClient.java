package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.UnixSocket;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A client of an ivshmem server that does what it is told, however wrong. Owned by the test. */
public final class FakeClient implements AutoCloseable {
    /** A message of the server's; its descriptor, if it has one, is closed with the client. */
    public record Heard(long value, int fd) {
        static final int NONE = -1;

        /** One without a descriptor. */
        static Heard of(long value) {
            return new Heard(value, NONE);
        }

        boolean hasFd() {
            return fd != NONE;
        }
    }

    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int SOON_MILLIS = 10_000;
    private static final int READ_BYTES = 1 << 16;
    private static final int POLLHUP = 0x10; // asm-generic/poll.h

    private final Fd socket;
    private final SocketMessages messages;
    private final NativeMemory buffer = NativeMemory.allocate(READ_BYTES);
    private final List<Fd> fds = new ArrayList<>();

    public FakeClient(Path server) throws IOException {
        socket = UnixSocket.connect(SYSCALLS, server);
        messages = new SocketMessages(SYSCALLS, socket.number());
    }

    /** The socket's number, borrowed. */
    public int socket() {
        return socket.number();
    }

    /** The next message. */
    public Heard next() throws IOException {
        awaitMore();
        List<Fd> came = new ArrayList<>();
        int count = messages.receive(buffer, 0, Notice.BYTES, came);
        fds.addAll(came);
        if (count != Notice.BYTES || came.size() > 1) {
            throw new IOException("%d bytes, %d descriptors".formatted(count, came.size()));
        }
        return new Heard(buffer.getLong(0), came.isEmpty() ? Heard.NONE : came.get(0).number());
    }

    /** The next {@code count} messages. */
    public List<Heard> next(int count) throws IOException {
        List<Heard> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(next());
        }
        return all;
    }

    /** Reads the next byte, and a descriptor that comes with it into nothing. */
    public void readByte() throws IOException {
        awaitMore();
        if (SYSCALLS.read(socket.number(), buffer.address(), 1) != 1) {
            throw new IOException("the server has ended");
        }
    }

    private void awaitMore() throws IOException {
        if (!Waiting.readable(SYSCALLS, socket.number(), SOON_MILLIS)) {
            throw new IOException("the server says nothing");
        }
    }

    /** Whether the server has said something that was not read yet. */
    public boolean hasMore() {
        return Waiting.readable(SYSCALLS, socket.number(), 0);
    }

    /** Reads all that there is, and the descriptors into nothing; whether the stream has ended. */
    private boolean isAtEnd() {
        long count;
        do {
            count = SYSCALLS.read(socket.number(), buffer.address(), READ_BYTES);
        } while (count > 0);
        return count == 0 || count == -104; // ECONNRESET
    }

    /** Whether the server closes this connection, soon. */
    public boolean isDropped() {
        return Waiting.until(this::isAtEnd);
    }

    /** Whether the server has closed this connection; reads nothing. */
    public boolean isHungUp() {
        NativeMemory polled = NativeMemory.allocate(8); // struct pollfd: fd@0 events@4 revents@6
        polled.putInt(0, socket.number());
        SYSCALLS.poll(polled.address(), 1, 0);
        return (polled.getShort(6) & POLLHUP) != 0;
    }

    /** Sends bytes with descriptors; what cannot be sent is not. */
    public void send(byte[] bytes, int... borrowed) {
        NativeMemory text = NativeMemory.allocate(bytes.length);
        text.put(0, bytes, 0, bytes.length);
        try {
            messages.send(text, 0, bytes.length, borrowed);
        } catch (LinuxException e) {
            // it has had enough, or is full
        }
    }

    /** Ends the connection. */
    public void leave() {
        socket.close();
    }

    @Override
    public void close() {
        socket.close();
        fds.forEach(Fd::close);
    }
}
