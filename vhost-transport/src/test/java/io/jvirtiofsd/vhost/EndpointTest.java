package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Messages that come in pieces, or not to their end: with the trace on, as it reads payloads before
 * anything has checked them.
 */
class EndpointTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int NEED_REPLY = 9; // version 1

    private final List<String> trace = new ArrayList<>();
    private FakeMemory memory;
    private EventFd event;

    @BeforeEach
    void makeMemory() throws Exception {
        memory = new FakeMemory(SYSCALLS, 0, 1L << 40, 1 << 16, 0);
        event = EventFd.create(SYSCALLS);
    }

    @AfterEach
    void removeMemory() {
        memory.close();
        event.close();
    }

    /** One of each kind: without and with payload, with one descriptor, with a table. */
    private record Sent(String trace, byte[] bytes, int... fds) {}

    private List<Sent> messages() {
        long all = EchoDevice.OFFERED;
        return List.of(
                sent("GET_PROTOCOL_FEATURES -> reply", 15, 1, new byte[0]),
                sent(
                        "SET_PROTOCOL_FEATURES value=0x%x -> done".formatted(all),
                        16,
                        1,
                        FakeFrontend.u64(all)),
                sent(
                        "ADD_MEM_REG size=40 fds=1 need_reply -> ack 0",
                        37,
                        NEED_REPLY,
                        FakeMemory.singleRegion(memory),
                        memory.fd()),
                sent(
                        "SET_VRING_CALL index=1 fds=1 need_reply -> ack 0",
                        13,
                        NEED_REPLY,
                        FakeFrontend.u64(1),
                        event.number()),
                sent(
                        "SET_MEM_TABLE size=40 fds=1 need_reply -> ack 0",
                        5,
                        NEED_REPLY,
                        FakeMemory.table(List.of(memory)),
                        memory.fd()),
                sent("GET_VRING_BASE index=1 -> reply", 11, 1, FakeFrontend.state(1, 0)),
                sent(
                        "SET_VRING_NUM index=1 num=7 need_reply -> refused: ring size 7",
                        8,
                        NEED_REPLY,
                        FakeFrontend.state(1, 7)));
    }

    private static Sent sent(String trace, int id, int flags, byte[] payload, int... fds) {
        return new Sent("vhost " + trace, Connection.message(id, flags, payload), fds);
    }

    private VhostUserSession session(Syscalls syscalls, Connection connection) throws Exception {
        return new VhostUserSession(
                syscalls,
                connection.number(),
                new EchoDevice(),
                new TransportOptions(0, TransportOptions.AUTO_POLL, false, trace::add),
                new Reclaimer());
    }

    /** Sends the messages before {@code last} whole, and {@code bytes} of that; then the end. */
    private void serve(Syscalls syscalls, List<Sent> messages, int last, int bytes)
            throws Exception {
        trace.clear();
        try (Connection connection = new Connection()) {
            try (VhostUserSession session = session(syscalls, connection)) {
                for (Sent message : messages.subList(0, last)) {
                    connection.send(message.bytes, message.fds);
                }
                if (bytes > 0) {
                    Sent cut = messages.get(last);
                    connection.send(Arrays.copyOf(cut.bytes, bytes), cut.fds);
                }
                connection.finish();
                session.run();
            }
        }
    }

    private static List<String> traces(List<Sent> messages) {
        return messages.stream().map(Sent::trace).toList();
    }

    @Test
    void nothingIsDoneOfAMessageThatIsCutAnywhere() throws Exception {
        List<Sent> messages = messages();
        assertCutsDoNothing(messages); // now all classes are loaded, and their jars open
        int before = OpenDescriptors.count();
        assertCutsDoNothing(messages);
        assertEquals(before, OpenDescriptors.count());
    }

    private void assertCutsDoNothing(List<Sent> messages) throws Exception {
        for (int last = 0; last < messages.size(); last++) {
            for (int bytes = 0; bytes < messages.get(last).bytes.length; bytes++) {
                serve(SYSCALLS, messages, last, bytes);
                assertEquals(traces(messages.subList(0, last)), trace, last + " cut at " + bytes);
            }
        }
    }

    /** A stream may be cut into reads anywhere; here each gives one byte. */
    @Test
    void messagesThatComeByteByByteAreThoseThatWereSent() throws Exception {
        Syscalls slow =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            if (name.equals("recvmsg")) {
                                // struct msghdr iov@16, struct iovec len@8
                                NativeMemory header = NativeMemory.view((long) arguments[1], 56);
                                NativeMemory.view(header.getLong(16), 16).putLong(8, 1);
                            }
                            return real.getAsLong();
                        });
        List<Sent> messages = messages();
        serve(slow, messages, messages.size(), 0);
        int before = OpenDescriptors.count();
        serve(slow, messages, messages.size(), 0);
        assertEquals(traces(messages), trace);
        assertEquals(before, OpenDescriptors.count());
    }

    /** Descriptors that no message asked for, at its first byte and in its middle. */
    @Test
    void strayDescriptorsAreClosed() throws Exception {
        int before = 0;
        int[] many = new int[20];
        Arrays.fill(many, event.number());
        byte[] message = Connection.message(8, 1, FakeFrontend.state(1, 8));
        for (int cut : new int[] {0, 0, 5, 12, 16}) {
            try (Connection connection = new Connection();
                    VhostUserSession session = session(SYSCALLS, connection)) {
                if (cut > 0) {
                    connection.send(Arrays.copyOf(message, cut));
                }
                connection.send(Arrays.copyOfRange(message, cut, message.length), many);
                connection.finish();
                session.run();
                assertTrue(trace.get(trace.size() - 1).contains("refused"), trace.toString());
            }
            int open = OpenDescriptors.count();
            assertTrue(before == 0 || open == before, "cut at " + cut);
            before = open;
        }
    }
}
