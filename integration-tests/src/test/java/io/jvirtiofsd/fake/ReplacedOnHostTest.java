package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static io.jvirtiofsd.passthrough.HandleMode.NEVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest believes for a second or longer that a name still means what it meant. If the host has
 * replaced that, an ESTALE makes Linux look the name up once more; but what the guest itself has
 * removed, or has open, is there as long as POSIX says.
 */
class ReplacedOnHostTest {
    private static final int ENOENT = 2;
    private static final int ESTALE = 116;
    private static final int O_RDWR = 2;
    private static final int O_TRUNC = 0x200;
    private static final int S_IFREG = 0x8000;
    private static final int MODE = 1; // fuse.h FATTR_MODE
    private static final int SIZE = 8; // fuse.h FATTR_SIZE

    @TempDir Path folder;
    private Path share;
    private FuseRig rig;
    private FuseClient fuse;

    @BeforeEach
    void start() throws Exception {
        share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("f"), "old");
        Files.createDirectory(share.resolve("d"));
        Files.writeString(share.resolve("d/f"), "old");
        Files.createSymbolicLink(share.resolve("l"), Path.of("old"));
        rig = new FuseRig(folder);
        fuse = rig.fuse();
    }

    @AfterEach
    void end() throws Exception {
        rig.close();
    }

    private long node(String name) {
        return fuse.lookup(FuseClient.ROOT, name).nodeId();
    }

    private void replaceFile() throws IOException {
        Path next = Files.writeString(folder.resolve("next"), "new");
        Files.move(next, share.resolve("f"), StandardCopyOption.REPLACE_EXISTING);
    }

    private void replaceDirectory() throws IOException {
        Files.delete(share.resolve("d/f"));
        Files.delete(share.resolve("d"));
        Files.createDirectory(share.resolve("d"));
        Files.writeString(share.resolve("d/f"), "new");
    }

    private String read(long node) {
        long fh = fuse.open(node, 0);
        String content = new String(fuse.read(node, fh, 0, 9), StandardCharsets.UTF_8);
        fuse.release(node, fh);
        return content;
    }

    @Test
    void aFileIsNotOpenedByWhatHadItsName() throws Exception {
        long old = node("f");
        assertEquals("old", read(old));
        replaceFile();
        assertErrno(ESTALE, () -> fuse.open(old, 0));
        assertErrno(ESTALE, () -> fuse.open(old, O_RDWR | O_TRUNC));
        long now = node("f");
        assertNotEquals(old, now);
        assertEquals("new", read(now));
        Files.delete(share.resolve("f"));
        assertErrno(ESTALE, () -> fuse.open(now, 0));
    }

    @Test
    void aFileWithAnotherNameIsStillItself() throws Exception {
        Files.createLink(share.resolve("g"), share.resolve("f"));
        long old = node("f");
        replaceFile();
        assertEquals("old", read(old));
    }

    @Test
    void changesByNameAreNotMadeToWhatHadIt() throws Exception {
        long old = node("f");
        replaceFile();
        assertErrno(ESTALE, () -> fuse.setattr(old, MODE, 0600, 0, 0, 0));
        assertErrno(ESTALE, () -> fuse.setattr(old, SIZE, 0, 0, 0, 1));
        assertErrno(ESTALE, () -> fuse.link(old, FuseClient.ROOT, "g"));
    }

    @Test
    void aLinkDoesNotLeadWhereItLed() throws Exception {
        long old = node("l");
        assertEquals("old", fuse.readlink(old));
        Files.createSymbolicLink(folder.resolve("next"), Path.of("new"));
        Files.move(folder.resolve("next"), share.resolve("l"), StandardCopyOption.REPLACE_EXISTING);
        assertErrno(ESTALE, () -> fuse.readlink(old));
        assertEquals("new", fuse.readlink(node("l")));
    }

    @Test
    void nothingIsMissedInADirectoryThatWasReplaced() throws Exception {
        long old = node("d");
        replaceDirectory();
        assertErrno(ESTALE, () -> fuse.lookup(old, "f"));
        assertErrno(ESTALE, () -> fuse.opendir(old));
        assertErrno(ESTALE, () -> fuse.create(old, "g", O_RDWR, S_IFREG | 0600));
        assertErrno(ESTALE, () -> fuse.mkdir(old, "g", 0700));
        assertErrno(ESTALE, () -> fuse.symlink(old, "g", "f"));
        assertErrno(ESTALE, () -> fuse.unlink(old, "f"));
        assertErrno(ESTALE, () -> fuse.rename(old, "f", FuseClient.ROOT, "g"));
        assertErrno(ESTALE, () -> fuse.rename(FuseClient.ROOT, "f", old, "g"));
        assertErrno(ESTALE, () -> fuse.link(node("f"), old, "g"));
        long now = node("d");
        assertEquals("new", read(fuse.lookup(now, "f").nodeId()));
        assertErrno(ENOENT, () -> fuse.lookup(now, "g"));
        assertErrno(ENOENT, () -> fuse.lookup(FuseClient.ROOT, "missing"));
    }

    @Test
    void whatTheGuestHasOpenIsThereWhoeverRemovedIt() throws Exception {
        long node = node("f");
        long fh = fuse.open(node, O_RDWR);
        replaceFile();
        for (int round = 0; round < 2; round++) {
            assertEquals("old", read(node));
            assertEquals(0, fuse.getattr(node).nlink());
            assertEquals(3, fuse.setattr(node, MODE, 0600, 0, 0, 0).size());
            fuse.write(node, fh, 0, "OLD".getBytes(StandardCharsets.UTF_8));
            fuse.setattr(node, SIZE, 0, 0, 0, 3);
            fuse.write(node, fh, 0, "old".getBytes(StandardCharsets.UTF_8));
            assertTrue(Waiting.until(() -> opensOf("f (deleted)") == 1), "the guest's own");
        }
        fuse.release(node, fh);
        assertErrno(ESTALE, () -> fuse.open(node, 0));
    }

    @Test
    void whereTheGuestWorksItGoesOnAfterItsOwnRmdir() {
        long node = fuse.mkdir(FuseClient.ROOT, "here", 0700).nodeId();
        fuse.rmdir(FuseClient.ROOT, "here");
        fuse.releasedir(node, fuse.opendir(node));
        assertErrno(ENOENT, () -> fuse.lookup(node, "f"));
    }

    /** As by an O_PATH descriptor of one of its programs. */
    @Test
    void whatTheGuestRemovesOrReplacesItselfItCanOpenOn() throws Exception {
        try (FuseRig keeping =
                new FuseRig(
                        share,
                        Files.createDirectory(folder.resolve("keeping")),
                        all -> all.inodeFileHandles(NEVER),
                        FuseRig.FEATURES)) {
            fuse = keeping.fuse();
            long replaced = node("f");
            long link = node("l");
            long moved = fuse.lookup(node("d"), "f").nodeId();
            fuse.rename(node("d"), "f", FuseClient.ROOT, "f");
            assertEquals("old", read(replaced));
            fuse.unlink(FuseClient.ROOT, "f");
            assertEquals("old", read(moved));
            fuse.unlink(FuseClient.ROOT, "l");
            assertEquals("old", fuse.readlink(link));
        }
    }

    @Test
    void theSpaceOfARemovedFileIsFreed() throws Exception {
        node("f");
        Files.delete(share.resolve("f"));
        assertTrue(Waiting.until(() -> opensOf("f (deleted)") == 0));
    }

    /** A descriptor that is not in use is closed; what is looked up then is the same as before. */
    @Test
    void filesThatNobodyUsesCostNoDescriptor() throws Exception {
        long node = node("f");
        for (int round = 0; round < 2; round++) {
            assertTrue(Waiting.until(() -> opensOf("f") == 0));
            assertEquals(node, node("f"));
            assertTrue(Waiting.until(() -> opensOf("f") == 0));
            assertEquals("old", read(node));
        }
    }

    /** Most disks give the number of the file that was removed to the next one that is made. */
    @Test
    void aNewFileIsNotTakenForWhatHadItsNumber() throws Exception {
        long node = node("f");
        Object number = Files.getAttribute(share.resolve("f"), "unix:ino");
        assertTrue(Waiting.until(() -> opensOf("f") == 0));
        Files.delete(share.resolve("f"));
        boolean reused = false;
        for (int i = 0; i < 100 && !reused; i++) {
            long made = fuse.create(FuseClient.ROOT, "made" + i, 0, S_IFREG | 0600).node().nodeId();
            assertNotEquals(node, made);
            assertEquals(1, fuse.getattr(made).nlink());
            reused = number.equals(Files.getAttribute(share.resolve("made" + i), "unix:ino"));
        }
    }

    /** How many descriptors this process has of files of the share's root with this name. */
    private long opensOf(String name) {
        String target = share.resolve(name).toString();
        return OpenDescriptors.count(target::equals);
    }
}
