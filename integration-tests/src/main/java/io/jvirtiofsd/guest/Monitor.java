package io.jvirtiofsd.guest;

import java.io.EOFException;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** QEMU's monitor for people, on a socket. */
public record Monitor(Path socket) {
    private static final String PROMPT = "(qemu) ";

    /** The arguments of QEMU that make it listen there. */
    public String[] arguments() {
        return new String[] {"-monitor", "unix:" + socket + ",server=on,wait=off"};
    }

    /** Gives a command and waits until it has been carried out; what QEMU says to it. */
    public String tell(String command) throws IOException {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            answer(channel);
            channel.write(StandardCharsets.US_ASCII.encode(command + "\n"));
            return answer(channel);
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
