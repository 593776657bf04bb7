package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.guest.MountSpace;
import io.jvirtiofsd.linux.Syscalls;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The host's quotas bind a guest, its root too: on a subvolume of btrfs, which needs no users. */
class QuotasTest {
    private static final int EDQUOT = 122;
    private static final int LIMIT_BYTES = 4 << 20;
    private static final int O_RDWR = 2;
    private static final int S_IFREG = 0x8000;
    private static final int USER = 1000;

    @TempDir Path folder;

    static int errno(Runnable request) {
        return assertThrows(FuseErrorException.class, request::run).errno();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, USER})
    void whatIsBeyondAQuotaIsEdquotAndNothingIsLostThatWasWritten(int user) throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "mounts are for root");
        Files.createDirectory(folder.resolve("tree"));
        try (MountSpace space = MountSpace.open()) {
            Path root = HostFileSystem.BTRFS.mount(space, folder);
            Path inside = folder.resolve("mnt");
            space.run("btrfs quota enable %1$s; btrfs subvolume create %1$s/s".formatted(inside));
            space.run(
                    "chmod 777 %2$s/s; btrfs qgroup limit %1$d %2$s/s"
                            .formatted(LIMIT_BYTES, inside));
            try (FuseRig rig = new FuseRig(root.resolve("s"), folder)) {
                FuseClient fuse = rig.fuse().as(user, user);
                fill(fuse, root.resolve("s"));
                space.run("btrfs qgroup limit none " + inside + "/s");
                fuse.mkdir(FuseClient.ROOT, "more", 0700);
            }
        }
    }

    static void fill(FuseClient fuse, Path share) throws Exception {
        FuseClient.Created made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
        long node = made.node().nodeId();
        assertEquals(EDQUOT, errno(() -> fuse.fallocate(node, made.fh(), 0, 2 * LIMIT_BYTES, 0)));
        ByteArrayOutputStream written = new ByteArrayOutputStream();
        byte[] data = new byte[100_001];
        new Random(1).nextBytes(data);
        int last =
                errno(
                        () -> {
                            while (true) {
                                int at = written.size();
                                int done = fuse.write(node, made.fh(), at, data);
                                written.write(data, 0, done);
                            }
                        });
        assertEquals(EDQUOT, last);
        assertTrue(written.size() > LIMIT_BYTES / 2, written.size() + " bytes");
        assertArrayEquals(written.toByteArray(), Files.readAllBytes(share.resolve("f")));
        assertEquals(EDQUOT, errno(() -> makeMany(fuse)));
    }

    private static void makeMany(FuseClient fuse) {
        for (int i = 0; i < 10_000; i++) {
            fuse.mkdir(FuseClient.ROOT, "d" + i, 0700);
        }
    }
}
