package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A session that goes from one back-end to another by the front-end's messages. */
class MigrationOverRingTest {
    private static final int FILES = 3000; // more than a pipe has room for
    private static final long MAX_PAGES = 1 << 22; // fuse.h FUSE_MAX_PAGES
    private static final byte[] DATA = "written before".getBytes(StandardCharsets.US_ASCII);

    @TempDir Path folder;

    private InProcess source;
    private InProcess destination;
    private FakeFrontend from;
    private FuseClient guest;
    private long file;
    private long fh;

    @BeforeEach
    void begin() throws IOException {
        Path share = folder.resolve("share");
        source = backEnd(share, "a");
        destination = backEnd(share, "b");
        from = FakeFrontend.started(source.socket(), FakeFrontend.FEATURES);
        guest = new FuseClient(from, 1);
        guest.init(MAX_PAGES);
        for (int i = 0; i < FILES; i++) {
            Files.createFile(share.resolve("file" + i));
            guest.lookup(FuseClient.ROOT, "file" + i);
        }
        FuseClient.Created created = guest.create(FuseClient.ROOT, "data", Fcntl.O_RDWR, 0644);
        file = created.node().nodeId();
        fh = created.fh();
        guest.write(file, fh, 0, DATA);
    }

    private InProcess backEnd(Path share, String name) throws IOException {
        return new InProcess(
                share, Files.createDirectory(folder.resolve(name)), options -> options);
    }

    @AfterEach
    void end() throws IOException {
        from.close();
        source.close();
        destination.close();
    }

    /** A front-end with a new machine, into which {@code state} is loaded before it runs. */
    private FakeFrontend restored(InProcess backEnd, byte[] state) throws IOException {
        FakeFrontend frontend = new FakeFrontend(backEnd.socket());
        frontend.negotiate(FakeFrontend.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
        frontend.loadState(folder, state);
        frontend.start(2, 256);
        return frontend;
    }

    private void assertGoesOn(FakeFrontend frontend) {
        FuseClient guest = new FuseClient(frontend, 1);
        assertArrayEquals(DATA, guest.read(file, fh, 0, 100));
        assertEquals(DATA.length, guest.getattr(file).size());
        assertEquals(file, guest.lookup(FuseClient.ROOT, "data").nodeId());
    }

    @Test
    void aNewProcessGoesOnWithoutInit() throws Exception {
        from.stop();
        byte[] state = from.saveState(folder);
        try (FakeFrontend to = restored(destination, state)) {
            assertGoesOn(to);
            // And from there once more, into the one that has lost its front-end meanwhile.
            to.stop();
            byte[] again = to.saveState(folder);
            from.close();
            try (FakeFrontend back = restored(source, again)) {
                assertGoesOn(back);
            }
        }
    }

    @Test
    void afterASaveTheSourceGoesOn() throws Exception {
        int[] bases = from.stop();
        from.saveState(folder);
        from.resume(bases);
        assertGoesOn(from);
    }

    @Test
    void whatCannotBeLoadedLeavesNoSession() throws Exception {
        from.stop();
        byte[] state = from.saveState(folder);
        Random random = new Random(1);
        for (int i = 0; i < 50; i++) {
            byte[] broken = new byte[random.nextInt(state.length)];
            System.arraycopy(state, 0, broken, 0, broken.length);
            try (FakeFrontend to = new FakeFrontend(destination.socket())) {
                to.negotiate(FakeFrontend.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
                assertThrows(IOException.class, () -> to.loadState(folder, broken));
                to.start(2, 256);
                FuseClient nobody = new FuseClient(to, 1);
                FuseRig.assertErrno(Errno.EIO, () -> nobody.getattr(FuseClient.ROOT));
                nobody.init(MAX_PAGES);
                assertEquals(FuseClient.ROOT, nobody.getattr(FuseClient.ROOT).nodeId());
            }
        }
    }
}
