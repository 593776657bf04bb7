package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The DAX guards of processes of their own. */
class DaxGuardIT {
    private static final int SIZE = 3_000_001;
    private static final int ROUNDS = 60;
    private static final int FATTR_SIZE = 8; // fuse.h

    @TempDir Path folder;

    /** A daemon and its guest, which has mapped a file of {@link #SIZE} bytes. */
    private static final class Machine implements AutoCloseable {
        final Daemon daemon;
        final FakeFrontend frontend;
        final FakeWindow window;
        final FuseClient fuse;
        final long node;

        Machine(Daemon daemon, String name) throws IOException {
            this.daemon = daemon;
            frontend = new FakeFrontend(daemon.socket());
            frontend.negotiate(FuseRig.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
            window = frontend.openWindow(false).window();
            frontend.start(2, 256);
            fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            node = fuse.lookup(FuseClient.ROOT, name).nodeId();
            DaxRig.setup(fuse, node, 0, DaxRig.RANGE, DaxRig.READ, 0);
            DaxRig.setup(fuse, node, DaxRig.RANGE, DaxRig.RANGE, DaxRig.READ, DaxRig.RANGE);
        }

        /** Cuts off the second piece of the file and makes it long again. */
        void cut() {
            for (int i = 0; i < ROUNDS; i++) {
                fuse.setattr(node, FATTR_SIZE, 0, 0, 0, DaxRig.RANGE);
                fuse.setattr(node, FATTR_SIZE, 0, 0, 0, SIZE);
            }
        }

        void assertSound() {
            for (int page = 0; page < 2 * DaxRig.RANGE; page += 4096) {
                assertTrue(window.isSound(page), "page at " + page);
            }
        }

        @Override
        public void close() throws IOException {
            assertEquals(List.of(), window.violations());
            frontend.close();
            daemon.close();
        }
    }

    private Path share() throws IOException {
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.write(share.resolve("f"), new byte[SIZE]);
        return share;
    }

    /** Each one's guard holds up the other's guest; neither is refused. */
    @Test
    void twoDaemonsWithOneDirectoryDoNotWaitForEachOther() throws Exception {
        Path share = share();
        try (Machine one = new Machine(Daemon.start(share, folder.resolve("one")), "f");
                Machine two = new Machine(Daemon.start(share, folder.resolve("two")), "f")) {
            CompletableFuture<Void> both =
                    CompletableFuture.allOf(
                            CompletableFuture.runAsync(one::cut, DaxGuardTest.OWN_THREAD),
                            CompletableFuture.runAsync(two::cut, DaxGuardTest.OWN_THREAD));
            try {
                while (!both.isDone()) {
                    one.assertSound();
                    two.assertSound();
                }
            } finally {
                both.get();
            }
            assertEquals(List.of(), one.daemon.complaints());
        }
    }

    @Test
    void whoMayNotLookAtOtherProgramsSaysSo() throws Exception {
        Path share = share();
        String setting = "exec setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace";
        try (Machine machine =
                new Machine(Daemon.startUnder(setting, share, folder.resolve("one")), "f")) {
            for (int i = 0; i < 2; i++) {
                Processes.run(
                        Duration.ofSeconds(20), List.of("cat", share.resolve("f").toString()));
            }
            List<String> complaints = machine.daemon.complaints();
            assertEquals(1, complaints.size(), complaints.toString());
            assertTrue(complaints.get(0).contains("unseen"), complaints.toString());
        }
    }
}
