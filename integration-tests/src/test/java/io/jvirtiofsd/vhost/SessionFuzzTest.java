package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.fuzz.DescriptorWatch;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.fuzz.SocketPair;
import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.virtio.GuestBuffers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Any messages of a front-end, with any descriptors, are served, refused or end the session; each
 * answer is one whole message to the request, and no descriptor is left.
 *
 * <p>An input is messages one after another: a byte of descriptors (how many in bits 0&hellip;3, of
 * which kind in bits 4 and 5), and the message, of which the payload is as long as the header says,
 * zero where the input ends.
 */
public final class SessionFuzzTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int HEADER_BYTES = 12;
    private static final int MOST_BYTES = 4096; // of payload
    private static final int REPLY = 5; // vhost-user.rst: version 1, REPLY
    private static final int MEMORY_BYTES = 1 << 16;

    private static final SocketPair SOCKETS = SocketPair.connect(SYSCALLS);
    private static final SocketMessages FRONT_END = new SocketMessages(SYSCALLS, SOCKETS.peer());
    private static final NativeMemory OUT = NativeMemory.allocate(HEADER_BYTES + MOST_BYTES);
    private static final NativeMemory IN = NativeMemory.allocate(HEADER_BYTES + MOST_BYTES);
    private static final int EVENT = event();
    private static final int SOCKET = SYSCALLS.socket(1, 1, 0); // AF_UNIX, SOCK_STREAM
    private static final int DIRECTORY = SYSCALLS.openat(-100, path("/"), 0, 0); // AT_FDCWD

    private static final DaxWindow WINDOW = window();
    private static final DeviceState STATE = new FakeState();

    /**
     * Answers with the first byte of what can be read, if there is room; has a window and a state.
     */
    private static final class Echo extends EchoDevice {
        @Override
        public Optional<DaxWindow> window() {
            return Optional.of(WINDOW);
        }

        @Override
        public Optional<DeviceState> state() {
            return Optional.of(STATE);
        }

        @Override
        public ChainHandler newHandler(int queueIndex) {
            return new ChainHandler() {
                private final byte[] first = new byte[1];

                @Override
                public int handle(GuestBuffers readable, GuestBuffers writable) {
                    int bytes = (int) Math.min(1, Math.min(readable.bytes(), writable.bytes()));
                    readable.get(0, first, 0, bytes);
                    writable.put(0, first, 0, bytes);
                    return bytes;
                }

                @Override
                public int refuse(GuestBuffers readable, GuestBuffers writable) {
                    return 0;
                }
            };
        }
    }

    private static long path(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path(bytes, 0, bytes.length);
    }

    private static DaxWindow window() {
        try {
            return DaxWindow.open(SYSCALLS, DaxWindow.RANGE_BYTES, GuardMode.OFF);
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static int event() {
        try {
            return EventFd.create(SYSCALLS).number();
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) throws Exception {
        DescriptorWatch.play(() -> serve(input));
        ErrorLog.check();
    }

    /** For Jazzer, after the last input. */
    public static void fuzzerTearDown() {
        WINDOW.close();
    }

    private static void serve(byte[] input) throws LinuxException {
        int memory = SYSCALLS.memfdCreate(path("fuzzed"), 1);
        SYSCALLS.ftruncate(memory, MEMORY_BYTES);
        ByteBuffer messages = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        try (VhostUserSession session =
                new VhostUserSession(
                        SYSCALLS,
                        SOCKETS.ours(),
                        new Echo(),
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, String::length),
                        new Reclaimer())) {
            boolean served = true;
            while (served && messages.remaining() > HEADER_BYTES) {
                int id = send(messages, memory);
                served = session.serveNext();
                checkReply(id);
            }
        } catch (SessionException e) {
            SOCKETS.drain();
        }
        SYSCALLS.close(memory);
    }

    /** Sends the next of {@code messages}, and returns its type. */
    private static int send(ByteBuffer messages, int memory) throws LinuxException {
        int descriptors = messages.get();
        int[] fds = new int[descriptors & 0xf];
        int kind =
                switch (descriptors >> 4 & 3) {
                    case 0 -> memory;
                    case 1 -> EVENT;
                    case 2 -> SOCKET;
                    default -> DIRECTORY;
                };
        Arrays.fill(fds, kind);
        int id = messages.getInt(messages.position());
        int size = messages.getInt(messages.position() + 8);
        byte[] bytes = new byte[HEADER_BYTES + (size < 0 || size > MOST_BYTES ? 0 : size)];
        messages.get(bytes, 0, Math.min(bytes.length, messages.remaining()));
        OUT.put(0, bytes, 0, bytes.length);
        FRONT_END.send(OUT, 0, bytes.length, fds);
        return id;
    }

    private static void checkReply(int id) {
        long received = SYSCALLS.read(SOCKETS.peer(), IN.address(), IN.size());
        if (received != -LinuxErrno.EAGAIN) {
            assertTrue(received >= HEADER_BYTES, "half a header");
            assertEquals(id, IN.getInt(0));
            assertEquals(REPLY, IN.getInt(4));
            assertEquals(received - HEADER_BYTES, IN.getInt(8));
        }
    }

    @Test
    void anyMessagesAreServedOrRefused() throws Exception {
        Fuzzer.run(SessionFuzzTest.class, "session");
    }
}
