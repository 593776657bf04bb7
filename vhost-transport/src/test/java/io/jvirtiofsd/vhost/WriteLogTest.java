package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a front-end that migrates a guest is told of pages that were written to. */
class WriteLogTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final long LOG_ALL = 1L << 26;
    private static final int LOG_BYTES = 1003;
    private static final int LOG_OFFSET = 4096 + 101; // neither a page's nor a word's
    private static final int FILE_BYTES = 2 * 4096;
    private static final byte[] REQUEST = {7};

    @TempDir Path folder;
    private Path socket;
    private VhostUserServer server;
    private Thread control;
    private FakeFrontend frontend;
    private FakeMemory log;
    private long features;

    @BeforeEach
    void begin() throws Exception {
        socket = folder.resolve("s");
        server =
                new VhostUserServer(
                        SYSCALLS,
                        Listener.bind(SYSCALLS, socket, null, 1),
                        new EchoDevice().migratable(new FakeState()),
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
                        });
        control.start();
        log = new FakeMemory(SYSCALLS, 0, 0, FILE_BYTES, 0);
    }

    @AfterEach
    void end() throws Exception {
        frontend.close();
        server.end();
        control.join(TimeUnit.SECONDS.toMillis(20));
        server.close();
        log.close();
        assertTrue(!control.isAlive(), "the control thread does not end");
    }

    private void connect(long more) throws IOException {
        features = FakeFrontend.FEATURES | more;
        frontend = FakeFrontend.started(socket, features);
    }

    private static byte[] place(long bytes, long offset) {
        return FakeFrontend.buffer(16).putLong(bytes).putLong(offset).array();
    }

    private void setLog() throws IOException {
        frontend.send(FakeFrontend.SET_LOG_BASE, 1, place(LOG_BYTES, LOG_OFFSET), log.fd());
        byte[] reply = frontend.receive(FakeFrontend.SET_LOG_BASE);
        assertEquals(0, FakeFrontend.buffer(8).put(reply).getLong(0));
    }

    private void setFeatures(long more) throws IOException {
        frontend.acknowledged(FakeFrontend.SET_FEATURES, FakeFrontend.u64(features | more));
    }

    private long gpa(long uva) {
        FakeMemory region = frontend.memory().get(0);
        return region.gpa() + uva - region.uva();
    }

    private void setUsed(FakeDriver queue, int flags) throws IOException {
        byte[] addresses = FakeFrontend.addresses(queue, flags, gpa(queue.usedUva()));
        frontend.acknowledged(FakeFrontend.SET_VRING_ADDR, addresses);
    }

    /** The pages that are marked since the last time. */
    private Set<Long> marked() {
        Set<Long> pages = new TreeSet<>();
        for (int i = 0; i < FILE_BYTES; i++) {
            int bits = log.view().getByte(i) & 0xff;
            log.view().putByte(i, (byte) 0);
            for (int bit = 0; bit < 8; bit++) {
                if ((bits >> bit & 1) != 0) {
                    pages.add(8L * (i - LOG_OFFSET) + bit);
                }
            }
        }
        return pages;
    }

    private static Set<Long> pages(long gpa, int bytes) {
        Set<Long> pages = new TreeSet<>();
        for (long page = gpa >>> 12; page <= gpa + bytes - 1 >>> 12; page++) {
            pages.add(page);
        }
        return pages;
    }

    /** Has a request answered into {@code bytes} bytes; the pages these are in. */
    private static Set<Long> answer(FakeDriver queue, int bytes) {
        assertEquals(1, queue.request(REQUEST, bytes));
        return pages(queue.answerGpa(), bytes);
    }

    @Test
    void buffersAreMarkedWhileTheFeatureIsOn() throws Exception {
        connect(0);
        FakeDriver queue = frontend.queue(1);
        setLog();
        answer(queue, 5000);
        assertEquals(Set.of(), marked());
        setFeatures(LOG_ALL);
        assertEquals(answer(queue, 5000), marked());
        assertEquals(answer(frontend.queue(2), 8), marked());
        setFeatures(0);
        answer(queue, 5000);
        assertEquals(Set.of(), marked());
    }

    /** It is marked after it was written, and so after the driver may have seen that. */
    @ParameterizedTest
    @ValueSource(longs = {0, FakeFrontend.F_RING_PACKED})
    void usedAreaIsMarkedWhereItsRingSaysSo(long packed) throws Exception {
        connect(packed);
        FakeDriver queue = frontend.queue(1);
        setUsed(queue, 1); // may come before there is a log
        answer(queue, 8);
        setLog();
        answer(queue, 8);
        answer(frontend.queue(2), 8);
        int base = frontend.stopRing(queue); // ends its thread
        Set<Long> expected = pages(gpa(queue.usedUva()), packed != 0 ? 4 : 6 + 8 * queue.size());
        if (packed != 0) {
            expected.addAll(pages(gpa(queue.descriptorsUva()), 16 * queue.size()));
        }
        assertEquals(expected, marked());
        frontend.startRing(queue, base);
        frontend.enable(queue, 1);
        answer(queue, 8);
        frontend.stopRing(queue);
        assertEquals(Set.of(), marked());
    }

    @Test
    void nothingIsMarkedAfterTheRingHasStopped() throws Exception {
        connect(0);
        FakeDriver queue = frontend.queue(1);
        setLog();
        setFeatures(LOG_ALL);
        setUsed(queue, 1);
        answer(queue, 8);
        frontend.stop();
        marked();
        queue.submit(0, REQUEST, 1, 8);
        TimeUnit.MILLISECONDS.sleep(50);
        assertEquals(Set.of(), marked());
    }

    @Test
    void frontEndIsWokenUp() throws Exception {
        connect(0);
        Fd number = Fd.own(SYSCALLS, SYSCALLS.eventfd(0, 0));
        EventFd event = EventFd.adopt(SYSCALLS, number);
        setLog();
        frontend.acknowledged(FakeFrontend.SET_LOG_FD, new byte[0], event.number());
        setFeatures(LOG_ALL);
        answer(frontend.queue(1), 8);
        assertTrue(event.drain() > 0);
        event.close();
    }

    @Test
    void logsThatCannotBeAreRefused() throws Exception {
        connect(0);
        for (long[] bad :
                new long[][] {{0, 0}, {-1, 0}, {64, -1}, {64, FILE_BYTES - 63}, {1L << 40, 0}}) {
            byte[] place = place(bad[0], bad[1]);
            assertNotEquals(0, frontend.status(FakeFrontend.SET_LOG_BASE, place, log.fd()));
        }
        assertNotEquals(0, frontend.status(FakeFrontend.SET_LOG_BASE, place(64, 0)));
        assertEquals(1, frontend.status(FakeFrontend.SET_LOG_FD, new byte[0]));
        setLog();
        FakeDriver queue = frontend.queue(1);
        byte[] beyond = FakeFrontend.addresses(queue, 1, 4096L * 8 * LOG_BYTES - 8);
        assertEquals(1, frontend.status(FakeFrontend.SET_VRING_ADDR, beyond));
        byte[] unknown = FakeFrontend.addresses(queue, 2, 0);
        assertEquals(1, frontend.status(FakeFrontend.SET_VRING_ADDR, unknown));
        answer(queue, 8);
        assertEquals(Set.of(), marked());
    }

    @Test
    void logsAreReplacedUnderLoad() throws Exception {
        connect(0);
        setLog();
        setFeatures(LOG_ALL);
        Thread load =
                new Thread(
                        () -> {
                            while (!Thread.currentThread().isInterrupted()) {
                                answer(frontend.queue(2), 100);
                            }
                        });
        load.start();
        try {
            for (int i = 0; i < 200; i++) {
                setLog();
            }
        } finally {
            load.interrupt();
            load.join();
        }
        marked();
        assertEquals(answer(frontend.queue(1), 8), marked());
    }
}
