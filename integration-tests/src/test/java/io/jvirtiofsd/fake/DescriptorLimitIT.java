package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.Daemon;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon with few descriptors and a guest that wants many. */
class DescriptorLimitIT {
    private static final int LIMIT = 256;
    private static final int FILES = 3000;
    private static final int OPEN = 120;

    @TempDir Path folder;

    @Test
    void aGuestKnowsMoreInodesThanTheDaemonMayOpen() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(share.resolve("f" + i), "" + i);
        }
        try (Daemon daemon =
                        Daemon.start(share, folder.resolve("socket"), "--rlimit-nofile=" + LIMIT);
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            frontend.negotiate(FuseRig.FEATURES, 0, 2, FakeDriver.memoryBytes(3));
            frontend.start(2, 256);
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            long[] nodes = new long[FILES];
            long[] handles = new long[OPEN];
            int most = 0;
            for (int i = 0; i < FILES; i++) {
                nodes[i] = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
                if (i < OPEN) {
                    handles[i] = fuse.open(nodes[i], 0);
                }
                most = Math.max(most, daemon.openDescriptors());
            }
            assertTrue(most > LIMIT - 20 && most <= LIMIT, "at most " + most + " were open");
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
