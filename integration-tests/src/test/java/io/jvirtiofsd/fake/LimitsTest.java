package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.LockOptions;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A guest goes one past each limit, is told so, and is served on. */
class LimitsTest {
    private static final int INODES = 50;
    private static final int KNOWN = INODES - 1; // besides the root
    private static final int HANDLES = 65_536;
    private static final int RANGES = 65_536;
    private static final int RANGES_PER_FILE = 256; // the kernel walks through all of one file's
    private static final int POSIX_LOCKS = 1 << 1; // fuse.h

    private static final int ENFILE = 23;
    private static final int ENOLCK = 37;

    @TempDir Path folder;

    private static Path withFiles(Path share, int count) throws IOException {
        Files.createDirectories(share);
        for (int i = 0; i < count; i++) {
            Files.createFile(share.resolve("f" + i));
        }
        return share;
    }

    private static UnaryOperator<BackEndOptions.Builder> fewInodes() {
        return options -> options.maxInodes(INODES);
    }

    private static void goesBeyondTheInodes(FuseClient fuse, Path share) throws IOException {
        long[] nodes = new long[KNOWN];
        for (int i = 0; i < KNOWN; i++) {
            nodes[i] = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
        }
        assertErrno(ENFILE, () -> fuse.lookup(FuseClient.ROOT, "f" + KNOWN));
        assertErrno(ENFILE, () -> fuse.mkdir(FuseClient.ROOT, "d", 0700));
        assertErrno(ENFILE, () -> fuse.mknod(FuseClient.ROOT, "m", 0100600, 0));
        assertErrno(ENFILE, () -> fuse.symlink(FuseClient.ROOT, "s", "f0"));
        assertErrno(ENFILE, () -> fuse.create(FuseClient.ROOT, "c", 2, 0600));
        try (Stream<Path> made = Files.list(share)) {
            assertEquals(KNOWN + 3, made.count(), "what was refused was made");
        }
        assertEquals(nodes[7], fuse.lookup(FuseClient.ROOT, "f7").nodeId());
        long dir = fuse.opendir(FuseClient.ROOT);
        assertEquals(KNOWN + 5, fuse.readdir(FuseClient.ROOT, dir, 0, 60_000, true).size());
        fuse.forget(nodes[0], 9);
        long next = fuse.lookup(FuseClient.ROOT, "f" + KNOWN).nodeId();
        assertErrno(ENFILE, () -> fuse.lookup(FuseClient.ROOT, "f" + (KNOWN + 1)));
        assertEquals(1, fuse.getattr(next).nlink());
    }

    @Test
    void moreInodesThanTheBoundAreEnfile() throws IOException {
        Path share = withFiles(folder.resolve("share"), KNOWN + 3);
        try (FuseRig rig = new FuseRig(share, folder, fewInodes(), FuseRig.FEATURES)) {
            goesBeyondTheInodes(rig.fuse(), share);
        }
    }

    @Test
    void moreObjectsOfAnotherProviderThanTheBoundAreEnfile() throws IOException {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix())) {
            Path share = withFiles(memory.getPath("/share"), KNOWN + 3);
            try (FuseRig rig = new FuseRig(share, folder, fewInodes(), FuseRig.FEATURES)) {
                goesBeyondTheInodes(rig.fuse(), share);
            }
        }
    }

    /** One node, but each of its names is remembered. */
    @Test
    void moreNamesOfOneObjectThanTheBoundAreEnfile() throws IOException {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix())) {
            Path share = Files.createDirectory(memory.getPath("/share"));
            Path file = Files.createFile(share.resolve("f0"));
            for (int i = 1; i <= INODES; i++) {
                Files.createLink(share.resolve("f" + i), file);
            }
            try (FuseRig rig = new FuseRig(share, folder, fewInodes(), FuseRig.FEATURES)) {
                FuseClient fuse = rig.fuse();
                long node = 0;
                for (int i = 0; i < INODES; i++) {
                    node = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
                }
                assertErrno(ENFILE, () -> fuse.lookup(FuseClient.ROOT, "f" + INODES));
                fuse.forget(node, INODES);
                assertTrue(fuse.lookup(FuseClient.ROOT, "f" + INODES).nodeId() > 1);
            }
        }
    }

    @Test
    void moreHandlesOfAnotherProviderThanTheBoundAreEnfile() throws IOException {
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix())) {
            Path share = withFiles(memory.getPath("/share"), 3);
            try (FuseRig rig = new FuseRig(share, folder)) {
                FuseClient fuse = rig.fuse();
                long last = 0;
                for (int i = 0; i < HANDLES; i++) {
                    last = fuse.opendir(FuseClient.ROOT);
                }
                assertErrno(ENFILE, () -> fuse.opendir(FuseClient.ROOT));
                long file = fuse.lookup(FuseClient.ROOT, "f0").nodeId();
                assertErrno(ENFILE, () -> fuse.open(file, 0));
                fuse.releasedir(FuseClient.ROOT, last);
                fuse.release(file, fuse.open(file, 0));
            }
        }
    }

    private FuseRig withLocks(int files) throws IOException {
        Path share = withFiles(folder.resolve("share"), files);
        LockOptions locks = new LockOptions(true, false);
        FuseRig rig = new FuseRig(share, folder, options -> options.locks(locks), FuseRig.FEATURES);
        rig.fuse().init(POSIX_LOCKS);
        return rig;
    }

    @Test
    void moreLockedRangesThanTheBoundAreEnolck() throws IOException {
        int files = RANGES / RANGES_PER_FILE;
        try (FuseRig rig = withLocks(files)) {
            FuseClient fuse = rig.fuse();
            LockCalls locks = new LockCalls(fuse, rig.frontend().queue(1));
            long[] nodes = new long[files];
            long[] handles = new long[files];
            for (int i = 0; i < files; i++) {
                nodes[i] = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
                handles[i] = fuse.open(nodes[i], 2);
                for (int range = 0; range < RANGES_PER_FILE; range++) {
                    locks.set(nodes[i], handles[i], 1, 10L * range, 10L * range + 4, 1, 0);
                }
            }
            long node = nodes[0];
            long fh = handles[0];
            assertErrno(ENOLCK, () -> locks.set(node, fh, 1, 9_999, 9_999, 1, 0));
            assertErrno(ENOLCK, () -> locks.set(node, fh, 2, 9_999, 9_999, 1, 0));
            assertErrno(ENOLCK, () -> locks.set(node, fh, 1, 2, 2, LockCalls.UNLOCK, 0));
            for (int again = 0; again < 3; again++) {
                locks.set(node, fh, 1, 0, 4, LockCalls.UNLOCK, 0);
                locks.set(node, fh, 2, 0, 4, LockCalls.WRITE, 0);
                assertErrno(ENOLCK, () -> locks.set(node, fh, 1, 9_999, 9_999, 1, 0));
                fuse.flush(node, fh, 2);
                locks.set(node, fh, 1, 0, 4, LockCalls.WRITE, 0);
            }
            fuse.forget(nodes[1], 1);
            locks.set(node, fh, 1, 9_999, 9_999, 1, 0);
        }
    }

    /** A program that locks and unlocks parts of a file for ever has never more than it has. */
    @Test
    void lockingAndUnlockingPartsOfAFileUsesNothingUp() throws IOException {
        try (FuseRig rig = withLocks(1)) {
            FuseClient fuse = rig.fuse();
            LockCalls locks = new LockCalls(fuse, rig.frontend().queue(1));
            long node = fuse.lookup(FuseClient.ROOT, "f0").nodeId();
            long fh = fuse.open(node, 2);
            locks.set(node, fh, 1, 0, 9, LockCalls.READ, 0);
            for (int i = 0; i < RANGES; i++) {
                locks.set(node, fh, 1, 4, 4, LockCalls.WRITE, 0);
                locks.set(node, fh, 1, 4, 4, LockCalls.UNLOCK, 0);
                locks.set(node, fh, 1, 4, 4, LockCalls.READ, 0);
            }
        }
    }
}
