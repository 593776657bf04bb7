package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Rings without descriptors, in both formats, with event indices and without: one without a kick is
 * polled by us, one without a call by the driver (vhost-user.rst, SET_VRING_KICK, SET_VRING_CALL).
 */
class PolledRingsTest {
    private static final long FLAGS = FakeFrontend.F_PROTOCOL | FakeFrontend.F_VERSION_1;
    private static final long EVENTS = FLAGS | FakeFrontend.F_EVENT_IDX;
    private static final int NO_FD = 0x100; // vhost-user.rst, "A vring descriptor"
    private static final int ROUNDS = 20;
    private static final byte[] REQUEST = {7};
    private static final int TOGETHER = 64;
    private static final int MOST_ROUNDS = 1000; // the machine may be slow

    @TempDir Path folder;
    private Path socket;
    private VhostUserServer server;
    private Thread control;
    private FakeFrontend frontend;

    @BeforeEach
    void begin() throws Exception {
        Syscalls syscalls = Syscalls.load();
        socket = folder.resolve("s");
        server =
                new VhostUserServer(
                        syscalls,
                        Listener.bind(syscalls, socket, null, 1),
                        new EchoDevice(),
                        new TransportOptions(0, TransportOptions.AUTO_POLL, false, null),
                        new Reclaimer());
        control =
                new Thread(
                        () -> {
                            try {
                                server.serve();
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        "vhost-control");
        control.start();
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        server.end();
        assertTrue(Waiting.until(() -> !control.isAlive()), "the server does not end");
        server.close();
    }

    /** Ring 1, stopped and started again without a kick. */
    private FakeDriver polled(long features) throws IOException {
        frontend = FakeFrontend.started(socket, features);
        FakeDriver queue = frontend.queue(1);
        assertEquals(1, queue.request(REQUEST, 1)); // so that it does not begin at its beginning
        int base = frontend.stopRing(queue);
        int[] size = {FakeFrontend.SET_VRING_NUM, queue.size()};
        int[] start = {FakeFrontend.SET_VRING_BASE, base};
        for (int[] message : new int[][] {size, start}) {
            frontend.acknowledged(message[0], FakeFrontend.state(1, message[1]));
        }
        byte[] addresses = FakeFrontend.addresses(queue, 0, 0);
        frontend.acknowledged(FakeFrontend.SET_VRING_ADDR, addresses);
        frontend.acknowledged(FakeFrontend.SET_VRING_KICK, FakeFrontend.u64(1 | NO_FD));
        frontend.enable(queue, 1);
        return queue;
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                FLAGS,
                EVENTS,
                FLAGS | FakeFrontend.F_RING_PACKED,
                EVENTS | FakeFrontend.F_RING_PACKED
            })
    void aRingThatStartsWithoutAKickIsPolled(long features) throws Exception {
        FakeDriver queue = polled(features);
        for (int i = 0; i < ROUNDS; i++) {
            assertEquals(1, queue.request(REQUEST, 1));
        }
        byte[] ring = FakeFrontend.u64(1);
        frontend.acknowledged(FakeFrontend.SET_VRING_KICK, ring, queue.kick().number());
        queue.kick().drain();
        for (int i = 0; i < ROUNDS; i++) {
            assertEquals(1, queue.request(REQUEST, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(
            longs = {
                FLAGS,
                EVENTS,
                FLAGS | FakeFrontend.F_RING_PACKED,
                EVENTS | FakeFrontend.F_RING_PACKED
            })
    void aRingWithoutACallIsServed(long features) throws Exception {
        FakeDriver queue = polled(features);
        frontend.acknowledged(FakeFrontend.SET_VRING_CALL, FakeFrontend.u64(1 | NO_FD));
        queue.call().drain();
        for (int i = 0; i < ROUNDS; i++) {
            queue.submit(0, REQUEST, 1, 1);
            assertTrue(Waiting.until(() -> !queue.staysSilent(0)), "no answer");
            assertEquals(1, queue.await());
        }
        assertEquals(0, queue.call().drain());
        byte[] ring = FakeFrontend.u64(1);
        frontend.acknowledged(FakeFrontend.SET_VRING_CALL, ring, queue.call().number());
        assertEquals(1, queue.request(REQUEST, 1));
    }

    @ParameterizedTest
    @ValueSource(longs = {FLAGS, FLAGS | FakeFrontend.F_RING_PACKED})
    void ofChainsThatWaitTogetherTheDriverIsToldTogether(long features) throws Exception {
        FakeDriver queue = polled(features).slots(TOGETHER);
        int[] heads = new int[TOGETHER];
        boolean together = false;
        for (int round = 0; round < MOST_ROUNDS && !together; round++) {
            for (int i = 0; i < TOGETHER; i++) {
                heads[i] = queue.prepare(i, REQUEST, 1, 1);
            }
            queue.makeAvailable(heads);
            assertTrue(Waiting.until(() -> queue.usedCount() == TOGETHER), "not all are used");
            assertTrue(Waiting.until(() -> !queue.staysSilent(0)), "the driver is not told");
            for (int i = 0; i < TOGETHER; i++) {
                assertEquals(1, queue.await());
            }
            together = queue.call().drain() < TOGETHER / 2;
        }
        assertTrue(together, "an interrupt for each, though none of them takes long");
    }
}
