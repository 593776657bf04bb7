package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * A process that makes system calls for the test, in a directory of this host or of a guest: the
 * program {@code calls}, whose source describes the lines. Owned by the test; closing it ends the
 * process. <i>Confined to a thread.</i>
 */
final class SystemCalls implements AutoCloseable {
    private static final HexFormat HEX = HexFormat.of();

    /** An argument: the address of so many bytes, which the answer has. */
    record Out(int bytes) {}

    /** The same, of which the answer has as many as the result says. */
    record Data(int bytes) {}

    /** An argument: the address of these bytes, which the answer has as the call left them. */
    record InOut(byte[] bytes) {}

    /** A result that is no error, and the bytes of each argument that is answered. */
    record Answer(long result, List<byte[]> bytes) {}

    private final OutputStream lines;
    private final BufferedReader answers;
    private final Closeable end;

    private SystemCalls(OutputStream lines, InputStream answers, Closeable end) {
        this.lines = lines;
        this.answers =
                new BufferedReader(new InputStreamReader(answers, StandardCharsets.US_ASCII));
        this.end = end;
    }

    /** A process of this host; it ends with its input. */
    static SystemCalls start(Path program, Path directory) throws IOException {
        Process process =
                new ProcessBuilder(program.toString(), directory.toString())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        return new SystemCalls(
                process.getOutputStream(), process.getInputStream(), process.getOutputStream());
    }

    /** A port of the guest, by which processes of it are reached, one after the other. */
    static final class Port implements AutoCloseable {
        private static final String NAME = "org.jvirtiofsd.calls";

        private final ServerSocketChannel listener;
        private SocketChannel channel;

        /** Adds the port to a guest that is not booted yet. */
        Port(GuestBuilder guest, Path socket) throws IOException {
            listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            listener.bind(UnixDomainSocketAddress.of(socket));
            guest.arguments(
                    "-chardev",
                    "socket,id=calls,path=" + socket,
                    "-device",
                    "virtserialport,chardev=calls,name=" + NAME);
        }

        /** A process of {@code guest}, which has {@code program}; its end is what closes it. */
        SystemCalls start(Guest guest, String program, String directory) throws IOException {
            if (channel == null) {
                channel = listener.accept();
            }
            guest.check(
                    """
                    port=$(dirname $(grep -lx %s /sys/class/virtio-ports/*/name))
                    exec 3<>/dev/$(basename $port)
                    %s %s <&3 >&3 2>/tmp/calls.log &
                    echo $! >/tmp/calls.pid
                    """
                            .formatted(NAME, program, directory));
            return new SystemCalls(
                    Channels.newOutputStream(channel),
                    Channels.newInputStream(channel),
                    () -> guest.check("kill $(cat /tmp/calls.pid); cat /tmp/calls.log"));
        }

        @Override
        public void close() throws IOException {
            listener.close();
            if (channel != null) {
                channel.close();
            }
        }
    }

    private static void append(StringBuilder line, Object argument) {
        if (argument instanceof String text) {
            line.append('<').append(HEX.formatHex(text.getBytes(StandardCharsets.UTF_8)));
        } else if (argument instanceof byte[] bytes) {
            line.append('<').append(HEX.formatHex(bytes));
        } else if (argument instanceof InOut both) {
            line.append('=').append(HEX.formatHex(both.bytes()));
        } else if (argument instanceof Out out) {
            line.append('>').append(out.bytes());
        } else if (argument instanceof Data data) {
            line.append('~').append(data.bytes());
        } else {
            line.append(argument);
        }
    }

    /** Makes a call; a failure is an exception with its errno. */
    Answer ask(String name, Object... arguments) {
        StringBuilder line = new StringBuilder(name);
        for (Object argument : arguments) {
            append(line.append(' '), argument);
        }
        String answer;
        try {
            lines.write(line.append('\n').toString().getBytes(StandardCharsets.US_ASCII));
            lines.flush();
            answer = answers.readLine();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (answer == null) {
            throw new IllegalStateException("no answer to " + line);
        }
        String[] words = answer.split(" ");
        long result = Long.parseLong(words[0]);
        if (result < 0) {
            throw new FuseErrorException((int) -result);
        }
        List<byte[]> bytes = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            bytes.add(HEX.parseHex(words[i].substring(1)));
        }
        return new Answer(result, bytes);
    }

    /** The result alone. */
    long call(String name, Object... arguments) {
        return ask(name, arguments).result();
    }

    @Override
    public void close() throws IOException {
        end.close();
    }
}
