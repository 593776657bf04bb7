package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.daemon.BackEndOptions;
import io.jvirtiofsd.fake.FuseClient.Node;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Other mounts below the shared directory; needs the right to mount.
 *
 * <pre>
 * share/dir/file
 * share/bind      dir once more
 * share/tmp       a tmpfs
 * </pre>
 */
class SubmountsTest {
    private static final int LOOKUP = 1;
    private static final int FLAGS_AT = 40 + 84; // of attr.flags in an entry
    private static final long SUBMOUNTS = 1 << 27; // fuse.h FUSE_SUBMOUNTS
    private static final long FLAGS = SUBMOUNTS | 1 << 22;

    @TempDir Path folder;
    private final List<Path> mounted = new ArrayList<>();
    private Path share;

    @BeforeEach
    void mount() throws Exception {
        share = Files.createDirectories(folder.resolve("share"));
        Files.createDirectory(share.resolve("dir"));
        Files.writeString(share.resolve("dir/file"), "content");
        mount("bind", "--bind", share.resolve("dir").toString());
        mount("tmp", "-t", "tmpfs", "tmpfs");
        Files.writeString(share.resolve("tmp/other"), "other");
    }

    private void mount(String name, String... options) throws Exception {
        Path place = Files.createDirectory(share.resolve(name));
        List<String> command = new ArrayList<>(List.of("mount"));
        command.addAll(List.of(options));
        command.add(place.toString());
        int result = run(command);
        assumeTrue(result == 0 || System.getenv("CI") != null, "no right to mount");
        assertEquals(0, result);
        mounted.add(place);
    }

    private static int run(List<String> command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    @AfterEach
    void unmount() throws Exception {
        for (Path place : mounted) {
            assertEquals(0, run(List.of("umount", "-l", place.toString())));
        }
    }

    private FuseRig rig(UnaryOperator<BackEndOptions> options) throws Exception {
        return new FuseRig(folder, options, FuseRig.FEATURES);
    }

    private static int flags(FuseClient fuse, long parent, String name) {
        byte[] in = (name + "\0").getBytes(StandardCharsets.UTF_8);
        byte[] entry = fuse.raw(LOOKUP, parent, in, 128);
        return FakeFrontend.buffer(128).put(entry).getInt(FLAGS_AT);
    }

    @Test
    void rootsOfMountsAreMarkedForGuestsThatKnow() throws Exception {
        try (FuseRig rig = rig(options -> options)) {
            FuseClient fuse = rig.fuse();
            assertEquals(SUBMOUNTS, fuse.init(FLAGS) & SUBMOUNTS);
            assertEquals(1, flags(fuse, FuseClient.ROOT, "tmp"));
            assertEquals(1, flags(fuse, FuseClient.ROOT, "bind"));
            assertEquals(0, flags(fuse, FuseClient.ROOT, "dir"));
            long tmp = fuse.lookup(FuseClient.ROOT, "tmp").nodeId();
            assertEquals(0, flags(fuse, tmp, "other"));
            fuse.init(1 << 22);
            assertEquals(0, flags(fuse, FuseClient.ROOT, "tmp"));
        }
    }

    @Test
    void theOptionKeepsThemSecret() throws Exception {
        try (FuseRig rig = rig(all -> all.withFiles(files -> files.withAnnounceSubmounts(false)))) {
            assertEquals(0, rig.fuse().init(FLAGS) & SUBMOUNTS);
            assertEquals(0, flags(rig.fuse(), FuseClient.ROOT, "tmp"));
        }
    }

    /** Else what is mounted in one would be met in the other. */
    @Test
    void oneObjectInTwoMountsHasTwoNodes() throws Exception {
        try (FuseRig rig = rig(options -> options)) {
            FuseClient fuse = rig.fuse();
            Node dir = fuse.lookup(FuseClient.ROOT, "dir");
            Node bind = fuse.lookup(FuseClient.ROOT, "bind");
            assertEquals(dir.ino(), bind.ino());
            assertNotEquals(dir.nodeId(), bind.nodeId());
            Node one = fuse.lookup(dir.nodeId(), "file");
            Node two = fuse.lookup(bind.nodeId(), "file");
            assertNotEquals(one.nodeId(), two.nodeId());
            assertEquals(one.nodeId(), fuse.lookup(dir.nodeId(), "file").nodeId());
            assertEquals(two.nodeId(), fuse.lookup(bind.nodeId(), "file").nodeId());
        }
    }

    @Test
    void whatCannotBeReopenedThroughItsMountStaysOpen() throws Exception {
        for (int i = 0; i < 100; i++) {
            Files.writeString(share.resolve("dir/f" + i), "" + i);
        }
        try (FuseRig rig = rig(options -> options.withMaxDescriptors(5))) {
            FuseClient fuse = rig.fuse();
            int before = FuseRig.openDescriptors();
            long bind = fuse.lookup(FuseClient.ROOT, "bind").nodeId();
            for (int i = 0; i < 100; i++) {
                fuse.lookup(bind, "f" + i);
            }
            assertTrue(FuseRig.openDescriptors() >= before + 100);
            for (int i = 0; i < 100; i++) {
                long node = fuse.lookup(bind, "f" + i).nodeId();
                assertEquals("" + i, new String(fuse.read(node, fuse.open(node, 0), 0, 9)));
            }
        }
    }
}
