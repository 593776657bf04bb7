package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseRig;
import java.nio.file.Path;

/**
 * A back-end on a file system with a quota of its user 1000, in a process that may not ignore it.
 * Argument: a folder there, which is the user's.
 */
final class QuotaScenario {
    private static final int EDQUOT = 122;
    private static final int O_RDWR = 2;

    private QuotaScenario() {}

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        try (FuseRig rig = new FuseRig(folder, folder)) {
            FuseClient user = rig.fuse().as(1000, 1000);
            QuotasTest.fill(user, folder);
            FuseClient root = rig.fuse().as(0, 0);
            long node = root.lookup(FuseClient.ROOT, "f").nodeId();
            long fh = root.open(node, O_RDWR);
            byte[] data = new byte[1 << 20];
            assertEquals(EDQUOT, QuotasTest.errno(() -> root.write(node, fh, 1 << 30, data)));
            long own = root.create(FuseClient.ROOT, "root's", O_RDWR, 0600).fh();
            System.out.println("bound, but for what is root's: " + (own >= 0));
        }
    }
}
