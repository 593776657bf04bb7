package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests over packed rings end in another order than they came, with a pool and without. */
class PackedOverRingTest {
    private static final long FEATURES = FakeFrontend.FEATURES | FakeFrontend.F_RING_PACKED;
    private static final int POSIX_LOCKS = 1 << 1; // fuse.h
    private static final int O_RDWR = 2;
    private static final int MODE = 0100600;
    private static final int DATA_BYTES = 600;

    @TempDir Path folder;

    /** Used descriptors of others lie where the descriptors of the one that waits were. */
    @ParameterizedTest
    @ValueSource(ints = {0, 4})
    void whoWaitsIsAnsweredWhenOthersHaveGoneRoundTheRing(int pool) throws Exception {
        LockOptions locking = new LockOptions(true, true);
        try (FuseRig rig =
                new FuseRig(
                        folder, options -> options.threadPoolSize(pool).locks(locking), FEATURES)) {
            FuseClient fuse = rig.fuse();
            fuse.init(POSIX_LOCKS);
            Created file = fuse.create(FuseClient.ROOT, "file", O_RDWR, MODE);
            long node = file.node().nodeId();
            FakeDriver queue = rig.frontend().queue(1).pieces(16);
            LockCalls locks = new LockCalls(fuse, queue);
            byte[] data = new byte[DATA_BYTES];
            for (int round = 0; round < 20; round++) {
                locks.set(node, file.fh(), 1, 0, LockCalls.END, LockCalls.WRITE, 0);
                locks.startWaiting(1, node, file.fh(), 2, LockCalls.WRITE, 0);
                for (int i = 0; i < 10; i++) {
                    new Random(i).nextBytes(data);
                    assertEquals(DATA_BYTES, fuse.write(node, file.fh(), 0, data));
                    assertArrayEquals(data, fuse.read(node, file.fh(), 0, DATA_BYTES));
                }
                locks.startWaiting(0, node, file.fh(), 1, LockCalls.UNLOCK, 0);
                assertEquals(0, locks.await());
                assertEquals(0, locks.await());
                locks.set(node, file.fh(), 2, 0, LockCalls.END, LockCalls.UNLOCK, 0);
            }
        }
    }
}
