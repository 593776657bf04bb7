package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What had an inode number before is not taken for what has it now, though nothing keeps it open.
 * The host says that all files have the number of "first".
 */
class InodeNumbersTest {
    private static final int S_IFREG = 0x8000;

    @TempDir Path folder;

    private Path first;
    private long number;
    private InProcess backEnd;
    private FakeFrontend frontend;
    private FuseClient fuse;

    @BeforeEach
    void share() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        first = Files.createFile(share.resolve("first"));
        Files.createFile(share.resolve("second"));
        number = (Long) Files.getAttribute(first, "unix:ino");
        backEnd =
                new InProcess(
                        told(), share, folder, all -> all.inodeFileHandles(HandleMode.MANDATORY));
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
    }

    @AfterEach
    void end() throws IOException {
        frontend.close();
        backEnd.close();
    }

    private Syscalls told() {
        return AlteredSyscalls.after(
                (name, arguments) -> {
                    if (name.equals("statx")) {
                        tell(NativeMemory.view((Long) arguments[4], Statx.BYTES));
                    }
                });
    }

    private void tell(NativeMemory statx) {
        if ((statx.getShort(Statx.MODE) & Statx.S_IFMT) == Statx.S_IFREG) {
            statx.putLong(Statx.INO, number);
        }
    }

    @Test
    void anotherFileIsNotTakenForWhatHadItsNumber() throws Exception {
        long node = fuse.lookup(FuseClient.ROOT, "first").nodeId();
        Files.delete(first);
        assertNotEquals(node, fuse.lookup(FuseClient.ROOT, "second").nodeId());
    }

    @Test
    void whatTheGuestMakesIsNotTakenForWhatHadItsNumber() throws Exception {
        List<ToLongFunction<String>> ways =
                List.of(
                        name ->
                                fuse.create(FuseClient.ROOT, name, 0, S_IFREG | 0600)
                                        .node()
                                        .nodeId(),
                        name -> fuse.mknod(FuseClient.ROOT, name, S_IFREG | 0600, 0).nodeId());
        for (ToLongFunction<String> making : ways) {
            Files.deleteIfExists(first);
            Files.createFile(first);
            long before = fuse.lookup(FuseClient.ROOT, "first").nodeId();
            Files.delete(first);
            long made = making.applyAsLong("made" + before);
            assertNotEquals(before, made);
            assertEquals(1, fuse.getattr(made).nlink());
            assertEquals(made, fuse.lookup(FuseClient.ROOT, "made" + before).nodeId());
        }
    }
}
