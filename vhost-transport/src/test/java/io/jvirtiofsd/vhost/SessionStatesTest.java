package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Each message of vhost-user in each state of a session: it is answered, done, refused, or the
 * session's end. A message that is refused ends the session where no acknowledgement was agreed on,
 * or where the answer would have been a body.
 *
 * <p>Each pair has a session of its own, which is brought into the state by messages alone.
 */
class SessionStatesTest {
    private enum State {
        /** Nothing was said, so REPLY_ACK was not agreed on. */
        CONNECTED,
        /** Features and protocol features are agreed on. */
        NEGOTIATED,
        /** The back-end knows the memory. */
        MEMORY,
        /** Ring 1 has a size, a base and addresses. */
        CONFIGURED,
        /** Ring 1 was kicked and enabled. */
        RUNNING,
        /** Ring 1 was stopped. */
        STOPPED,
        /** The device's state was saved. */
        SAVED
    }

    // reply: a body of its own; done: acknowledged with 0 or silently; refused: with 1
    private static final String TABLE =
            """
            message               CONNECTED NEGOTIATED MEMORY  CONFIGURED RUNNING STOPPED SAVED
            GET_FEATURES          reply     reply      reply   reply      reply   reply   reply
            SET_FEATURES          done      done       done    done       done    done    done
            SET_OWNER             done      done       done    done       done    done    done
            RESET_OWNER           done      done       done    done       done    done    done
            SET_MEM_TABLE         done      done       done    done       done    done    done
            SET_VRING_NUM         done      done       done    done       refused done    done
            SET_VRING_ADDR        done      done       done    done       done    done    done
            SET_VRING_BASE        done      done       done    done       refused done    done
            GET_VRING_BASE        reply     reply      reply   reply      reply   reply   reply
            SET_VRING_KICK        ends      refused    refused done       done    done    done
            SET_VRING_CALL        done      done       done    done       done    done    done
            SET_VRING_ERR         done      done       done    done       done    done    done
            GET_PROTOCOL_FEATURES reply     reply      reply   reply      reply   reply   reply
            SET_PROTOCOL_FEATURES done      done       done    done       done    done    done
            GET_QUEUE_NUM         ends      reply      reply   reply      reply   reply   reply
            SET_VRING_ENABLE      done      done       done    done       done    done    done
            SET_BACKEND_REQ_FD    ends      done       done    done       done    done    done
            GET_CONFIG            ends      reply      reply   reply      reply   reply   reply
            SET_CONFIG            ends      refused    refused refused    refused refused refused
            RESET_DEVICE          ends      done       done    done       done    done    done
            GET_MAX_MEM_SLOTS     ends      reply      reply   reply      reply   reply   reply
            ADD_MEM_REG           ends      done       refused refused    refused refused refused
            REM_MEM_REG           ends      refused    done    done       done    done    done
            SET_STATUS            ends      done       done    done       done    done    done
            GET_STATUS            ends      reply      reply   reply      reply   reply   reply
            SET_LOG_BASE          refused   done       done    done       done    done    done
            SET_LOG_FD            ends      done       done    done       done    done    done
            CREATE_CRYPTO_SESSION ends      ends       ends    ends       ends    ends    ends
            POSTCOPY_ADVISE       ends      ends       ends    ends       ends    ends    ends
            GET_INFLIGHT_FD       ends      reply      reply   reply      reply   reply   reply
            SET_INFLIGHT_FD       ends      done       done    done       refused done    done
            GET_SHARED_OBJECT     ends      ends       ends    ends       ends    ends    ends
            GET_SHMEM_CONFIG      ends      ends       ends    ends       ends    ends    ends
            GET_VRING_BASE_SKIP_DRAIN ends  ends       ends    ends       ends    ends    ends
            IOTLB_MSG             refused   refused    refused refused    refused refused refused
            POSTCOPY_END          refused   refused    refused refused    refused refused refused
            SET_DEVICE_STATE_FD   refused   done       done    done       refused done    done
            CHECK_DEVICE_STATE    refused   refused    refused refused    refused refused done
            others                ends      refused    refused refused    refused refused refused
            """;

    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int MEMORY_BYTES = 1 << 16;
    private static final int RING = 1;
    private static final int NEED_REPLY = 9; // version 1
    private static final long NO_SHMEM = ~ProtocolFeature.SHMEM.mask();

    private FakeMemory memory;
    private EventFd event;

    @BeforeEach
    void makeMemory() throws Exception {
        memory = new FakeMemory(SYSCALLS, 0, 1L << 40, MEMORY_BYTES, 0);
        event = EventFd.create(SYSCALLS);
    }

    @AfterEach
    void removeMemory() {
        memory.close();
        event.close();
    }

    /** A session on a thread of its own, and the front-end that speaks to it. */
    private final class Running implements AutoCloseable {
        private final Connection connection = new Connection();
        private final VhostUserSession session =
                new VhostUserSession(
                        SYSCALLS,
                        connection.number(),
                        new EchoDevice().migratable(new FakeState()),
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                        new Reclaimer());
        private final Thread control = new Thread(this::serve, "vhost-control");
        private boolean acks;

        Running() throws IOException {
            control.start();
        }

        private void serve() {
            session.run();
            session.close();
            SYSCALLS.shutdown(number(), 2);
        }

        private int number() {
            try {
                return connection.number();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** Sends {@code type} with what it wants, and tells what came of it. */
        String outcome(MessageType type) throws IOException {
            int fds = type == MessageType.SET_MEM_TABLE ? 1 : Math.min(1, type.maxFds());
            int fd =
                    switch (type) {
                        case SET_MEM_TABLE,
                                ADD_MEM_REG,
                                REM_MEM_REG,
                                SET_LOG_BASE,
                                SET_DEVICE_STATE_FD,
                                SET_INFLIGHT_FD ->
                                memory.fd();
                        case SET_BACKEND_REQ_FD -> connection.number();
                        default -> event.number();
                    };
            int[] sent = new int[fds];
            Arrays.fill(sent, fd);
            byte[] message = Connection.message(type.id(), NEED_REPLY, payload(type));
            byte[] next = Connection.message(MessageType.GET_FEATURES.id(), 1, new byte[0]);
            byte[] both = Arrays.copyOf(message, message.length + next.length);
            System.arraycopy(next, 0, both, message.length, next.length);
            connection.send(both, sent);
            try {
                ByteBuffer header = connection.receive(Connection.HEADER_BYTES);
                assertEquals(5, header.getInt(4)); // QEMU compares the whole word
                ByteBuffer body = connection.receive(header.getInt(8));
                if (type == MessageType.SET_PROTOCOL_FEATURES) {
                    acks = true;
                }
                if (header.getInt(0) != type.id()) {
                    assertEquals(MessageType.GET_FEATURES.id(), header.getInt(0));
                    return "done"; // without a word
                }
                connection.receive(Connection.HEADER_BYTES + 8);
                if (type.reply() == MessageType.Reply.BODY) {
                    return "reply";
                }
                boolean agreed = acks || type.reply() == MessageType.Reply.STATUS;
                assertTrue(agreed, "acknowledges what was not agreed on");
                assertEquals(8, body.capacity());
                return (body.getLong(0) & 0xff) == 0 ? "done" : "refused"; // beside "no descriptor"
            } catch (EOFException e) {
                return "ends";
            }
        }

        private void reach(State state) throws IOException {
            for (int i = 1; i <= state.ordinal(); i++) {
                for (MessageType type : STEPS.get(i)) {
                    String outcome = outcome(type);
                    assertTrue(outcome.equals("done") || outcome.equals("reply"), "" + type);
                }
            }
        }

        @Override
        public void close() throws IOException {
            connection.finish();
            assertTrue(Waiting.until(() -> !control.isAlive()), "the session does not end");
            connection.close();
        }
    }

    /** What leads from each state to the next. */
    private static final List<List<MessageType>> STEPS =
            List.of(
                    List.of(),
                    List.of(MessageType.SET_PROTOCOL_FEATURES, MessageType.SET_FEATURES),
                    List.of(MessageType.ADD_MEM_REG),
                    List.of(
                            MessageType.SET_VRING_NUM,
                            MessageType.SET_VRING_BASE,
                            MessageType.SET_VRING_ADDR),
                    List.of(MessageType.SET_VRING_KICK, MessageType.SET_VRING_ENABLE),
                    List.of(MessageType.GET_VRING_BASE),
                    List.of(MessageType.SET_DEVICE_STATE_FD));

    /** What {@code type} wants: for ring 1 where it is about one, a full payload in any case. */
    private byte[] payload(MessageType type) {
        long all = ProtocolFeature.mask(EnumSet.allOf(ProtocolFeature.class)) & NO_SHMEM;
        return switch (type) {
            case SET_FEATURES -> FakeFrontend.u64(FakeFrontend.FEATURES);
            case SET_PROTOCOL_FEATURES -> FakeFrontend.u64(all);
            case SET_MEM_TABLE -> FakeMemory.table(List.of(memory));
            case ADD_MEM_REG, REM_MEM_REG -> FakeMemory.singleRegion(memory);
            case SET_VRING_NUM -> FakeFrontend.state(RING, 8);
            case SET_VRING_BASE, GET_VRING_BASE -> FakeFrontend.state(RING, 0);
            case SET_VRING_ENABLE -> FakeFrontend.state(RING, 1);
            case SET_VRING_KICK, SET_VRING_CALL, SET_VRING_ERR -> FakeFrontend.u64(RING);
            case SET_LOG_BASE -> FakeFrontend.buffer(16).putLong(64).array();
            case GET_INFLIGHT_FD, SET_INFLIGHT_FD ->
                    FakeFrontend.inflight(4096, MEMORY_BYTES / 2, 3, 8);
            case SET_STATUS -> FakeFrontend.u64(1); // ACKNOWLEDGE
            case GET_CONFIG -> FakeFrontend.buffer(12 + 4).putInt(4, 4).array();
            case SET_CONFIG -> new byte[12 + 4];
            case SET_DEVICE_STATE_FD -> FakeFrontend.state(0, 0);
            case SET_VRING_ADDR ->
                    FakeFrontend.buffer(40)
                            .putInt(RING)
                            .putInt(0)
                            .putLong(memory.uva())
                            .putLong(memory.uva() + 8192) // used
                            .putLong(memory.uva() + 4096) // avail
                            .array();
            default -> new byte[0];
        };
    }

    private static Map<String, String[]> expected() {
        Map<String, String[]> rows = new TreeMap<>();
        TABLE.lines().skip(1).map(line -> line.split(" +")).forEach(row -> rows.put(row[0], row));
        return rows;
    }

    @Test
    void eachMessageInEachStateIsServedRefusedOrTheEnd() throws Exception {
        int before = OpenDescriptors.count();
        Map<String, String[]> expected = expected();
        List<String> wrong = new ArrayList<>();
        for (MessageType type : MessageType.values()) {
            String[] row = expected.getOrDefault(type.name(), expected.get("others"));
            for (State state : State.values()) {
                try (Running running = new Running()) {
                    running.reach(state);
                    String outcome = running.outcome(type);
                    if (!outcome.equals(row[1 + state.ordinal()])) {
                        wrong.add(type + " when " + state + ": " + outcome);
                    }
                }
            }
        }
        assertEquals(List.of(), wrong);
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void theTableNamesMessagesThatThereAre() {
        Set<String> names = new java.util.TreeSet<>();
        Stream.of(MessageType.values()).forEach(type -> names.add(type.name()));
        names.add("others");
        assertTrue(names.containsAll(expected().keySet()));
    }

    /** vhost-user.rst: the device is reset by both messages, and by the end of the session. */
    @Test
    void deviceIsResetWhenToldAndAtTheEnd() throws Exception {
        EchoDevice device = new EchoDevice().migratable(new FakeState());
        try (Connection connection = new Connection()) {
            VhostUserSession session =
                    new VhostUserSession(
                            SYSCALLS,
                            connection.number(),
                            device,
                            new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                            new Reclaimer());
            long all = ProtocolFeature.mask(EnumSet.allOf(ProtocolFeature.class)) & NO_SHMEM;
            byte[] status0 = FakeFrontend.u64(0);
            connection.send(Connection.message(16, 1, FakeFrontend.u64(all)));
            connection.send(Connection.message(MessageType.RESET_DEVICE.id(), 1, new byte[0]));
            connection.send(Connection.message(MessageType.SET_STATUS.id(), 1, status0));
            connection.finish();
            session.run();
            assertEquals(2, device.resets.get());
            session.close();
            assertEquals(3, device.resets.get());
        }
    }
}
