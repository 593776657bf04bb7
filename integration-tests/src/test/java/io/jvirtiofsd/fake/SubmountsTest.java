package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.vhost.FakeFrontend;
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

    private static boolean isUnmounted(Path place) {
        try {
            return run(List.of("umount", place.toString())) == 0;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @AfterEach
    void unmount() throws Exception {
        for (Path place : mounted) {
            assertEquals(0, run(List.of("umount", "-l", place.toString())));
        }
    }

    private FuseRig rig(UnaryOperator<BackEndOptions.Builder> options) throws Exception {
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
        try (FuseRig rig = rig(all -> all.announceSubmounts(false))) {
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

    /** Makes 100 files below each mount, and looks at all of them twice: each is itself. */
    private void lookAtManyFiles(FuseClient fuse) throws Exception {
        for (String mount : List.of("dir", "tmp")) {
            for (int i = 0; i < 100; i++) {
                Files.writeString(share.resolve(mount + "/f" + i), mount + i);
            }
        }
        for (String mount : List.of("bind", "tmp", "bind", "tmp")) {
            String made = mount.equals("bind") ? "dir" : mount;
            long parent = fuse.lookup(FuseClient.ROOT, mount).nodeId();
            long[] nodes = new long[100];
            for (int i = 0; i < 100; i++) {
                nodes[i] = fuse.lookup(parent, "f" + i).nodeId();
            }
            for (int i = 0; i < 100; i++) {
                long fh = fuse.open(nodes[i], 0);
                assertEquals(made + i, new String(fuse.read(nodes[i], fh, 0, 9)));
                fuse.release(nodes[i], fh);
                assertEquals(nodes[i], fuse.lookup(parent, "f" + i).nodeId());
            }
        }
    }

    @Test
    void whatIsMountedBelowKeepsNoMoreDescriptorsThanTheRest() throws Exception {
        try (FuseRig rig = rig(options -> options.maxDescriptors(5))) {
            int before = OpenDescriptors.count();
            lookAtManyFiles(rig.fuse());
            OpenDescriptors.assertSettleAt(before + 5 + 2, "five, and one a mount");
        }
    }

    @Test
    void mandatoryHandlesDoNotHideWhatIsMountedBelow() throws Exception {
        try (FuseRig rig = rig(all -> all.inodeFileHandles(HandleMode.MANDATORY))) {
            int before = OpenDescriptors.count();
            lookAtManyFiles(rig.fuse());
            OpenDescriptors.assertSettleAt(before + 2, "one a mount");
        }
    }

    @Test
    void withoutHandlesWhatIsMountedBelowStaysOpen() throws Exception {
        try (FuseRig rig = rig(all -> all.maxDescriptors(5).inodeFileHandles(HandleMode.NEVER))) {
            int before = OpenDescriptors.count();
            lookAtManyFiles(rig.fuse());
            assertTrue(OpenDescriptors.count() >= before + 200);
        }
    }

    @Test
    void theHostCanUnmountWhatTheGuestHasForgotten() throws Exception {
        Path tmp = share.resolve("tmp");
        try (FuseRig rig = rig(options -> options.maxDescriptors(0))) {
            FuseClient fuse = rig.fuse();
            long root = fuse.lookup(FuseClient.ROOT, "tmp").nodeId();
            long other = fuse.lookup(root, "other").nodeId();
            fuse.forget(root, 1);
            assertNotEquals(0, run(List.of("umount", tmp.toString())), "the guest knows a file");
            long fh = fuse.open(other, 0);
            assertEquals("other", new String(fuse.read(other, fh, 0, 9)));
            fuse.release(other, fh);
            fuse.forget(other, 1);
            assertTrue(Waiting.until(() -> isUnmounted(tmp)));
            mounted.remove(tmp);
        }
    }
}
