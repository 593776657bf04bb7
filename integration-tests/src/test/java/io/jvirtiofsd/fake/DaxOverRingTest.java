package io.jvirtiofsd.fake;

import static io.jvirtiofsd.dax.GuardMode.OFF;
import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeShmem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in the DAX window: what guest and host see, and who may ask for what. */
class DaxOverRingTest {
    private static final int RANGE = DaxRig.RANGE;
    private static final int O_RDWR = 2;
    private static final int O_TRUNC = 0x200;
    private static final int S_IFREG = 0x8000;
    private static final int FATTR_SIZE = 8;
    private static final int PUNCH_HOLE_KEEP_SIZE = 3;

    private static final int ENOENT = 2;
    private static final int EINVAL = 22;
    private static final int EROFS = 30;
    private static final int EOPNOTSUPP = 95;

    @TempDir Path folder;
    private DaxRig rig;

    @BeforeEach
    void begin() throws IOException {
        rig = new DaxRig(folder);
    }

    @AfterEach
    void end() throws IOException {
        rig.close();
    }

    @ParameterizedTest
    @ValueSource(
            ints = {1, 340, 4095, 4096, 4097, 70_000, 2_097_151, 2_097_152, 2_097_153, 5_243_909})
    void filesOfAnySizeShow(int size) throws Exception {
        byte[] bytes = rig.file("f", size);
        long node = rig.lookup("f");
        for (int i = 0; i * RANGE < size; i++) {
            rig.setup(node, (long) i * RANGE, i);
            rig.assertShows(bytes, i * RANGE, (long) i * RANGE);
        }
        rig.remove(0, RANGE, RANGE, RANGE, 2 * RANGE, RANGE);
        assertEquals(0, rig.window().maps());
    }

    /** The first page beyond whole ones is made when its answer is half given. */
    @Test
    void attributesOfAFileThatHasGrownAreItsOwn() throws Exception {
        for (int request = 0; request < 2; request++) {
            String name = "f" + request;
            rig.file(name, 4096);
            FuseClient.Node before = rig.fuse.lookup(FuseClient.ROOT, name);
            rig.setup(before.nodeId(), 0, 0);
            Files.write(rig.share.resolve(name), new byte[10], StandardOpenOption.APPEND);
            FuseClient.Node after =
                    request == 0
                            ? rig.fuse.lookup(FuseClient.ROOT, name)
                            : rig.fuse.getattr(before.nodeId());
            assertEquals(4106, after.size());
            assertEquals(before.mode(), after.mode());
            assertEquals(before.ino(), after.ino());
            rig.close();
            rig = new DaxRig(folder);
        }
    }

    @Test
    void initAgreesOnMappingAndFilesAreMarked() throws Exception {
        assertEquals(1L << 26, rig.initFlags & 1L << 26); // MAP_ALIGNMENT
        rig.file("f", 10);
        byte[] entry = rig.fuse.raw(1, FuseClient.ROOT, new byte[] {'f', 0}, 128);
        assertEquals(2, entry[40 + 84]); // entry_out.attr.flags: FUSE_ATTR_DAX
    }

    /** Stores to a page that is dirty are unseen by the host's kernel. */
    @Test
    void theFirstStoreAfterFsyncMovesTheTimes() throws IOException {
        rig.file("f", RANGE);
        long node = rig.lookup("f");
        rig.setup(node, 0, 0);
        Path file = rig.share.resolve("f");
        for (int round = 0; round < 3; round++) {
            Files.setLastModifiedTime(file, FileTime.fromMillis(0));
            rig.window().store(5, new byte[] {(byte) round});
            assertTrue(Files.getLastModifiedTime(file).toMillis() > 0, "round " + round);
            long fh = rig.fuse.open(node, O_RDWR);
            rig.fuse.fsync(node, fh);
            rig.fuse.release(node, fh);
        }
    }

    /** Else the guest reads a file up to the size it knows, without a request. */
    @Test
    void attributesOfFilesThatMayBeMappedAreNotKept() throws Exception {
        rig.file("f", 10);
        Files.createDirectory(rig.share.resolve("d"));
        assertEquals(List.of(1L, 0L, 1L, 1L), keptSeconds(0)); // without a window
        assertEquals(List.of(1L, 0L, 0L, 0L), keptSeconds(1L << 26)); // dax=always
        assertEquals(List.of(1L, 0L, 0L, 0L), keptSeconds(1L << 26 | 1L << 33)); // dax=inode
        rig.close();
        rig =
                new DaxRig(
                        folder,
                        options -> options.dax(new DaxOptions(DaxRig.WINDOW, 11, OFF)),
                        false);
        assertEquals(List.of(1L, 0L, 0L, 0L), keptSeconds(1L << 26));
        assertEquals(List.of(1L, 0L, 1L, 1L), keptSeconds(1L << 26 | 1L << 33));
        rig.close();
        CacheOptions always = CacheOptions.of(CachePolicy.ALWAYS);
        rig = new DaxRig(folder, all -> all.cache(always), false);
        assertEquals(List.of(86_400L, 0L, 86_400L, 86_400L), keptSeconds(1L << 26));
    }

    /** Of a file's name, past the second, of its attributes by LOOKUP and GETATTR. */
    private List<Long> keptSeconds(long flags) {
        rig.fuse.init(flags | 1L << 30);
        ByteBuffer directory =
                FakeFrontend.buffer(128)
                        .put(rig.fuse.raw(1, FuseClient.ROOT, new byte[] {'d', 0}, 128));
        ByteBuffer entry =
                FakeFrontend.buffer(128)
                        .put(rig.fuse.raw(1, FuseClient.ROOT, new byte[] {'f', 0}, 128));
        ByteBuffer attr =
                FakeFrontend.buffer(104).put(rig.fuse.raw(3, entry.getLong(0), new byte[16], 104));
        assertEquals(entry.getLong(16), directory.getLong(24));
        return List.of(
                entry.getLong(16), (long) entry.getInt(36), entry.getLong(24), attr.getLong(0));
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 4, 8, 9, 0x12, 0x13, 0x18, 0x20, 0x40, 0x80, -1})
    void modesOfFallocateThatLinuxDoesNotSendAreRefused(int mode) throws Exception {
        byte[] bytes = rig.file("f", RANGE);
        long node = rig.lookup("f");
        long fh = rig.fuse.open(node, O_RDWR);
        assertErrno(EOPNOTSUPP, () -> rig.fuse.fallocate(node, fh, 0, 4096, mode));
        rig.assertOnHost(bytes, "f");
    }

    @Test
    void storesReadsAndWritesSeeEachOtherBehindTheLastWholePage() throws Exception {
        byte[] bytes = rig.file("f", 10_000);
        long node = rig.lookup("f");
        long fh = rig.fuse.open(node, O_RDWR);
        rig.setup(node, 0, 0);
        rig.window().store(9000, new byte[] {1, 2, 3}); // the third page ends at 12,288
        System.arraycopy(new byte[] {1, 2, 3}, 0, bytes, 9000, 3);
        assertArrayEquals(bytes, rig.fuse.read(node, fh, 0, 20_000));
        rig.assertOnHost(bytes, "f");
        rig.fuse.write(node, fh, 9001, new byte[] {4, 5, 6});
        System.arraycopy(new byte[] {4, 5, 6}, 0, bytes, 9001, 3);
        rig.assertShows(bytes, 0, 0);
        rig.window().store(9999, new byte[] {7, 8}); // the last byte, and one that is in no file
        bytes[9999] = 7;
        rig.fuse.fsync(node, fh);
        rig.assertOnHost(bytes, "f");
        rig.window().store(8192, new byte[] {9});
        bytes[8192] = 9;
        rig.remove(0, RANGE);
        rig.assertOnHost(bytes, "f");
    }

    @Test
    void growthByWritesShowsWithoutAnyMapBeingTakenAway() throws Exception {
        Created made = rig.fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0644);
        long node = made.node().nodeId();
        byte[] bytes = new byte[0];
        rig.setup(node, 0, 0);
        int requests = 0;
        for (int round = 0; round < 40; round++) {
            byte[] more = new byte[round * 611 + 1];
            Arrays.fill(more, (byte) (round + 1));
            rig.window().store(bytes.length, new byte[] {99}); // behind the end: lost
            rig.fuse.write(node, made.fh(), bytes.length, more);
            int before = bytes.length;
            bytes = Arrays.copyOf(bytes, before + more.length);
            System.arraycopy(more, 0, bytes, before, more.length);
            rig.assertShows(bytes, 0, 0);
            if (round == 0) {
                requests = rig.window().requests();
            }
        }
        assertEquals(requests, rig.window().requests());
        rig.fuse.write(node, made.fh(), bytes.length + 5000, new byte[] {1}); // a hole
        bytes = Arrays.copyOf(bytes, bytes.length + 5001);
        bytes[bytes.length - 1] = 1;
        rig.assertShows(bytes, 0, 0);
        rig.assertOnHost(bytes, "f");
    }

    @Test
    void truncatingTakesPagesAwayAndGivesThemBackAsZeros() throws Exception {
        byte[] bytes = rig.file("f", 3_000_001);
        long node = rig.lookup("f");
        rig.setup(node, 0, 0);
        rig.setup(node, RANGE, 1);
        for (int size : new int[] {2_500_000, 50_000, 49_152, 100, 0, 4096, 1_000_000, 4_000_000}) {
            rig.fuse.setattr(node, FATTR_SIZE, 0, 0, 0, size);
            bytes = Arrays.copyOf(bytes, size);
            rig.assertShows(bytes, 0, 0);
            if (size > RANGE) {
                rig.assertShows(bytes, RANGE, RANGE);
            } else {
                assertEquals(0, rig.window().load(RANGE, 1).length);
            }
            rig.assertOnHost(bytes, "f");
        }
        rig.fuse.open(node, O_RDWR | O_TRUNC);
        assertEquals(0, rig.window().maps()); // an empty file is never mapped
    }

    @Test
    void holesAndCopiesShow() throws Exception {
        byte[] bytes = rig.file("f", 20_000);
        long node = rig.lookup("f");
        long fh = rig.fuse.open(node, O_RDWR);
        rig.setup(node, 0, 0);
        rig.fuse.fallocate(node, fh, 4000, 15_500, PUNCH_HOLE_KEEP_SIZE);
        Arrays.fill(bytes, 4000, 19_500, (byte) 0);
        rig.assertShows(bytes, 0, 0);
        rig.fuse.fallocate(node, fh, 0, 30_000, 0);
        bytes = Arrays.copyOf(bytes, 30_000);
        rig.assertShows(bytes, 0, 0);
        rig.window().store(29_999, new byte[] {3});
        bytes[29_999] = 3;
        Created copy = rig.fuse.create(FuseClient.ROOT, "copy", O_RDWR, S_IFREG | 0644);
        copyFileRange(node, fh, copy.node().nodeId(), copy.fh(), bytes.length);
        rig.assertOnHost(bytes, "copy");
        // Into a mapped file the guest copies by itself.
        long copyNode = copy.node().nodeId();
        assertErrno(EOPNOTSUPP, () -> copyFileRange(copyNode, copy.fh(), node, fh, 100));
    }

    private void copyFileRange(long node, long fh, long toNode, long toFh, long length) {
        byte[] arguments =
                FakeFrontend.buffer(56)
                        .putLong(fh)
                        .putLong(0)
                        .putLong(toNode)
                        .putLong(toFh)
                        .putLong(0)
                        .putLong(length)
                        .putLong(0)
                        .array();
        rig.fuse.raw(47, node, arguments, 8);
    }

    @Test
    void whatTheHostWritesShowsSoon() throws Exception {
        byte[] bytes = rig.file("f", 10_000);
        long node = rig.lookup("f");
        rig.setup(node, 0, 0);
        Files.write(rig.share.resolve("f"), new byte[] {1, 2, 3}, StandardOpenOption.APPEND);
        assertEquals(10_003, rig.fuse.getattr(node).size()); // from here on the guest may look
        byte[] longer = Arrays.copyOf(bytes, 10_003);
        System.arraycopy(new byte[] {1, 2, 3}, 0, longer, 10_000, 3);
        rig.assertShows(longer, 0, 0);
        try (RandomAccessFile file = new RandomAccessFile(rig.share.resolve("f").toFile(), "rw")) {
            file.seek(9000);
            file.write(77);
            longer[9000] = 77;
            assertTrue(
                    Waiting.until(
                            () -> rig.window().load(9000, 1)[0] == 77)); // without any request
            file.setLength(100);
            assertTrue(
                    Waiting.until(() -> Arrays.equals(new byte[] {0}, rig.window().load(100, 1))));
            assertTrue( // no SIGBUS for a late look
                    Waiting.until(() -> rig.window().load(8192, 4096).length == 4096));
            assertArrayEquals(Arrays.copyOf(longer, 100), rig.window().load(0, 100));
        }
        rig.window().store(50, new byte[] {5});
        assertTrue(Waiting.until(() -> hostByte(50) == 5)); // at most a second, without any request
    }

    @Test
    void wholePagesAreTheSameMemoryOnBothSides() throws Exception {
        byte[] bytes = rig.file("f", 10_000);
        rig.setup(rig.lookup("f"), 0, 0);
        rig.window().store(4000, new byte[] {1, 2}); // without any request from here on
        assertEquals(2, hostByte(4001));
        try (RandomAccessFile file = new RandomAccessFile(rig.share.resolve("f").toFile(), "rw")) {
            file.seek(5000);
            file.write(99);
        }
        assertEquals(99, rig.window().load(5000, 1)[0]);
        assertEquals(bytes[8000], rig.window().load(8000, 1)[0]);
    }

    @Test
    void closingBringsStoresToTheHost() throws Exception {
        rig.file("f", 10_000);
        long node = rig.lookup("f");
        long fh = rig.fuse.open(node, O_RDWR);
        rig.setup(node, 0, 0);
        rig.window().store(9000, new byte[] {11});
        rig.fuse.flush(node, fh);
        assertEquals(11, hostByte(9000));
        rig.window().store(9000, new byte[] {12});
        rig.fuse.release(node, fh);
        assertEquals(12, hostByte(9000));
        rig.window().store(9000, new byte[] {13});
        rig.fuse.getattr(node);
        assertEquals(13, hostByte(9000));
    }

    @Test
    void whatTheHostStoresByMmapShowsWithinSecondsAndOneOfTwoStoresStays() throws Exception {
        rig.file("f", 10_000);
        long node = rig.lookup("f");
        rig.setup(node, 0, 0);
        try (FileChannel file =
                FileChannel.open(
                        rig.share.resolve("f"),
                        StandardOpenOption.READ,
                        StandardOpenOption.WRITE)) {
            MappedByteBuffer map = file.map(FileChannel.MapMode.READ_WRITE, 0, 10_000);
            map.put(9000, (byte) 21); // no event tells of it
            assertTrue(Waiting.until(() -> rig.window().load(9000, 1)[0] == 21));
            map.put(9100, (byte) 1);
            rig.window().store(9100, new byte[] {2});
            rig.fuse.getattr(node);
            byte stays = map.get(9100);
            assertTrue(stays == 1 || stays == 2, "neither of both: " + stays);
            assertTrue(Waiting.until(() -> rig.window().load(9100, 1)[0] == map.get(9100)));
        }
    }

    private byte hostByte(int index) {
        try {
            return rig.onHost("f")[index];
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void impossibleRequestsAreErrorsAndChangeNothing() throws Exception {
        rig.file("f", RANGE);
        Files.createDirectory(rig.share.resolve("d"));
        long node = rig.lookup("f");
        long directory = rig.lookup("d");
        rig.setup(node, 0, 0);
        int maps = rig.window().maps();
        long window = DaxRig.WINDOW;
        long[][] ranges = {
            // file offset, length, flags, window offset
            {0, RANGE, 0, RANGE},
            {0, RANGE, 4, RANGE},
            {0, RANGE, 1L << 40 | 2, RANGE},
            {0, 0, 2, RANGE},
            {0, 100, 2, RANGE},
            {0, -4096, 2, RANGE},
            {100, 4096, 2, RANGE},
            {-4096, 8192, 2, RANGE},
            {Long.MAX_VALUE - 4095, 8192, 2, RANGE},
            {0, 4096, 2, 100},
            {0, 4096, 2, -4096},
            {0, 4096, 2, window},
            {0, 8192, 2, window - 4096},
            {0, window + 4096, 2, 0},
            {0, Long.MIN_VALUE, 2, 0},
        };
        for (long[] r : ranges) {
            assertErrno(EINVAL, () -> rig.setup(node, r[0], r[1], r[2], r[3]));
        }
        assertErrno(EINVAL, () -> rig.setup(directory, 0, 1));
        assertErrno(ENOENT, () -> rig.setup(12_345, 0, 1));
        assertErrno(EINVAL, () -> rig.removeCounted(0));
        assertErrno(EINVAL, () -> rig.removeCounted(2, 0, RANGE));
        assertErrno(EINVAL, () -> rig.removeCounted(-1, 0, RANGE));
        assertErrno(EINVAL, () -> rig.remove(0, RANGE, window, RANGE)); // all or nothing
        assertErrno(EINVAL, () -> rig.remove(0, RANGE, 0, -4096));
        assertEquals(maps, rig.window().maps());
        rig.remove(RANGE, RANGE); // nothing there: fine
        rig.assertShows(rig.onHost("f"), 0, 0);
    }

    @Test
    void aReadOnlyShareIsNotMapped() throws Exception {
        rig.close();
        rig = new DaxRig(folder, options -> options.readOnly(true), false);
        rig.file("f", RANGE);
        long node = rig.lookup("f");
        byte[] entry = rig.fuse.raw(1, FuseClient.ROOT, new byte[] {'f', 0}, 128);
        assertEquals(0, entry[40 + 84]);
        assertErrno(EROFS, () -> rig.setup(node, 0, 0));
    }

    @Test
    void aFrontEndThatMapsPastTheEndGetsPlainMaps() throws Exception {
        rig.close();
        rig = new DaxRig(folder, options -> options, true);
        byte[] bytes = rig.file("f", 5000);
        long node = rig.lookup("f");
        long fh = rig.fuse.open(node, O_RDWR);
        rig.setup(node, 0, 0);
        assertEquals(1, rig.window().maps());
        rig.window().store(4999, new byte[] {1});
        bytes[4999] = 1;
        rig.assertOnHost(bytes, "f"); // the page is the file's own
        rig.fuse.write(node, fh, 5000, new byte[100_000]);
        rig.assertShows(Arrays.copyOf(bytes, 105_000), 0, 0);
    }

    @Test
    void buffersMayLieInTheWindowEvenWhereNothingIs() throws Exception {
        rig.file("f", RANGE);
        byte[] other = rig.file("other", 4096);
        long node = rig.lookup("f");
        long otherNode = rig.lookup("other");
        long fh = rig.fuse.open(otherNode, O_RDWR);
        rig.setup(node, 0, 1);
        assertEquals(16 + 4096, readInto(FakeShmem.WINDOW_GPA + RANGE + 8192, otherNode, fh));
        assertArrayEquals(other, rig.window().load(RANGE + 8192, 4096));
        // A hole in the window: the transfer fails, nothing else does.
        assertEquals(16, readInto(FakeShmem.WINDOW_GPA, otherNode, fh));
        assertArrayEquals(other, rig.fuse.read(otherNode, fh, 0, 4096));
    }

    /** READ of 4096 bytes to a guest address; the used length. */
    private int readInto(long gpa, long node, long fh) {
        FakeDriver queue = rig.frontend.queue(2);
        byte[] request =
                FakeFrontend.buffer(80)
                        .putInt(80)
                        .putInt(15)
                        .putLong(7)
                        .putLong(node)
                        .position(40)
                        .putLong(fh)
                        .putLong(0)
                        .putInt(4096)
                        .array();
        int head = queue.prepare(0, request, request.length, 16 + 4096);
        var memory = rig.frontend.memory().get(0).view();
        int second = queue.descriptorsOffset() + 16 * (head + 1);
        long answer = memory.getLong(second);
        queue.put(second, answer, 16, 1 | 2, head + 2); // NEXT, WRITE
        queue.put(second + 16, gpa, 4096, 2, 0);
        queue.redescribed(0);
        queue.makeAvailable(head);
        return queue.await();
    }
}
