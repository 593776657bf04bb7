package io.jvirtiofsd.posix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.guest.MountSpace;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A share on each file system of {@link HostFileSystem} answers as that file system does on the
 * host; what differs is a row of docs/semantics.md.
 */
class OtherFileSystemsTest {
    /** Of a name that libfuse gives a file which is removed while it is open. */
    private static final String MADE_UP = ".fuse_hidden";

    private static final int KEPT = 5;
    private static final int FILES = 100;

    @TempDir static Path programs;
    private static Path program;

    @TempDir Path folder;
    private int umask;

    @BeforeAll
    static void build() {
        program = NativePrograms.build(programs, "calls");
    }

    @BeforeEach
    void prepare() throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "owners and mounts are for root");
        umask = Syscalls.load().umask(0);
        for (String side : List.of("host", "ring")) {
            Files.createDirectories(folder.resolve("tree/" + side + "/empty"));
            Path standing = Files.createDirectory(folder.resolve("tree/" + side + "/standing"));
            onTheHost(
                    standing,
                    (tree, extras) -> {
                        StandingTree.prepare(tree, extras);
                        return Map.of();
                    });
        }
        Path many = Files.createDirectory(folder.resolve("tree/ring/many"));
        for (int i = 0; i < FILES; i++) {
            Files.writeString(many.resolve("f" + i), "" + i);
        }
    }

    @AfterEach
    void restore() {
        Syscalls.load().umask(umask);
    }

    private interface Run {
        Map<String, String> of(Posix tree, FileExtras extras) throws Exception;
    }

    private Map<String, String> onTheHost(Path tree, Run run) throws Exception {
        try (SystemCalls calls = SystemCalls.start(program, tree)) {
            LinuxPosix host = new LinuxPosix(calls);
            return run.of(host, new LinuxExtras(host));
        }
    }

    private Map<String, String> overARing(Path tree, Run run) throws Exception {
        int before = OpenDescriptors.count();
        try (FuseRig rig =
                new FuseRig(
                        tree,
                        folder,
                        options -> options.xattrs(XattrOptions.on()),
                        FakeFrontend.FEATURES)) {
            FusePosix ring = new FusePosix(new RingNodes(rig.fuse()));
            return run.of(ring, new RingExtras(ring, rig.fuse()));
        } finally {
            OpenDescriptors.assertSettleAt(before);
        }
    }

    /** The outcomes of {@code run}, by the file system's name and the check's. */
    private static Run named(HostFileSystem kind, Run run) {
        return (tree, extras) -> {
            Map<String, String> outcomes = new TreeMap<>();
            run.of(tree, extras)
                    .forEach(
                            (name, outcome) ->
                                    outcomes.put(
                                            kind + ": " + name,
                                            outcome.replaceAll(MADE_UP + "[0-9a-f]+", MADE_UP)));
            return outcomes;
        };
    }

    private String differences(Path root, String tree, Run run) throws Exception {
        return Checks.different(
                List.of(
                        onTheHost(root.resolve("host/" + tree), run),
                        overARing(root.resolve("ring/" + tree), run)));
    }

    private static String documented(HostFileSystem kind) throws IOException {
        return Checks.documented("## Checks that differ on other file systems")
                .lines()
                .filter(row -> row.startsWith("| `" + kind + ": "))
                .map(row -> row + "\n")
                .collect(Collectors.joining());
    }

    @ParameterizedTest
    @EnumSource
    void aShareAnswersAsItsFileSystem(HostFileSystem kind) throws Exception {
        try (MountSpace space = MountSpace.open()) {
            Path root = kind.mount(space, folder);
            String differences = differences(root, "standing", named(kind, StandingTree::run));
            if (kind.isWritable()) {
                Run checks = (tree, extras) -> Checks.run(tree);
                differences += differences(root, "empty", named(kind, checks));
            }
            assertEquals(documented(kind), differences);
        }
    }

    private FuseRig rig(Path tree) throws IOException {
        return new FuseRig(
                tree, folder, options -> options.maxDescriptors(KEPT), FakeFrontend.FEATURES);
    }

    private static String read(FuseClient fuse, long node) {
        long fh = fuse.open(node, 0);
        String text = new String(fuse.read(node, fh, 0, 99));
        fuse.release(node, fh);
        return text;
    }

    /** By its file handle, or since it is kept open. */
    @ParameterizedTest
    @EnumSource
    void whatTheGuestKnowsIsReachedThoughTheHostHasForgottenIt(HostFileSystem kind)
            throws Exception {
        try (MountSpace space = MountSpace.open();
                FuseRig rig = rig(kind.mount(space, folder).resolve("ring/many"))) {
            FuseClient fuse = rig.fuse();
            int before = OpenDescriptors.count();
            long[] nodes = new long[FILES];
            for (int i = 0; i < FILES; i++) {
                nodes[i] = fuse.lookup(FuseClient.ROOT, "f" + i).nodeId();
            }
            if (kind.opensHandles()) {
                OpenDescriptors.assertSettleAt(before + KEPT);
            } else {
                assertTrue(OpenDescriptors.count() >= before + FILES);
            }
            space.run("echo 2 >/proc/sys/vm/drop_caches");
            for (int i = 0; i < FILES; i++) {
                assertEquals("" + i, read(fuse, nodes[i]));
            }
        }
    }

    /** Some file systems make two of them. */
    @ParameterizedTest
    @EnumSource(names = {"EXT4", "BINDFS", "OVERLAY", "OVERLAY_OF_TWO"})
    void linksOfAFileAreTheHostsAtTheNextLookup(HostFileSystem kind) throws Exception {
        try (MountSpace space = MountSpace.open()) {
            Path tree = kind.mount(space, folder).resolve("ring/standing");
            try (FuseRig rig = rig(tree)) {
                FuseClient fuse = rig.fuse();
                long one = fuse.lookup(FuseClient.ROOT, "hard1").nodeId();
                fuse.lookup(FuseClient.ROOT, "hard2");
                long fh = fuse.open(one, Posix.O_WRONLY);
                fuse.write(one, fh, 0, new byte[] {'H'});
                fuse.release(one, fh);
                long other = fuse.lookup(FuseClient.ROOT, "hard2").nodeId();
                assertEquals(Files.readString(tree.resolve("hard2")), read(fuse, other));
                fuse.unlink(FuseClient.ROOT, "hard1");
                other = fuse.lookup(FuseClient.ROOT, "hard2").nodeId();
                assertEquals(Files.readString(tree.resolve("hard2")), read(fuse, other));
            }
        }
    }

    /** Which have the same inode numbers, and are one mount. */
    @Test
    void subvolumesAreApart() throws Exception {
        try (MountSpace space = MountSpace.open()) {
            Path tree = HostFileSystem.BTRFS.mount(space, folder);
            Path inside = folder.resolve("mnt");
            for (String name : List.of("one", "two")) {
                space.run("btrfs subvolume create %s/%s".formatted(inside, name));
                Files.writeString(tree.resolve(name + "/f"), name);
            }
            assertEquals(
                    Files.getAttribute(tree.resolve("one/f"), "unix:ino"),
                    Files.getAttribute(tree.resolve("two/f"), "unix:ino"));
            try (FuseRig rig = rig(tree)) {
                FuseClient fuse = rig.fuse();
                long[] nodes = new long[2];
                for (int i = 0; i < nodes.length; i++) {
                    String name = List.of("one", "two").get(i);
                    long volume = fuse.lookup(FuseClient.ROOT, name).nodeId();
                    nodes[i] = fuse.lookup(volume, "f").nodeId();
                    assertEquals(name, read(fuse, nodes[i]));
                }
                space.run("echo 2 >/proc/sys/vm/drop_caches");
                assertEquals("one", read(fuse, nodes[0]));
                assertEquals("two", read(fuse, nodes[1]));
            }
        }
    }
}
