package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.linux.OpenDescriptors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every operation, from the guest's side of a ring to the host's file system. */
class FuseOverRingTest {
    private static final int O_RDWR = 2;
    private static final int O_EXCL = 0x80;
    private static final int O_TRUNC = 0x200;
    private static final int S_IFREG = 0x8000;
    private static final int S_IFIFO = 0x1000;

    private static final int ENOENT = 2;
    private static final int EBADF = 9;
    private static final int EEXIST = 17;
    private static final int EISDIR = 21;
    private static final int EINVAL = 22;
    private static final int EROFS = 30;

    @TempDir Path folder;
    private FuseRig rig;
    private FuseClient fuse;

    @BeforeEach
    void begin() throws Exception {
        rig = new FuseRig(folder);
        fuse = rig.fuse();
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    @Test
    void aFileIsMadeWrittenReadAndGone() throws Exception {
        Created made = fuse.create(FuseClient.ROOT, "file", O_RDWR, S_IFREG | 0640);
        byte[] data = new byte[1_000_000];
        new Random(1).nextBytes(data);
        assertEquals(data.length, fuse.write(made.node().nodeId(), made.fh(), 5, data));
        byte[] onHost = Files.readAllBytes(rig.share().resolve("file"));
        assertEquals(data.length + 5, onHost.length);
        assertEquals(
                "rw-r-----",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(rig.share().resolve("file"))));
        assertArrayEquals(data, fuse.read(made.node().nodeId(), made.fh(), 5, data.length));
        assertEquals(10, fuse.read(made.node().nodeId(), made.fh(), data.length - 5, 4096).length);
        assertEquals(0, fuse.read(made.node().nodeId(), made.fh(), 2_000_000, 4096).length);
        fuse.fsync(made.node().nodeId(), made.fh());
        fuse.flush(made.node().nodeId(), made.fh());
        fuse.unlink(FuseClient.ROOT, "file");
        assertArrayEquals(data, fuse.read(made.node().nodeId(), made.fh(), 5, data.length));
        // Before it is closed: a second or two later it may be gone.
        assertEquals(0, fuse.getattr(made.node().nodeId()).nlink());
        fuse.release(made.node().nodeId(), made.fh());
        assertErrno(EBADF, () -> fuse.read(made.node().nodeId(), made.fh(), 0, 1));
        fuse.forget(made.node().nodeId(), 1);
        assertErrno(ENOENT, () -> fuse.getattr(made.node().nodeId()));
    }

    @Test
    void requestsCutIntoAnyPiecesMeanTheSame() throws Exception {
        byte[] content = new byte[3000];
        new Random(2).nextBytes(content);
        Files.write(rig.share().resolve("f"), content);
        for (boolean indirect : new boolean[] {false, true}) {
            for (int piece : new int[] {1, 7, 40, 4096}) {
                rig.frontend()
                        .queue(1)
                        .indirect(indirect)
                        .pieces(Math.max(piece, indirect ? 1 : 60));
                Node node = fuse.lookup(FuseClient.ROOT, "f");
                long fh = fuse.open(node.nodeId(), 0);
                assertArrayEquals(content, fuse.read(node.nodeId(), fh, 0, 3000));
                fuse.release(node.nodeId(), fh);
            }
        }
    }

    @Test
    void moreVectorsThanOneCallTakesAreReadAndWrittenRight() {
        byte[] content = new byte[4090];
        new Random(3).nextBytes(content);
        Created made = fuse.create(FuseClient.ROOT, "many", O_RDWR, S_IFREG | 0600);
        rig.frontend().queue(1).indirect(true).pieces(2).gap(1); // else they are joined
        assertEquals(content.length, fuse.write(made.node().nodeId(), made.fh(), 0, content));
        assertArrayEquals(content, fuse.read(made.node().nodeId(), made.fh(), 0, content.length));
    }

    @Test
    void hardLinksShareANodeAndNamesAreBytes() {
        Node one = fuse.mknod(FuseClient.ROOT, "one", S_IFREG | 0600, 0);
        Node two = fuse.link(one.nodeId(), FuseClient.ROOT, "two");
        assertEquals(one.nodeId(), two.nodeId());
        assertEquals(2, two.nlink());
        assertEquals(one.nodeId(), fuse.lookup(FuseClient.ROOT, "two").nodeId());
        fuse.forget(one.nodeId(), 2);
        assertEquals(2, fuse.getattr(one.nodeId()).nlink()); // one lookup is left
        byte[] notUtf8 = {'x', (byte) 0xff, (byte) 0x80, '\n'};
        assertErrno(ENOENT, () -> fuse.lookup(FuseClient.ROOT, notUtf8));
    }

    @Test
    void directoriesListCompletelyInSmallPieces() throws Exception {
        Set<String> expected = new TreeSet<>(Set.of(".", ".."));
        for (int i = 0; i < 3000; i++) {
            Files.createFile(rig.share().resolve("entry-" + i));
            expected.add("entry-" + i);
        }
        for (boolean plus : new boolean[] {false, true}) {
            long fh = fuse.opendir(FuseClient.ROOT);
            List<String> seen = new ArrayList<>();
            long offset = 0;
            while (true) {
                List<DirEntry> part = fuse.readdir(FuseClient.ROOT, fh, offset, 700, plus);
                if (part.isEmpty()) {
                    break;
                }
                for (DirEntry entry : part) {
                    seen.add(entry.name());
                    if (entry.nodeId() != 0) {
                        fuse.forget(entry.nodeId(), 1);
                        assertErrno(ENOENT, () -> fuse.getattr(entry.nodeId()));
                    }
                }
                offset = part.get(part.size() - 1).offset();
            }
            assertEquals(expected.size(), seen.size());
            assertEquals(expected, new TreeSet<>(seen));
            assertErrno(EINVAL, () -> fuse.readdir(FuseClient.ROOT, fh, 0, 16, plus));
            fuse.releasedir(FuseClient.ROOT, fh);
        }
    }

    @Test
    void lookupsNeverLeaveTheShare() throws Exception {
        Files.createSymbolicLink(rig.share().resolve("out"), Path.of("/etc"));
        Files.createSymbolicLink(rig.share().resolve("passwd"), Path.of("/etc/passwd"));
        assertErrno(EINVAL, () -> fuse.lookup(FuseClient.ROOT, ".."));
        assertErrno(EINVAL, () -> fuse.lookup(FuseClient.ROOT, "."));
        assertErrno(EINVAL, () -> fuse.lookup(FuseClient.ROOT, "out/passwd"));
        assertErrno(EINVAL, () -> fuse.lookup(FuseClient.ROOT, ""));
        Node out = fuse.lookup(FuseClient.ROOT, "out");
        assertThrows(FuseErrorException.class, () -> fuse.lookup(out.nodeId(), "passwd"));
        Node passwd = fuse.lookup(FuseClient.ROOT, "passwd");
        assertThrows(FuseErrorException.class, () -> fuse.open(passwd.nodeId(), 0));
        assertThrows(
                FuseErrorException.class,
                () -> fuse.create(FuseClient.ROOT, "passwd", O_RDWR, S_IFREG | 0600));
        assertEquals("/etc/passwd", fuse.readlink(passwd.nodeId()));
        long fh = fuse.opendir(FuseClient.ROOT);
        for (DirEntry entry : fuse.readdir(FuseClient.ROOT, fh, 0, 4096, true)) {
            assertFalse(entry.name().equals("..") && entry.nodeId() != 0);
        }
    }

    @Test
    void specialFilesAreNeverOpened() {
        Node fifo = fuse.mknod(FuseClient.ROOT, "fifo", S_IFIFO | 0600, 0);
        assertThrows(FuseErrorException.class, () -> fuse.open(fifo.nodeId(), 0));
        Node dev = fuse.mknod(FuseClient.ROOT, "null", 0x2000 | 0600, 0x103);
        assertThrows(FuseErrorException.class, () -> fuse.open(dev.nodeId(), O_RDWR));
        assertErrno(EISDIR, () -> fuse.open(FuseClient.ROOT, 0));
    }

    @Test
    void namesMoveAndGoAsOnTheHost() throws Exception {
        Node dir = fuse.mkdir(FuseClient.ROOT, "dir", 0750);
        fuse.symlink(FuseClient.ROOT, "link", "anywhere");
        fuse.rename(FuseClient.ROOT, "link", dir.nodeId(), "moved", 0);
        assertTrue(Files.isSymbolicLink(rig.share().resolve("dir/moved")));
        fuse.mkdir(FuseClient.ROOT, "other", 0700);
        assertErrno(EEXIST, () -> fuse.rename(FuseClient.ROOT, "dir", FuseClient.ROOT, "other", 1));
        fuse.rename(FuseClient.ROOT, "dir", FuseClient.ROOT, "other", 2);
        assertTrue(Files.isSymbolicLink(rig.share().resolve("other/moved")));
        assertErrno(EISDIR, () -> fuse.unlink(FuseClient.ROOT, "other"));
        assertErrno(39, () -> fuse.rmdir(FuseClient.ROOT, "other"));
        fuse.unlink(dir.nodeId(), "moved");
        fuse.rmdir(FuseClient.ROOT, "other");
        assertFalse(Files.exists(rig.share().resolve("other")));
        assertErrno(EEXIST, () -> fuse.mkdir(FuseClient.ROOT, "dir", 0700));
    }

    @Test
    void attributesChangeInTheirOrder() throws Exception {
        Created made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
        Node changed = fuse.setattr(made.node().nodeId(), 1 | 8, 0640, 0, 0, 12345);
        assertEquals(12345, changed.size());
        assertEquals(S_IFREG | 0640, changed.mode());
        assertEquals(12345, Files.size(rig.share().resolve("f")));
        assertErrno(EINVAL, () -> fuse.setattr(made.node().nodeId(), 8, 0, 0, 0, -1));
        long again = fuse.open(made.node().nodeId(), O_RDWR | O_TRUNC);
        assertEquals(0, fuse.getattr(made.node().nodeId()).size());
        fuse.fallocate(made.node().nodeId(), again, 0, 8192, 0);
        assertEquals(8192, fuse.getattr(made.node().nodeId()).size());

        assertEquals(3, fuse.write(made.node().nodeId(), again, 0, new byte[] {1, 2, 3}));
        long node = made.node().nodeId();
        assertEquals(3, fuse.copyFileRange(node, again, 0, node, made.fh(), 100, 3));
        assertArrayEquals(new byte[] {1, 2, 3}, fuse.read(node, again, 100, 3));
        assertEquals(0, fuse.lseek(node, again, 0, 3));
        assertErrno(EINVAL, () -> fuse.lseek(node, again, 0, 0));
        assertErrno(EEXIST, () -> fuse.create(FuseClient.ROOT, "f", O_EXCL, S_IFREG | 0600));
        assertEquals(node, fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG).node().nodeId());
    }

    @Test
    void whatIsMadeBelongsToTheCaller() throws Exception {
        if (!"root".equals(System.getProperty("user.name"))) {
            return; // nobody else can act as another
        }
        Files.setPosixFilePermissions(rig.share(), PosixFilePermissions.fromString("rwxr-xr-x"));
        Node made = fuse.as(1234, 4321).mkdir(FuseClient.ROOT, "theirs", 0755);
        assertEquals(1234, made.uid());
        assertEquals(4321, made.gid());
        Created file = fuse.create(FuseClient.ROOT, "file", O_RDWR, S_IFREG | 0644);
        assertEquals(1234, file.node().uid());
        assertErrno(75, () -> fuse.as(-1, 0).mkdir(FuseClient.ROOT, "nobodys", 0755));
        fuse.as(1234, 0).access(made.nodeId(), 7);
        assertErrno(13, () -> fuse.as(1, 1).access(made.nodeId(), 2));
        Node own = fuse.as(0, 0).mkdir(FuseClient.ROOT, "own", 0755);
        assertEquals(0, own.uid());
    }

    @Test
    void aNewSessionForgetsTheOldOne() throws Exception {
        Node node = fuse.mkdir(FuseClient.ROOT, "dir", 0700);
        long fh = fuse.opendir(node.nodeId());
        int before = OpenDescriptors.count();
        fuse.init(0);
        assertErrno(ENOENT, () -> fuse.getattr(node.nodeId()));
        assertErrno(EBADF, () -> fuse.readdir(node.nodeId(), fh, 0, 4096, false));
        OpenDescriptors.assertSettleAt(before - 2);
        fuse.destroy();
        assertErrno(5, () -> fuse.getattr(FuseClient.ROOT));
        assertNotEquals(0, fuse.init(1L << 22));
    }

    @Test
    void aReadOnlyShareRefusesEveryChange() throws Exception {
        Path other = Files.createDirectory(folder.resolve("ro"));
        Files.createDirectory(other.resolve("share"));
        Files.writeString(other.resolve("share/f"), "x");
        try (FuseRig readOnly =
                new FuseRig(other, options -> options.readOnly(true), FuseRig.FEATURES)) {
            FuseClient client = readOnly.fuse();
            long node = client.lookup(FuseClient.ROOT, "f").nodeId();
            long fh = client.open(node, 0);
            assertEquals(1, client.read(node, fh, 0, 10).length);
            assertErrno(EROFS, () -> client.open(node, O_RDWR));
            assertErrno(EROFS, () -> client.open(node, O_TRUNC));
            assertErrno(EROFS, () -> client.mkdir(FuseClient.ROOT, "d", 0700));
            assertErrno(EROFS, () -> client.unlink(FuseClient.ROOT, "f"));
            assertErrno(EROFS, () -> client.rename(FuseClient.ROOT, "f", 1, "g", 0));
            assertErrno(EROFS, () -> client.setattr(node, 1, 0777, 0, 0, 0));
            assertErrno(EROFS, () -> client.link(node, FuseClient.ROOT, "h"));
            assertErrno(EROFS, () -> client.symlink(FuseClient.ROOT, "s", "t"));
            assertErrno(EROFS, () -> client.create(FuseClient.ROOT, "c", 0, S_IFREG | 0600));
        }
    }

    @Test
    void moreInodesThanDescriptorsStayReachable() throws Exception {
        Path other = Files.createDirectory(folder.resolve("few"));
        Files.createDirectory(other.resolve("share"));
        for (int i = 0; i < 500; i++) {
            Files.writeString(other.resolve("share/f" + i), "" + i);
        }
        try (FuseRig few =
                new FuseRig(other, options -> options.maxDescriptors(20), FuseRig.FEATURES)) {
            int before = OpenDescriptors.count();
            long[] nodes = new long[500];
            for (int i = 0; i < 500; i++) {
                nodes[i] = few.fuse().lookup(FuseClient.ROOT, "f" + i).nodeId();
            }
            OpenDescriptors.assertSettleAt(before + 60);
            for (int i = 499; i >= 0; i--) {
                long fh = few.fuse().open(nodes[i], 0);
                assertEquals(String.valueOf(i), new String(few.fuse().read(nodes[i], fh, 0, 9)));
                few.fuse().release(nodes[i], fh);
                assertEquals(nodes[i], few.fuse().lookup(FuseClient.ROOT, "f" + i).nodeId());
                few.fuse().forget(nodes[i], 2);
            }
            OpenDescriptors.assertSettleAt(before);
        }
    }
}
