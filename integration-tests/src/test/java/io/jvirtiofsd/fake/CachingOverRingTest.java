package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.OpenFlags;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the guest may keep, and how its programs get past that, as a guest is told it. */
class CachingOverRingTest {
    private static final long ALL = 0x7ff_7fff_ffffL & ~(1L << 31);
    private static final int DO_READDIRPLUS = 13; // fuse.h
    private static final int WRITEBACK_CACHE = 16; // fuse.h
    private static final int CACHE_SYMLINKS = 23; // fuse.h
    private static final int NO_OPENDIR_SUPPORT = 24; // fuse.h
    private static final int DIRECT_IO_ALLOW_MMAP = 36; // fuse.h
    private static final int WRITE_CACHE = 1; // fuse.h FUSE_WRITE_CACHE

    private static final int O_WRONLY = 1;
    private static final int O_RDWR = 2;
    private static final int O_APPEND = 0x400;
    private static final int S_IFREG = 0x8000;
    private static final int LOOKUP = 1;
    private static final int IOCTL = 39;
    private static final int GETFLAGS = 0x80086601; // linux/fs.h FS_IOC_GETFLAGS
    private static final Set<String> LASTING_POSITIONS = Set.of("ext2", "ext3", "ext4", "xfs");
    private static final int EBADF = 9;
    private static final int ENOTDIR = 20;
    private static final int EINVAL = 22;
    private static final int ENOSYS = 38;

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
        }
    }

    private void begin(UnaryOperator<BackEndOptions.Builder> settings) throws Exception {
        rig = new FuseRig(folder, settings, FuseRig.FEATURES);
        fuse = rig.fuse();
    }

    private void begin(CacheOptions cache) throws Exception {
        begin(options -> options.cache(cache));
    }

    private static CacheOptions auto() {
        return CacheOptions.of(CachePolicy.AUTO);
    }

    private boolean accepts(int bit) {
        return (fuse.init(ALL) >>> bit & 1) != 0;
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** O_ flags of the descriptors this process has of {@code file}. */
    private static List<Integer> hostFlags(Path file) throws Exception {
        List<Integer> flags = new ArrayList<>();
        try (var descriptors = Files.list(Path.of("/proc/self/fd"))) {
            for (Path fd : (Iterable<Path>) descriptors::iterator) {
                if (!Files.isSymbolicLink(fd)
                        || !Files.readSymbolicLink(fd).equals(file.toRealPath())) {
                    continue;
                }
                Path info = Path.of("/proc/self/fdinfo", fd.getFileName().toString());
                String line = Files.readAllLines(info).get(1);
                flags.add(Integer.parseInt(line.split("\\s+")[1], 8));
            }
        }
        flags.removeIf(value -> (value & OpenFlags.O_PATH) != 0);
        return flags;
    }

    @Test
    void aGuestThatWritesBackReadsWhatItOpenedForWriting() throws Exception {
        begin(auto().withWriteback(true));
        assertTrue(accepts(WRITEBACK_CACHE));
        Files.writeString(rig.share().resolve("file"), "content");
        long file = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        long fh = fuse.open(file, O_WRONLY | O_APPEND);
        assertArrayEquals(ascii("content"), fuse.read(file, fh, 0, 100));
        fuse.write(file, fh, 1, WRITE_CACHE, O_WRONLY | O_APPEND, ascii("ON"));
        assertEquals("cONtent", Files.readString(rig.share().resolve("file")));
        var made = fuse.create(FuseClient.ROOT, "made", O_WRONLY, S_IFREG | 0200);
        assertEquals(0, fuse.read(made.node().nodeId(), made.fh(), 0, 100).length);
    }

    @Test
    void timesOfAGuestThatWritesBackAreKept() throws Exception {
        begin(auto().withWriteback(true));
        fuse.init(ALL);
        var made = fuse.create(FuseClient.ROOT, "file", O_RDWR, S_IFREG | 0600);
        fuse.write(made.node().nodeId(), made.fh(), 0, WRITE_CACHE, ascii("data"));
        ByteBuffer in = FakeFrontend.buffer(88);
        in.putInt(0, 1 << 5 | 1 << 6 | 1 << 10); // FATTR_MTIME, FATTR_FH, FATTR_CTIME
        in.putLong(8, made.fh());
        in.putLong(40, 1_000_000_000L).putInt(60, 123_456_789).putLong(48, 1_000_000_001L);
        fuse.raw(4, made.node().nodeId(), in.array(), 104);
        FileTime time = Files.getLastModifiedTime(rig.share().resolve("file"));
        assertEquals(1_000_000_000_123_456_789L, time.to(TimeUnit.NANOSECONDS));
        assertEquals("data", Files.readString(rig.share().resolve("file")));
    }

    @Test
    void withoutWritebackWhatIsOpenForWritingIsNotRead() throws Exception {
        begin(auto());
        assertFalse(accepts(WRITEBACK_CACHE));
        var made = fuse.create(FuseClient.ROOT, "file", O_WRONLY, S_IFREG | 0600);
        var refused =
                assertThrows(
                        FuseErrorException.class,
                        () -> fuse.read(made.node().nodeId(), made.fh(), 0, 1));
        assertEquals(EBADF, refused.errno());
    }

    @Test
    void nothingIsWrittenBackWhereNothingIsKeptOrWritten() throws Exception {
        for (CachePolicy policy : List.of(CachePolicy.NEVER, CachePolicy.METADATA)) {
            begin(CacheOptions.of(policy).withWriteback(true));
            assertFalse(accepts(WRITEBACK_CACHE), policy.name());
            rig.close();
        }
        begin(options -> options.readOnly(true).cache(auto().withWriteback(true)));
        assertFalse(accepts(WRITEBACK_CACHE));
    }

    @Test
    void policiesDecideAboutListingsAndLinks() throws Exception {
        for (CachePolicy policy : CachePolicy.values()) {
            begin(CacheOptions.of(policy));
            assertEquals(policy != CachePolicy.NEVER, accepts(DO_READDIRPLUS), policy.name());
            assertEquals(policy.cachesSymlinks(), accepts(CACHE_SYMLINKS), policy.name());
            assertFalse(accepts(DIRECT_IO_ALLOW_MMAP), policy.name());
            rig.close();
        }
        begin(CacheOptions.of(CachePolicy.NEVER).withSharedMmap(true));
        assertTrue(accepts(DIRECT_IO_ALLOW_MMAP));
    }

    @Test
    void directIsHonouredIfAskedForOnly() throws Exception {
        begin(auto());
        int flags = O_RDWR | OpenFlags.O_DIRECT;
        fuse.create(FuseClient.ROOT, "file", flags, S_IFREG | 0600);
        assertEquals(0, hostFlags(rig.share().resolve("file")).get(0) & OpenFlags.O_DIRECT);
        rig.close();
        begin(auto().withDirectIo(true));
        fuse.create(FuseClient.ROOT, "direct", flags, S_IFREG | 0600);
        assertNotEquals(0, hostFlags(rig.share().resolve("direct")).get(0) & OpenFlags.O_DIRECT);
        fuse.create(FuseClient.ROOT, "cached", O_RDWR, S_IFREG | 0600);
        assertEquals(0, hostFlags(rig.share().resolve("cached")).get(0) & OpenFlags.O_DIRECT);
    }

    /** The file system of the test's folder may want no alignment: then all is written. */
    @Test
    void whatDirectRefusesIsWrittenIfTheGuestsKernelWroteItOnly() throws Exception {
        begin(auto().withDirectIo(true));
        int flags = O_WRONLY | OpenFlags.O_DIRECT;
        var made = fuse.create(FuseClient.ROOT, "file", flags, S_IFREG | 0600);
        long file = made.node().nodeId();
        assertEquals(3, fuse.write(file, made.fh(), 1, WRITE_CACHE, flags, ascii("abc")));
        assertEquals(3, fuse.write(file, made.fh(), 4, 0, O_WRONLY, ascii("def")));
        assertEquals("\0abcdef", Files.readString(rig.share().resolve("file")));
        try {
            assertEquals(1, fuse.write(file, made.fh(), 0, 0, flags, ascii("!")));
        } catch (FuseErrorException e) {
            assertEquals(EINVAL, e.errno());
            assertEquals("\0abcdef", Files.readString(rig.share().resolve("file")));
        }
        assertEquals(1, hostFlags(rig.share().resolve("file")).size());
    }

    @Test
    void aWindowTakesDirectAway() throws Exception {
        CacheOptions cache = auto().withDirectIo(true);
        try (DaxRig dax = new DaxRig(folder, options -> options.cache(cache), false)) {
            int flags = O_RDWR | OpenFlags.O_DIRECT;
            dax.fuse.create(FuseClient.ROOT, "file", flags, S_IFREG | 0600);
            assertEquals(0, hostFlags(dax.share.resolve("file")).get(0) & OpenFlags.O_DIRECT);
        }
    }

    @Test
    void directoriesWhoseListsAreKeptNeedNotBeOpened() throws Exception {
        begin(CacheOptions.of(CachePolicy.METADATA));
        boolean agreed = accepts(NO_OPENDIR_SUPPORT);
        String type = Files.getFileStore(rig.share()).type();
        assertEquals(LASTING_POSITIONS.contains(type), agreed, type);
        if (!agreed) {
            assertErrno(EBADF, () -> fuse.readdir(FuseClient.ROOT, 0, 0, 4096, false));
            return;
        }
        assertErrno(ENOSYS, () -> fuse.opendir(FuseClient.ROOT));
        Path many = Files.createDirectory(rig.share().resolve("many"));
        Set<String> expected = new TreeSet<>(Set.of(".", ".."));
        for (int i = 0; i < 500; i++) {
            expected.add(Files.createFile(many.resolve("f" + i)).getFileName().toString());
        }
        long node = fuse.lookup(FuseClient.ROOT, "many").nodeId();
        fuse.fsyncdir(node, 0);
        byte[] ioctl =
                FakeFrontend.buffer(32).putInt(8, 16).putInt(12, GETFLAGS).putInt(28, 8).array();
        assertEquals(16 + 8, fuse.raw(IOCTL, node, ioctl, 64).length);
        int before = OpenDescriptors.count();
        for (boolean plus : new boolean[] {false, true}) {
            List<String> seen = new ArrayList<>();
            long offset = 0;
            for (var entries = fuse.readdir(node, 0, 0, 1000, plus);
                    !entries.isEmpty();
                    entries = fuse.readdir(node, 0, offset, 1000, plus)) {
                entries.forEach(entry -> seen.add(entry.name()));
                offset = entries.get(entries.size() - 1).offset();
            }
            assertEquals(502, seen.size());
            assertEquals(expected, new TreeSet<>(seen));
        }
        for (String name : expected) { // what READDIRPLUS has looked up keeps a descriptor
            if (name.startsWith("f")) {
                fuse.forget(fuse.lookup(node, name).nodeId(), 2);
            }
        }
        OpenDescriptors.assertSettleAt(before);
        assertErrno(ENOTDIR, () -> fuse.readdir(file(), 0, 0, 4096, false));
    }

    private long file() {
        return fuse.create(FuseClient.ROOT, "file", O_RDWR, S_IFREG | 0600).node().nodeId();
    }

    @Test
    void otherPoliciesOpenDirectories() throws Exception {
        for (CachePolicy policy : List.of(CachePolicy.NEVER, CachePolicy.AUTO)) {
            begin(CacheOptions.of(policy));
            assertFalse(accepts(NO_OPENDIR_SUPPORT), policy.name());
            long fh = fuse.opendir(FuseClient.ROOT);
            assertEquals(2, fuse.readdir(FuseClient.ROOT, fh, 0, 4096, false).size());
            assertErrno(EBADF, () -> fuse.readdir(FuseClient.ROOT, 0, 0, 4096, false));
            rig.close();
        }
    }

    private static void assertErrno(int errno, Runnable request) {
        assertEquals(errno, assertThrows(FuseErrorException.class, request::run).errno());
    }

    @Test
    void thatANameDoesNotExistMayBeKept() throws Exception {
        begin(auto().withNegativeNanos(1_500_000_000L));
        byte[] answer = fuse.raw(LOOKUP, FuseClient.ROOT, ascii("name\0"), 128);
        ByteBuffer entry = FakeFrontend.buffer(128).put(answer).flip();
        assertEquals(128, entry.remaining());
        assertEquals(0, entry.getLong(0));
        assertEquals(1, entry.getLong(16));
        assertEquals(500_000_000, entry.getInt(32));
        Files.writeString(rig.share().resolve("name"), "");
        assertNotEquals(0, fuse.lookup(FuseClient.ROOT, "name").nodeId());
        fuse.unlink(FuseClient.ROOT, "name");
        assertEquals(0, fuse.lookup(FuseClient.ROOT, "name").nodeId());
    }
}
