package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.EOFException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Front-ends and drivers differ in what they negotiate and how they lay requests out. */
class FrontendVariantsTest {
    private static final int PAGE = 4096;
    private static final int GET_CONFIG = FakeFrontend.GET_CONFIG;
    private static final int O_RDWR = 2;
    private static final int MODE = 0100600;

    /** All features, with a split ring and with a packed one. */
    private static final long[] FORMATS = {~FakeFrontend.F_RING_PACKED, -1L};

    @TempDir Path folder;
    private InProcess backEnd;

    @BeforeEach
    void begin() throws Exception {
        backEnd =
                new InProcess(
                        folder.resolve("share"), folder, options -> options.threadPoolSize(2));
    }

    @AfterEach
    void end() throws Exception {
        backEnd.close();
    }

    private FakeFrontend start(long features, long refusedProtocol, int regions, int size)
            throws Exception {
        FakeFrontend frontend = backEnd.connect();
        frontend.negotiate(features, refusedProtocol, regions, FakeDriver.memoryBytes(2));
        frontend.start(1, size);
        return frontend;
    }

    /** A file is made, written, read back and removed. */
    private static void exercise(FuseClient fuse, int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        Created file = fuse.create(FuseClient.ROOT, "file", O_RDWR, MODE);
        long node = file.node().nodeId();
        assertEquals(bytes, fuse.write(node, file.fh(), 0, data));
        assertArrayEquals(data, fuse.read(node, file.fh(), 0, bytes));
        assertEquals(bytes, fuse.getattr(node).size());
        fuse.release(node, file.fh());
        fuse.unlink(FuseClient.ROOT, "file");
        fuse.forget(node, 1);
    }

    @Test
    void everyChoiceOfFeaturesWorks() throws Exception {
        long packed = FakeFrontend.F_RING_PACKED;
        long[] features = {
            0,
            FakeFrontend.F_EVENT_IDX,
            FakeFrontend.F_INDIRECT_DESC,
            ~packed,
            packed,
            packed | FakeFrontend.F_EVENT_IDX,
            packed | FakeFrontend.F_INDIRECT_DESC,
            -1L
        };
        long[] refused = {
            0,
            FakeFrontend.PF_MQ,
            FakeFrontend.PF_REPLY_ACK,
            FakeFrontend.PF_CONFIGURE_MEM_SLOTS,
            FakeFrontend.PF_REPLY_ACK | FakeFrontend.PF_CONFIGURE_MEM_SLOTS,
            -1L
        };
        for (long virtio : features) {
            for (long protocol : refused) {
                long wanted = FakeFrontend.F_VERSION_1 | FakeFrontend.F_PROTOCOL | virtio;
                try (FakeFrontend frontend = start(wanted, protocol, 3, 64)) {
                    frontend.queue(1).indirect((virtio & FakeFrontend.F_INDIRECT_DESC) != 0);
                    FuseClient fuse = new FuseClient(frontend, 1);
                    fuse.init(0);
                    exercise(fuse, 10_000);
                }
            }
        }
    }

    /** MUST 14: without protocol features rings need no ENABLE. */
    @Test
    void frontEndsWithoutProtocolFeaturesAreServed() throws Exception {
        try (FakeFrontend frontend = start(FakeFrontend.F_VERSION_1, 0, 1, 64)) {
            assertEquals(1, frontend.maxQueues());
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            exercise(fuse, 10_000);
        }
    }

    /** MUST 67: whatever the framing, in how many regions. */
    @Test
    void buffersAnywhereMeanTheSame() throws Exception {
        int[][] shapes = {
            {1, 1, 300}, {3, 2, 1000}, {40, 0, 9000}, {777, 5, 40_000}, {PAGE, 0, 500_000}
        };
        for (int round = 0; round < 6; round++) {
            int regions = 1 + round / 2;
            try (FakeFrontend frontend = start(FORMATS[round % 2], 0, regions, 1024)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(1 << 22);
                for (int[] shape : shapes) {
                    for (boolean indirect : new boolean[] {false, true}) {
                        frontend.queue(1).indirect(indirect).spread(true);
                        frontend.queue(1).pieces(shape[0]).gap(shape[1]);
                        exercise(fuse, shape[2]);
                    }
                }
            }
        }
    }

    /** A descriptor may reach from one region into the next (virtio 1.3, 2.7.5 knows none). */
    @Test
    void oneDescriptorInTwoRegionsIsServed() throws Exception {
        byte[] content = new byte[PAGE];
        new Random(5).nextBytes(content);
        Files.write(folder.resolve("share/f"), content);
        try (FakeFrontend frontend = start(-1L, 0, 2, 64)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long node = fuse.lookup(FuseClient.ROOT, "f").nodeId();
            long fh = fuse.open(node, 0);
            FakeDriver queue = frontend.queue(1);
            NativeMemory first = frontend.memory().get(0).view();
            NativeMemory second = frontend.memory().get(1).view();
            for (int inFirst : new int[] {1, 15, 16, 17, 100, PAGE}) {
                long border = frontend.memory().get(1).gpa();
                byte[] request =
                        FakeFrontend.buffer(80)
                                .putInt(80)
                                .putInt(15)
                                .putLong(7)
                                .putLong(node)
                                .position(40)
                                .putLong(fh)
                                .putLong(0)
                                .putInt(PAGE)
                                .array();
                int head = queue.prepare(0, request, 80, 16 + PAGE);
                int answer = queue.descriptorsOffset() + 16;
                queue.put(answer, border - inFirst, 16 + PAGE, 2, 0);
                queue.redescribed(0);
                queue.makeAvailable(head);
                assertEquals(16 + PAGE, queue.await());
                byte[] got = new byte[16 + PAGE];
                first.get(first.size() - inFirst, got, 0, inFirst);
                second.get(0, got, inFirst, got.length - inFirst);
                assertEquals(7, FakeFrontend.buffer(got.length).put(got).getLong(8));
                assertArrayEquals(content, java.util.Arrays.copyOfRange(got, 16, got.length));
            }
        }
    }

    /** virtio 1.3, 5.11.4: the tag in 36 bytes, and at least one request queue. */
    @Test
    void configurationHasTheTagAndTheRequestQueues() throws Exception {
        Path place = Files.createDirectory(folder.resolve("tagged"));
        try (InProcess tagged =
                        new InProcess(
                                place.resolve("share"), place, options -> options.tag("abc"));
                FakeFrontend frontend = tagged.connect()) {
            frontend.negotiate(-1L, 0, 1, FakeDriver.memoryBytes(3));
            assertArrayEquals(config("abc", 1), frontend.ask(GET_CONFIG, config("", 0)));
            frontend.start(2, 64);
            assertArrayEquals(config("abc", 2), frontend.ask(GET_CONFIG, config("", 0)));
        }
    }

    /** The message with all of the configuration. */
    private static byte[] config(String tag, int requestQueues) {
        ByteBuffer message = FakeFrontend.buffer(12 + 40).putInt(0).putInt(40).putInt(0);
        return message.put(tag.getBytes(StandardCharsets.UTF_8))
                .putInt(12 + 36, requestQueues)
                .array();
    }

    /** MUST 19: stopped and started in between, no request is lost or repeated. */
    @Test
    void stoppedDevicesGoOnWhereTheyWere() throws Exception {
        for (long features : FORMATS) {
            int size = features == -1L ? 7 : 64; // a packed ring's need be no power of two
            try (FakeFrontend frontend = start(features, 0, 2, size)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(0);
                String name = "dir" + size;
                long node = fuse.mkdir(FuseClient.ROOT, name, 0700).nodeId();
                for (int round = 0; round < 20; round++) {
                    frontend.resume(frontend.stop());
                    assertEquals(node, fuse.lookup(FuseClient.ROOT, name).nodeId());
                    fuse.forget(node, 1);
                }
            }
        }
    }

    @Test
    void manyRequestsAtOnceAreEachAnsweredOnce() throws Exception {
        int slots = 32;
        long flags = ~FakeFrontend.F_EVENT_IDX;
        for (long features : new long[] {-1L, FORMATS[0], flags, flags & FORMATS[0]}) {
            try (FakeFrontend frontend = start(features, 0, 2, 128)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(0);
                FakeDriver queue = frontend.queue(1).slots(slots).indirect(true);
                long unique = 1000;
                for (int round = 0; round < 200; round++) {
                    int[] heads = new int[slots];
                    for (int slot = 0; slot < slots; slot++) {
                        byte[] request = getattr(unique + slot);
                        heads[slot] = queue.prepare(slot, request, request.length, 120);
                    }
                    queue.makeAvailable(heads);
                    BitSet seen = new BitSet();
                    for (int i = 0; i < slots; i++) {
                        assertEquals(120, queue.await());
                        ByteBuffer answer = FakeFrontend.buffer(120);
                        answer.put(queue.answer(queue.lastSlot(), 120));
                        assertEquals(unique + queue.lastSlot(), answer.getLong(8));
                        seen.set(queue.lastSlot());
                    }
                    assertEquals(slots, seen.cardinality());
                    unique += slots;
                }
            }
        }
    }

    private static byte[] getattr(long unique) {
        return FakeFrontend.buffer(56)
                .putInt(56)
                .putInt(3)
                .putLong(unique)
                .putLong(FuseClient.ROOT)
                .array();
    }

    /** MUST 5: nobody acknowledges what was not agreed on. */
    @Test
    void refusedFeaturesOfTheProtocolAreNotServed() throws Exception {
        try (FakeFrontend frontend = backEnd.connect()) {
            frontend.negotiate(-1L, -1L, 1, FakeDriver.memoryBytes(2));
            frontend.send(FakeFrontend.GET_MAX_MEM_SLOTS, 1, new byte[0]);
            assertThrows(
                    EOFException.class, () -> frontend.receive(FakeFrontend.GET_MAX_MEM_SLOTS));
        }
        try (FakeFrontend frontend = start(-1L, FakeFrontend.PF_REPLY_ACK, 1, 64)) {
            frontend.send(FakeFrontend.SET_VRING_ENABLE, 9, FakeFrontend.state(1, 1));
            assertTrue(frontend.ask(FakeFrontend.GET_FEATURES).length == 8);
        }
    }
}
