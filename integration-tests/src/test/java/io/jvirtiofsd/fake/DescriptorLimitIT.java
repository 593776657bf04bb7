package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon with few descriptors and a guest that wants many. */
class DescriptorLimitIT {
    private static final int LIMIT = 256;
    private static final int RESERVED = LIMIT / 8;
    private static final int FILES = 3000;
    private static final int OPEN = 120;
    private static final int EMFILE = 24;

    @TempDir Path folder;

    private FuseClient guest(FakeFrontend frontend) throws Exception {
        frontend.negotiate(FuseRig.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
        frontend.openWindow(false);
        frontend.start(2, 256);
        FuseClient fuse = new FuseClient(frontend, 1);
        fuse.init(1 << 22);
        return fuse;
    }

    private Path share() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        fill(share);
        return share;
    }

    private static void fill(Path directory) throws Exception {
        for (int i = 0; i < FILES; i++) {
            Files.writeString(directory.resolve("f" + i), "" + i);
        }
    }

    /** Only what stays open in the guest itself is refused, and nothing else. */
    @Test
    void aGuestThatHasEverythingOpenGoesOnWorking() throws Exception {
        Path share = share();
        try (Daemon daemon =
                        Daemon.start(share, folder.resolve("socket"), "--rlimit-nofile=" + LIMIT);
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            FuseClient fuse = guest(frontend);
            long first = fuse.lookup(FuseClient.ROOT, "f0").nodeId();
            DaxRig.setup(fuse, first, 0, DaxRig.RANGE, DaxRig.READ, 0);
            List<Long> handles = new ArrayList<>();
            for (int round = 0; round < 3; round++) {
                FuseErrorException full =
                        assertThrows(
                                FuseErrorException.class,
                                () -> {
                                    while (true) {
                                        handles.add(fuse.open(first, 0));
                                    }
                                });
                assertEquals(EMFILE, full.errno());
                var mapped = List.of("cat", share.resolve("f0").toString());
                for (int i = 0; i < 20; i++) { // which the guard looks at, with a descriptor
                    assertEquals(0, Processes.run(Duration.ofSeconds(20), mapped).exitCode());
                }
                for (int i = 0; i < 200; i++) {
                    long node = fuse.lookup(FuseClient.ROOT, "f" + (i + 200 * round)).nodeId();
                    assertEquals(1, fuse.getattr(node).nlink());
                    fuse.setattr(node, 8, 0, 0, 0, 3);
                    fuse.mkdir(FuseClient.ROOT, "d" + round + "-" + i, 0700);
                }
                fuse.flush(first, handles.get(0));
                fuse.release(first, handles.remove(0));
            }
            assertTrue(handles.size() > 100, handles.size() + " files could be open");
            assertEquals("", String.join("\n", daemon.complaints()));
        }
    }

    @Test
    void aGuestKnowsMoreInodesThanTheDaemonMayOpen() throws Exception {
        knowsMoreInodesThanTheDaemonMayOpen(share(), List.of());
    }

    @Test
    void alsoInWhatIsMountedBelow() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        Path below = Files.createDirectory(share.resolve("below"));
        List<String> mount = List.of("mount", "-t", "tmpfs", "tmpfs", below.toString());
        int result = new ProcessBuilder(mount).start().waitFor();
        assumeTrue(result == 0 || System.getenv("CI") != null, "no right to mount");
        assertEquals(0, result);
        try {
            fill(below);
            knowsMoreInodesThanTheDaemonMayOpen(share, List.of("below"));
        } finally {
            new ProcessBuilder("umount", "-l", below.toString()).start().waitFor();
        }
    }

    /** Looks at all files of a directory of {@code share}, which {@code path} leads to. */
    private void knowsMoreInodesThanTheDaemonMayOpen(Path share, List<String> path)
            throws Exception {
        try (Daemon daemon =
                        Daemon.start(share, folder.resolve("socket"), "--rlimit-nofile=" + LIMIT);
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            FuseClient fuse = guest(frontend);
            long parent = FuseClient.ROOT;
            for (String name : path) {
                parent = fuse.lookup(parent, name).nodeId();
            }
            long[] nodes = new long[FILES];
            long[] handles = new long[OPEN];
            int most = 0;
            for (int i = 0; i < FILES; i++) {
                nodes[i] = fuse.lookup(parent, "f" + i).nodeId();
                if (i < OPEN) {
                    handles[i] = fuse.open(nodes[i], 0);
                }
                most = Math.max(most, daemon.descriptors().size());
            }
            assertTrue(
                    most > LIMIT - RESERVED - 20 && most < LIMIT - 10,
                    "at most " + most + " were open");
            for (int i = 0; i < FILES; i++) {
                assertEquals(("" + i).length(), fuse.getattr(nodes[i]).size());
                long fh = i < OPEN ? handles[i] : fuse.open(nodes[i], 0);
                assertEquals("" + i, new String(fuse.read(nodes[i], fh, 0, 9)));
                fuse.flush(nodes[i], fh);
                fuse.release(nodes[i], fh);
            }
            assertEquals("", String.join("\n", daemon.complaints()));
        }
    }
}
