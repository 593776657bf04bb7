package io.jvirtiofsd.nio;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.fake.FuseRig;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Java file systems from the guest's side of a ring. */
class NioShareTest {
    private static final long ROOT = FuseClient.ROOT;
    private static final int O_RDWR = 2;
    private static final int O_APPEND = 0x400;
    private static final int WRITE_CACHE = 1; // fuse.h FUSE_WRITE_CACHE
    private static final int O_TRUNC = 0x200;
    private static final int S_IFREG = 0x8000;
    private static final int S_IFIFO = 0x1000;

    private static final int SETATTR = 4; // fuse.h
    private static final int FATTR_MODE = 1;
    private static final int FATTR_SIZE = 8;
    private static final int FATTR_FH = 1 << 6;

    private static final int EPERM = 1;
    private static final int ENOENT = 2;
    private static final int EBADF = 9;
    private static final int EEXIST = 17;
    private static final int EXDEV = 18;
    private static final int ENOTDIR = 20;
    private static final int EISDIR = 21;
    private static final int EINVAL = 22;
    private static final int EFBIG = 27;
    private static final int ENOSPC = 28;
    private static final int EROFS = 30;
    private static final int ENOTEMPTY = 39;
    private static final int EILSEQ = 84;

    @TempDir Path folder;

    private static FileSystem memory() {
        return Jimfs.newFileSystem(
                Configuration.unix().toBuilder()
                        .setAttributeViews("unix")
                        .setMaxSize(16 << 20)
                        .build());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Set<String> names(FuseClient fuse, long directory, int size, boolean plus) {
        long fh = fuse.opendir(directory);
        Set<String> names = new TreeSet<>();
        long offset = 0;
        while (true) {
            List<DirEntry> part = fuse.readdir(directory, fh, offset, size, plus);
            if (part.isEmpty()) {
                fuse.releasedir(directory, fh);
                return names;
            }
            for (DirEntry entry : part) {
                assertTrue(names.add(entry.name()), entry.name());
                offset = entry.offset();
            }
        }
    }

    @Test
    void appendsLandBehindWhatIsThere() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Created made = fuse.create(ROOT, "log", O_RDWR | O_APPEND, S_IFREG | 0640);
            long node = made.node().nodeId();
            fuse.write(node, made.fh(), 0, 0, O_RDWR | O_APPEND, bytes("guest "));
            Path log = memory.getPath("/share/log");
            Files.writeString(log, "host ", StandardOpenOption.APPEND);
            fuse.write(node, made.fh(), 6, 0, O_RDWR | O_APPEND, bytes("guest"));
            fuse.write(node, made.fh(), 1, WRITE_CACHE, O_RDWR | O_APPEND, bytes("U"));
            assertEquals("gUest host guest", Files.readString(log));
        }
    }

    /** The channel of one file and the attributes of another would be changed. */
    @Test
    void aHandleOfAnotherNodeIsRefused() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Created made = fuse.create(ROOT, "one", O_RDWR, S_IFREG | 0640);
            long fh = made.fh();
            fuse.write(made.node().nodeId(), fh, 0, bytes("content"));
            Created other = fuse.create(ROOT, "other", O_RDWR, S_IFREG | 0640);
            long node = other.node().nodeId();
            long own = other.fh();
            byte[] cut =
                    ByteBuffer.allocate(88)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putInt(0, FATTR_MODE | FATTR_SIZE | FATTR_FH)
                            .putLong(8, fh)
                            .putInt(68, 0700)
                            .array();
            assertErrno(EBADF, () -> fuse.raw(SETATTR, node, cut, 104));
            assertErrno(EBADF, () -> fuse.getattr(node, fh));
            assertErrno(EBADF, () -> fuse.fsync(node, fh));
            assertErrno(EBADF, () -> fuse.flush(node, fh));
            assertErrno(EBADF, () -> fuse.lseek(node, fh, 0, 3));
            assertErrno(EBADF, () -> fuse.read(node, fh, 0, 10));
            assertErrno(EBADF, () -> fuse.write(node, fh, 0, bytes("x")));
            assertErrno(EBADF, () -> fuse.fallocate(node, fh, 0, 10, 0));
            assertErrno(EBADF, () -> fuse.copyFileRange(node, fh, 0, node, own, 0, 1));
            assertErrno(EBADF, () -> fuse.copyFileRange(node, own, 0, node, fh, 0, 1));
            long directory = fuse.mkdir(ROOT, "directory", 0755).nodeId();
            long listing = fuse.opendir(ROOT);
            assertErrno(EBADF, () -> fuse.readdir(directory, listing, 0, 4096, false));
            assertErrno(EBADF, () -> fuse.fsyncdir(directory, listing));
            assertEquals(S_IFREG | 0640, fuse.getattr(node, own).mode());
            assertEquals("content", Files.readString(memory.getPath("/share/one")));
            fuse.release(node, fh); // whatever node it is of, so that nothing stays open
        }
    }

    @Test
    void aFileIsMadeWrittenReadAndGone() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Created made = fuse.create(ROOT, "file", O_RDWR, S_IFREG | 0640);
            long node = made.node().nodeId();
            byte[] data = new byte[1_000_000];
            new Random(1).nextBytes(data);
            assertEquals(data.length, fuse.write(node, made.fh(), 5, data));
            byte[] inside = Files.readAllBytes(memory.getPath("/share/file"));
            assertEquals(data.length + 5, inside.length);
            assertEquals(S_IFREG | 0640, fuse.getattr(node).mode());
            assertArrayEquals(data, fuse.read(node, made.fh(), 5, data.length));
            assertEquals(0, fuse.read(node, made.fh(), 2_000_000, 4096).length);
            fuse.fsync(node, made.fh());
            fuse.flush(node, made.fh());
            fuse.unlink(ROOT, "file");
            assertArrayEquals(data, fuse.read(node, made.fh(), 5, data.length));
            assertEquals(0, fuse.getattr(node).nlink());
            long again = fuse.open(node, 0); // by /proc/self/fd
            fuse.setattr(node, 8, 0, 0, 0, 100);
            assertEquals(100, fuse.getattr(node).size());
            fuse.release(node, made.fh());
            assertErrno(EBADF, () -> fuse.read(node, made.fh(), 0, 1));
            assertErrno(EBADF, () -> fuse.write(node, again, 0, bytes("x")));
            assertEquals(100, fuse.read(node, again, 0, 4096).length);
            fuse.release(node, again);
            assertErrno(ENOENT, () -> fuse.open(node, 0));
            fuse.forget(node, 1);
            assertErrno(ENOENT, () -> fuse.getattr(node));
        }
    }

    @Test
    void renamingADirectoryMovesAllBelow() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Node top = fuse.mkdir(ROOT, "top", 0755);
            Node deep = fuse.mkdir(top.nodeId(), "deep", 0700);
            Created file = fuse.create(deep.nodeId(), "f", O_RDWR, S_IFREG | 0600);
            Node other = fuse.mkdir(ROOT, "other", 0755);
            fuse.forget(top.nodeId(), 1); // a guest may, though what is below is known
            fuse.rename(ROOT, "top", other.nodeId(), "moved");
            assertEquals(3, fuse.write(file.node().nodeId(), file.fh(), 0, bytes("abc")));
            assertEquals(3, fuse.getattr(file.node().nodeId()).size());
            assertEquals("abc", Files.readString(memory.getPath("/share/other/moved/deep/f")));
            Node moved = fuse.lookup(other.nodeId(), "moved");
            assertEquals(deep.nodeId(), fuse.lookup(moved.nodeId(), "deep").nodeId());
            assertErrno(EINVAL, () -> fuse.rename(ROOT, "other", deep.nodeId(), "x"));
            assertErrno(ENOTEMPTY, () -> fuse.rename(deep.nodeId(), "f", ROOT, "other"));
            fuse.mkdir(ROOT, "empty", 0755);
            assertErrno(EISDIR, () -> fuse.rename(deep.nodeId(), "f", ROOT, "empty"));
            assertErrno(ENOTDIR, () -> fuse.rename(ROOT, "empty", deep.nodeId(), "f"));
            assertErrno(EEXIST, () -> fuse.rename(deep.nodeId(), "f", ROOT, "empty", 1));
            assertErrno(EINVAL, () -> fuse.rename(deep.nodeId(), "f", ROOT, "empty", 2));
        }
    }

    @Test
    void hardLinksAreOneNode() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Created made = fuse.create(ROOT, "a", O_RDWR, S_IFREG | 0600);
            long node = made.node().nodeId();
            Node linked = fuse.link(node, ROOT, "b");
            assertEquals(node, linked.nodeId());
            assertEquals(2, linked.nlink());
            assertEquals(node, fuse.lookup(ROOT, "b").nodeId());
            fuse.rename(ROOT, "a", ROOT, "b"); // the same object: nothing happens
            assertEquals(Set.of(".", "..", "a", "b"), names(fuse, ROOT, 4096, false));
            fuse.unlink(ROOT, "a");
            assertEquals(1, fuse.getattr(node).nlink());
            assertEquals(1, fuse.write(node, made.fh(), 0, bytes("x")));
            assertEquals("x", Files.readString(memory.getPath("/share/b")));
            Node directory = fuse.mkdir(ROOT, "d", 0755);
            assertErrno(EPERM, () -> fuse.link(directory.nodeId(), ROOT, "e"));
            assertErrno(EPERM, () -> fuse.mknod(ROOT, "fifo", S_IFIFO | 0600, 0));
        }
    }

    @Test
    void ownersModesLinksAndSizesAreKept() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Node made = fuse.as(1000, 1001).mkdir(ROOT, "d", 0750);
            fuse.as(0, 0);
            assertEquals(List.of(1000, 1001), List.of(made.uid(), made.gid()));
            assertEquals(040750, made.mode());
            Node owned = fuse.setattr(made.nodeId(), 2 | 4, 0, 7, 8, 0);
            assertEquals(List.of(7, 8), List.of(owned.uid(), owned.gid()));
            assertEquals(040711, fuse.setattr(made.nodeId(), 1, 0711, 0, 0, 0).mode());
            assertErrno(EPERM, () -> fuse.setattr(made.nodeId(), 1, 04711, 0, 0, 0));
            assertEquals("../x/y", fuse.readlink(fuse.symlink(ROOT, "l", "../x/y").nodeId()));
            Created file = fuse.create(ROOT, "f", O_RDWR, S_IFREG | 0600);
            long node = file.node().nodeId();
            assertEquals(5000, fuse.setattr(node, 8, 0, 0, 0, 5000).size());
            assertArrayEquals(new byte[5000], fuse.read(node, file.fh(), 0, 9000));
            assertEquals(10, fuse.setattr(node, 8, 0, 0, 0, 10).size());
            assertErrno(ENOSPC, () -> fuse.write(node, file.fh(), 1 << 30, bytes("x")));
            assertErrno(EFBIG, () -> fuse.write(node, file.fh(), 1L << 50, bytes("x")));
            assertErrno(EISDIR, () -> fuse.setattr(made.nodeId(), 8, 0, 0, 0, 5));
            assertTrue(fuse.statfs() > 0);
        }
    }

    @Test
    void offsetsOfAnOpenDirectoryStayWhileNamesGo() throws Exception {
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Set<String> made = new TreeSet<>();
            for (int i = 0; i < 1000; i++) {
                Files.createFile(memory.getPath("/share/name-" + i));
                made.add("name-" + i);
            }
            Set<String> listed = names(fuse, ROOT, 700, true);
            listed.removeAll(Set.of(".", ".."));
            assertEquals(made, listed);
            long fh = fuse.opendir(ROOT);
            List<String> removed = new ArrayList<>();
            long offset = 0;
            List<DirEntry> part;
            while (!(part = fuse.readdir(ROOT, fh, offset, 500, false)).isEmpty()) {
                for (DirEntry entry : part) {
                    offset = entry.offset();
                    if (entry.name().startsWith("name-")) {
                        fuse.unlink(ROOT, entry.name());
                        removed.add(entry.name());
                    }
                }
            }
            assertEquals(1000, removed.size());
            assertEquals(Set.of(".", ".."), names(fuse, ROOT, 500, false));
        }
    }

    @Test
    void namesThatAreNoTextComeBackAsTheyWent() throws Exception {
        byte[][] all = {
            {'a', (byte) 0xff, 'b'},
            {(byte) 0xc3, (byte) 0xa4},
            {(byte) 0xc3},
            {(byte) 0xed, (byte) 0xb3, (byte) 0xbf}, // a surrogate in UTF-8's clothes
            {(byte) 0xf0, (byte) 0x9f, (byte) 0x98, (byte) 0x80},
        };
        Set<String> strings = new TreeSet<>();
        for (byte[] name : all) {
            String string = FileNames.decode(name, 0, name.length);
            assertTrue(strings.add(string));
            assertArrayEquals(name, FileNames.encode(string));
        }
        Path archive = folder.resolve("a.zip");
        try (FileSystem zip = zip(archive);
                FuseRig rig = new FuseRig(zip.getPath("/"), folder)) {
            byte[] request = {0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, 0};
            assertErrno(EILSEQ, () -> rig.fuse().raw(9, ROOT, request, 128));
            assertErrno(EILSEQ, () -> rig.fuse().lookup(ROOT, new byte[] {(byte) 0xff}));
        }
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            byte[] request = {0, 0, 0, 0, 0, 0, 0, 0, (byte) 0xff, 0};
            rig.fuse().raw(9, ROOT, request, 128);
            assertEquals(040000, rig.fuse().lookup(ROOT, new byte[] {(byte) 0xff}).mode());
        }
    }

    @Test
    void theGuestStaysInside() throws Exception {
        FileSystem windows = Jimfs.newFileSystem(Configuration.windows());
        Files.createDirectories(windows.getPath("C:\\share\\in"));
        Files.createFile(windows.getPath("C:\\secret"));
        try (FuseRig rig = new FuseRig(windows.getPath("C:\\share"), folder)) {
            FuseClient fuse = rig.fuse();
            assertErrno(EINVAL, () -> fuse.lookup(ROOT, "..\\secret"));
            assertErrno(EINVAL, () -> fuse.lookup(ROOT, "in\\.."));
            assertErrno(EINVAL, () -> fuse.mkdir(ROOT, "in\\x", 0755));
            assertErrno(EILSEQ, () -> fuse.rename(ROOT, "in", ROOT, "\\x"));
            assertEquals(Set.of(".", "..", "in"), names(fuse, ROOT, 4096, true));
        }
        try (FileSystem memory = memory();
                FuseRig rig = new FuseRig(memory.getPath("/share"), folder)) {
            FuseClient fuse = rig.fuse();
            Files.createDirectory(memory.getPath("/outside"));
            Files.createFile(memory.getPath("/outside/f"));
            Node directory = fuse.mkdir(ROOT, "d", 0755);
            Created file = fuse.create(directory.nodeId(), "f", O_RDWR, S_IFREG | 0600);
            fuse.release(file.node().nodeId(), file.fh());
            Files.move(memory.getPath("/share/d"), memory.getPath("/elsewhere"));
            Files.createSymbolicLink(memory.getPath("/share/d"), memory.getPath("/outside"));
            assertErrno(ENOENT, () -> fuse.lookup(directory.nodeId(), "f"));
            assertErrno(ENOENT, () -> fuse.create(directory.nodeId(), "g", 2, S_IFREG | 0600));
            assertErrno(ENOENT, () -> fuse.open(file.node().nodeId(), O_RDWR | O_TRUNC));
            Node link = fuse.lookup(ROOT, "d");
            Files.createSymbolicLink(memory.getPath("/share/l"), memory.getPath("/outside/f"));
            long toFile = fuse.lookup(ROOT, "l").nodeId();
            assertErrno(EPERM, () -> fuse.link(toFile, ROOT, "hard")); // Jimfs follows
            assertErrno(ENOTDIR, () -> fuse.lookup(link.nodeId(), "f"));
        }
    }

    private static FileSystem zip(Path file) throws Exception {
        URI uri = URI.create("jar:" + file.toUri());
        return FileSystems.newFileSystem(
                uri, Map.of("create", String.valueOf(!Files.exists(file))));
    }

    @Test
    void archivesAreReadAndWritten() throws Exception {
        Path archive = folder.resolve("a.zip");
        byte[] data = new byte[300_000];
        new Random(4).nextBytes(data);
        try (FileSystem zip = zip(archive)) {
            Files.createDirectory(zip.getPath("/d"));
            Files.write(zip.getPath("/d/f"), data);
            try (FuseRig rig = new FuseRig(zip.getPath("/"), folder)) {
                FuseClient fuse = rig.fuse();
                Node directory = fuse.lookup(ROOT, "d");
                Created made = fuse.create(ROOT, "new", O_RDWR, S_IFREG | 0600);
                long node = made.node().nodeId();
                assertEquals(5, fuse.write(node, made.fh(), 3, bytes("words")));
                assertEquals(8, fuse.getattr(node).size());
                fuse.release(node, made.fh());
                assertEquals(8, fuse.getattr(node).size());
                fuse.rename(ROOT, "new", directory.nodeId(), "moved");
                assertErrno(EXDEV, () -> fuse.rename(ROOT, "d", ROOT, "e"));
                assertErrno(EPERM, () -> fuse.symlink(ROOT, "l", "d"));
                assertErrno(EPERM, () -> fuse.link(node, ROOT, "l"));
                assertErrno(ENOTEMPTY, () -> fuse.rmdir(ROOT, "d"));
                long fh = fuse.open(node, 1);
                assertEquals(1, fuse.write(node, fh, 0, bytes("!")));
                fuse.release(node, fh);
            }
        }
        Files.setPosixFilePermissions(archive, Set.of());
        try (FileSystem zip = zip(archive)) {
            assertEquals("!\0\0words", Files.readString(zip.getPath("/d/moved")));
        }
    }

    @Test
    void readOnlyArchivesWork() throws Exception {
        Path archive = folder.resolve("a.zip");
        byte[] data = new byte[300_000];
        new Random(4).nextBytes(data);
        try (FileSystem zip = zip(archive)) {
            Files.createDirectory(zip.getPath("/d"));
            Files.write(zip.getPath("/d/f"), data);
        }
        // Old JDKs do not know the mode, and nothing is read-only to root.
        try (FileSystem zip =
                        FileSystems.newFileSystem(
                                URI.create("jar:" + archive.toUri()),
                                Map.of("accessMode", "readOnly"));
                FuseRig rig = new FuseRig(zip.getPath("/"), folder)) {
            FuseClient fuse = rig.fuse();
            Node directory = fuse.lookup(ROOT, "d");
            assertEquals(Set.of(".", "..", "f"), names(fuse, directory.nodeId(), 4096, true));
            Node file = fuse.lookup(directory.nodeId(), "f");
            assertEquals(data.length, file.size());
            long fh = fuse.open(file.nodeId(), 0);
            assertArrayEquals(data, fuse.read(file.nodeId(), fh, 0, data.length));
            assertEquals(10, fuse.read(file.nodeId(), fh, data.length - 10, 4096).length);
            fuse.release(file.nodeId(), fh);
            if (zip.isReadOnly()) {
                assertErrno(EROFS, () -> fuse.mkdir(ROOT, "e", 0755));
                assertErrno(EROFS, () -> fuse.unlink(directory.nodeId(), "f"));
                assertErrno(EROFS, () -> fuse.open(file.nodeId(), O_RDWR));
            }
        }
    }

    @Test
    void providersWithoutFileChannelsWork() throws Exception {
        Path classes = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("/modules/java.base");
        try (FuseRig rig = new FuseRig(classes, folder)) {
            FuseClient fuse = rig.fuse();
            long lang = fuse.lookup(fuse.lookup(ROOT, "java").nodeId(), "lang").nodeId();
            assertTrue(names(fuse, lang, 4096, true).contains("Object.class"));
            Node file = fuse.lookup(lang, "String.class");
            byte[] data = Files.readAllBytes(classes.resolve("java/lang/String.class"));
            assertEquals(data.length, file.size());
            assertEquals(S_IFREG | 0644, file.mode());
            long fh = fuse.open(file.nodeId(), 0);
            assertArrayEquals(data, fuse.read(file.nodeId(), fh, 0, data.length + 1));
            assertEquals(10, fuse.read(file.nodeId(), fh, data.length - 10, 4096).length);
            fuse.release(file.nodeId(), fh);
            assertErrno(EROFS, () -> fuse.mkdir(ROOT, "d", 0755));
            assertErrno(EROFS, () -> fuse.open(file.nodeId(), O_RDWR));
            assertErrno(EROFS, () -> fuse.setattr(file.nodeId(), 1, 0600, 0, 0, 0));
        }
    }
}
