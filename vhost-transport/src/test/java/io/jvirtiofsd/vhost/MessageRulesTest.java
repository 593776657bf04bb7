package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What vhost-user.rst demands of messages by themselves: all are sent before the session begins to
 * serve, which then runs to its end.
 */
class MessageRulesTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int PLAIN = 1; // flags: version 1
    private static final int NEED_REPLY = 9; // version 1
    private static final int REPLY = 5; // version 1
    private static final int RING = 1;
    private static final int CONFIG_BYTES = 40; // of an EchoDevice
    private static final long OFFERED = EchoDevice.OFFERED;

    private final List<String> trace = new ArrayList<>();
    private Connection connection;
    private EventFd event;

    @BeforeEach
    void connect() throws Exception {
        connection = new Connection();
        event = EventFd.create(SYSCALLS);
    }

    @AfterEach
    void disconnect() throws Exception {
        event.close();
        connection.close();
    }

    private void send(MessageType type, int flags, byte[] payload, int fds) throws Exception {
        int[] sent = new int[fds];
        Arrays.fill(sent, event.number());
        connection.send(Connection.message(type.id(), flags, payload), sent);
    }

    /** All protocol features there are, REPLY_ACK among them. */
    private void negotiate() throws Exception {
        send(MessageType.SET_PROTOCOL_FEATURES, PLAIN, FakeFrontend.u64(OFFERED), 0);
    }

    /** Serves what was sent, with nothing open afterwards that was not before. */
    private void serve() throws Exception {
        connection.finish();
        VhostUserSession session =
                new VhostUserSession(
                        SYSCALLS,
                        connection.number(),
                        new EchoDevice(),
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, trace::add),
                        new Reclaimer());
        try (session) {
            session.run();
        }
        SYSCALLS.shutdown(connection.number(), 2);
    }

    /** The next reply, which must be to {@code type}. */
    private ByteBuffer reply(MessageType type) throws Exception {
        ByteBuffer header = connection.receive(Connection.HEADER_BYTES);
        assertEquals(type.id(), header.getInt(0));
        assertEquals(REPLY, header.getInt(4));
        return connection.receive(header.getInt(8));
    }

    private long status(MessageType type) throws Exception {
        ByteBuffer body = reply(type);
        assertEquals(8, body.capacity());
        return body.getLong(0);
    }

    private void assertEnded() {
        assertThrows(EOFException.class, () -> connection.receive(1));
    }

    private String lastTrace() {
        return trace.get(trace.size() - 1);
    }

    /** {@code type}, sent with NEED_REPLY, is refused as its row demands, and the rest served. */
    private void assertRefused(MessageType type, byte[] payload, int fds) throws Exception {
        int before = OpenDescriptors.count();
        negotiate();
        send(type, NEED_REPLY, payload, fds);
        send(MessageType.GET_QUEUE_NUM, PLAIN, new byte[0], 0);
        serve();
        switch (type.reply()) {
            case ACK -> assertEquals(1, status(type));
            case STATUS -> assertEquals(0x101, status(type)); // failed, without a descriptor
            case BODY -> {
                assertTrue(lastTrace().contains("refused"), lastTrace());
                assertEnded();
                return;
            }
            default -> throw new IllegalStateException();
        }
        assertEquals(3, status(MessageType.GET_QUEUE_NUM));
        assertEnded();
        OpenDescriptors.assertSettleAt(before);
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void aPayloadOfAnotherSizeIsRefused(MessageType type) throws Exception {
        assertRefused(type, new byte[3], 1);
    }

    @ParameterizedTest
    @EnumSource(MessageType.class)
    void whatIsNotServedIsRefusedWithItsReason(MessageType type) throws Exception {
        if (type.reason() == null) {
            return;
        }
        int size = 0;
        while (!type.fits(size)) {
            size++;
        }
        assertRefused(type, new byte[size], Math.max(1, type.maxFds()));
        assertTrue(
                trace.stream().anyMatch(line -> line.endsWith("refused: " + type.reason())),
                trace::toString);
    }

    /** Whoever asks for no acknowledgement would go on as if all was well. */
    @ParameterizedTest
    @EnumSource(MessageType.class)
    void refusalThatNobodyWouldHearOfIsTheEnd(MessageType type) throws Exception {
        negotiate();
        send(type, PLAIN, new byte[3], 1);
        send(MessageType.GET_QUEUE_NUM, PLAIN, new byte[0], 0);
        serve();
        if (type.reply() == MessageType.Reply.STATUS) {
            assertNotEquals(0, status(type));
            assertEquals(3, status(MessageType.GET_QUEUE_NUM));
        }
        assertEnded();
    }

    /** Its payload and its descriptors go with it, and what follows is served. */
    @ParameterizedTest
    @ValueSource(ints = {0, 46, 63, 64, 99, Integer.MAX_VALUE, Integer.MIN_VALUE, -1})
    void aMessageOfALaterSpecificationIsRefused(int id) throws Exception {
        int before = OpenDescriptors.count();
        int[] fds = new int[8];
        Arrays.fill(fds, event.number());
        negotiate();
        for (int size : new int[] {0, 8, 4096}) {
            connection.send(Connection.message(id, NEED_REPLY, new byte[size]), fds);
        }
        send(MessageType.GET_QUEUE_NUM, PLAIN, new byte[0], 0);
        serve();
        for (int i = 0; i < 3; i++) {
            ByteBuffer ack = connection.receive(Connection.HEADER_BYTES + 8);
            assertEquals(id, ack.getInt(0));
            assertEquals(REPLY, ack.getInt(4));
            assertEquals(8, ack.getInt(8));
            assertEquals(1, ack.getLong(Connection.HEADER_BYTES));
        }
        assertEquals(3, status(MessageType.GET_QUEUE_NUM));
        assertEnded();
        String line = "vhost unknown " + id + " size=8 fds=8 need_reply -> refused: unknown";
        assertTrue(trace.contains(line), trace::toString);
        OpenDescriptors.assertSettleAt(before);
    }

    /** Silence would be taken for success. */
    @Test
    void aMessageOfALaterSpecificationThatNobodyAsksAfterIsTheEnd() throws Exception {
        negotiate();
        connection.send(Connection.message(99, PLAIN, new byte[8]), event.number());
        send(MessageType.GET_QUEUE_NUM, PLAIN, new byte[0], 0);
        serve();
        assertEnded();
    }

    @Test
    void aMessageOfALaterSpecificationIsTheEndWhereNoAnswerWasAgreedOn() throws Exception {
        connection.send(Connection.message(99, NEED_REPLY, new byte[8]), event.number());
        send(MessageType.GET_FEATURES, PLAIN, new byte[0], 0);
        serve();
        assertEnded();
    }

    @Test
    void numbersAreThoseOfTheSpecification() {
        for (int id = 1; id <= 45; id++) {
            assertEquals(id, MessageType.byId(id).id());
        }
        assertEquals(45, MessageType.values().length);
        int id = 1;
        for (BackendMessageType type : BackendMessageType.values()) {
            assertEquals(id++, type.id());
        }
        assertEquals(11, id);
    }

    /** Each once, whether or not it is asked to acknowledge. */
    @Test
    void repliesComeInTheOrderOfRequests() throws Exception {
        MessageType[] types = {
            MessageType.GET_FEATURES,
            MessageType.GET_PROTOCOL_FEATURES,
            MessageType.GET_QUEUE_NUM,
            MessageType.GET_MAX_MEM_SLOTS,
            MessageType.GET_STATUS
        };
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] all = FakeFrontend.u64(OFFERED);
        bytes.write(Connection.message(MessageType.SET_PROTOCOL_FEATURES.id(), PLAIN, all));
        int rounds = 20;
        for (int round = 0; round < rounds; round++) {
            for (MessageType type : types) {
                bytes.write(Connection.message(type.id(), NEED_REPLY, new byte[0]));
            }
            byte[] off = FakeFrontend.state(RING, 0);
            bytes.write(Connection.message(MessageType.SET_VRING_ENABLE.id(), NEED_REPLY, off));
        }
        connection.send(bytes.toByteArray());
        serve();
        for (int round = 0; round < rounds; round++) {
            for (MessageType type : types) {
                assertEquals(8, reply(type).capacity());
            }
            assertEquals(0, status(MessageType.SET_VRING_ENABLE));
        }
        assertEnded();
    }

    @Test
    void whatIsOfferedIsTheSameForEachWhoAsks() throws Exception {
        send(MessageType.GET_PROTOCOL_FEATURES, PLAIN, new byte[0], 0);
        send(MessageType.SET_PROTOCOL_FEATURES, PLAIN, FakeFrontend.u64(OFFERED), 0);
        send(MessageType.GET_FEATURES, PLAIN, new byte[0], 0);
        send(MessageType.SET_FEATURES, PLAIN, FakeFrontend.u64(FakeFrontend.FEATURES), 0);
        send(MessageType.GET_FEATURES, PLAIN, new byte[0], 0);
        send(MessageType.GET_PROTOCOL_FEATURES, PLAIN, new byte[0], 0);
        serve();
        assertEquals(OFFERED, status(MessageType.GET_PROTOCOL_FEATURES));
        long features = status(MessageType.GET_FEATURES);
        assertEquals(features, status(MessageType.GET_FEATURES));
        assertEquals(OFFERED, status(MessageType.GET_PROTOCOL_FEATURES));
        long needed = FakeFrontend.F_VERSION_1 | FakeFrontend.F_PROTOCOL;
        assertEquals(needed, features & needed);
        // NOTIFY_ON_EMPTY, LOG_ALL, ACCESS_PLATFORM, IN_ORDER, NOTIFICATION_DATA, RING_RESET; the
        // notification queue of virtio-fs
        for (int bit : new int[] {24, 26, 33, 35, 38, 40, 0}) {
            assertEquals(0, features >>> bit & 1, "bit " + bit);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 6, 7, 8, 11, 14, 17, 18, 19, 20, 21, 22, 23, 24, 63})
    void featureThatWasNotOfferedIsNotTaken(int bit) throws Exception {
        byte[] payload = FakeFrontend.u64(OFFERED | 1L << bit);
        assertRefused(MessageType.SET_PROTOCOL_FEATURES, payload, 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, -1})
    void byteOrderOfARingCannotBeSet(int order) throws Exception {
        assertRefused(MessageType.SET_VRING_ENDIAN, FakeFrontend.state(RING, order), 0);
    }

    private static byte[] config(int offset, int flags) {
        return FakeFrontend.buffer(16).putInt(offset).putInt(4).putInt(flags).array();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, -1})
    void configurationCannotBeWritten(int flags) throws Exception {
        assertRefused(MessageType.SET_CONFIG, config(36, flags), 0);
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 37, 40, 1 << 30})
    void configurationThatIsNotThereCannotBeWritten(int offset) throws Exception {
        assertRefused(MessageType.SET_CONFIG, config(offset, 1), 0);
    }

    /** 1 is for the destination of a migration, which shows the guest what it has itself. */
    @Test
    void configurationOfAMigrationIsTakenNoteOf() throws Exception {
        negotiate();
        send(MessageType.SET_CONFIG, NEED_REPLY, config(36, 1), 0);
        send(MessageType.GET_CONFIG, PLAIN, config(36, 0), 0);
        serve();
        assertEquals(0, status(MessageType.SET_CONFIG));
        assertEquals(0, reply(MessageType.GET_CONFIG).getInt(12));
        assertEnded();
    }

    @Test
    void configurationIsOfTheSizeAskedForOrEmpty() throws Exception {
        negotiate();
        for (int offset = 0; offset <= CONFIG_BYTES + 1; offset++) {
            ByteBuffer payload = FakeFrontend.buffer(12 + 4).putInt(offset).putInt(4);
            send(MessageType.GET_CONFIG, NEED_REPLY, payload.array(), 0);
        }
        serve();
        for (int offset = 0; offset <= CONFIG_BYTES + 1; offset++) {
            boolean inside = offset + 4 <= CONFIG_BYTES;
            assertEquals(inside ? 16 : 0, reply(MessageType.GET_CONFIG).capacity());
        }
        assertEnded();
    }

    /** vhost-user.rst wants 0 there, and has no use for it. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 77, -1})
    void baseOfARingIsToldWhateverNumberComesAlong(int num) throws Exception {
        negotiate();
        send(MessageType.SET_VRING_BASE, PLAIN, FakeFrontend.state(RING, 4711), 0);
        send(MessageType.GET_VRING_BASE, NEED_REPLY, FakeFrontend.state(RING, num), 0);
        serve();
        ByteBuffer state = reply(MessageType.GET_VRING_BASE).order(ByteOrder.nativeOrder());
        assertEquals(8, state.capacity());
        assertEquals(RING, state.getInt(0));
        assertEquals(4711, state.getInt(4));
        assertEnded();
    }

    @Test
    void anotherBackEndChannelClosesTheFirst() throws Exception {
        int before = OpenDescriptors.count();
        try (Connection first = new Connection();
                Connection second = new Connection()) {
            byte[] message =
                    Connection.message(
                            MessageType.SET_BACKEND_REQ_FD.id(), NEED_REPLY, new byte[0]);
            negotiate();
            connection.send(message, first.number());
            connection.send(message, second.number());
            try (VhostUserSession session =
                    new VhostUserSession(
                            SYSCALLS,
                            connection.number(),
                            new EchoDevice(),
                            new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                            new Reclaimer())) {
                int sockets = OpenDescriptors.count(name -> name.startsWith("socket:"));
                for (int i = 0; i < 3; i++) {
                    assertTrue(session.serveNext());
                }
                assertEquals(0, status(MessageType.SET_BACKEND_REQ_FD));
                assertEquals(0, status(MessageType.SET_BACKEND_REQ_FD));
                // The two that came as descriptors are gone from the queue of the socket: one open.
                assertEquals(
                        sockets + 1, OpenDescriptors.count(name -> name.startsWith("socket:")));
            }
        }
        OpenDescriptors.assertSettleAt(before);
    }
}
