package io.jvirtiofsd.guest;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** QEMU's monitor for people, on a socket. */
public record Monitor(Path socket) {
    private static final String PROMPT = "(qemu) ";
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** The arguments of QEMU that make it listen there. */
    public String[] arguments() {
        return new String[] {"-monitor", "unix:" + socket + ",server=on,wait=off"};
    }

    /** Gives a command and waits until it has been carried out; what QEMU says to it. */
    public String tell(String command) throws IOException {
        try (SocketChannel channel = connect()) {
            answer(channel);
            channel.write(StandardCharsets.US_ASCII.encode(command + "\n"));
            return answer(channel);
        }
    }

    /** Connects, as soon as QEMU, which may have started just now, listens. */
    private SocketChannel connect() throws IOException {
        long end = System.nanoTime() + START_NANOS;
        while (true) {
            try {
                return SocketChannel.open(UnixDomainSocketAddress.of(socket));
            } catch (SocketException e) {
                if (System.nanoTime() > end) {
                    throw e;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    private static String answer(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer part = ByteBuffer.allocate(4096);
        while (text.indexOf(PROMPT) < 0) {
            if (channel.read(part.clear()) < 0) {
                throw new EOFException(text.toString());
            }
            text.append(StandardCharsets.US_ASCII.decode(part.flip()));
        }
        return text.toString();
    }
}
