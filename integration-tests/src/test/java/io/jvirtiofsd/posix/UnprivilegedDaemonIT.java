package io.jvirtiofsd.posix;

import static io.jvirtiofsd.posix.UnprivilegedScenario.GROUP;
import static io.jvirtiofsd.posix.UnprivilegedScenario.USER;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.NativePrograms;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that is not root, as docs/semantics.md describes it. */
class UnprivilegedDaemonIT {
    static final String AS_USER =
            "exec setpriv --reuid=%1$d --regid=%1$d --groups=%2$d".formatted(USER, GROUP);

    private static final long MAX_PAGES = 1 << 22;
    private static final int SETXATTR = 21;
    private static final byte[] VALUE = {'v'};
    private static final int EPERM = 1;

    @TempDir Path folder;
    private Path share;

    @BeforeEach
    void prepare() throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "only root can become another");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        share = folder.resolve("share");
        UnprivilegedScenario.prepare(share);
    }

    private Daemon start(String... options) {
        return Daemon.startUnder(AS_USER, share, folder.resolve("socket"), options);
    }

    private interface Use {
        void of(FuseClient fuse) throws Exception;
    }

    private static void with(Daemon daemon, Use use) throws Exception {
        try (FakeFrontend frontend = FakeFrontend.started(daemon.socket(), FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(MAX_PAGES);
            use.of(fuse);
        }
    }

    /** What a process of the host's user {@code USER} comes to. */
    static String control(Path program, Path control) throws Exception {
        UnprivilegedScenario.prepare(control);
        try (SystemCalls calls = SystemCalls.start(program, control)) {
            LinuxPosix tree = new LinuxPosix(calls);
            tree.as(USER, USER, GROUP);
            return UnprivilegedScenario.run(tree);
        }
    }

    @Test
    void guestsRootIsTheDaemonsUser() throws Exception {
        Path program = NativePrograms.build(folder, "calls");
        String expected = control(program, folder.resolve("control"));
        try (Daemon daemon = start()) {
            with(
                    daemon,
                    fuse ->
                            assertEquals(
                                    expected,
                                    UnprivilegedScenario.run(new FusePosix(new RingNodes(fuse)))));
        }
    }

    @Test
    void whoAsksMakesNoDifference() throws Exception {
        try (Daemon daemon = start()) {
            with(
                    daemon,
                    fuse -> {
                        fuse.as(1000, 1001);
                        assertEquals(USER, fuse.mkdir(FuseClient.ROOT, "d", 0700).uid());
                        assertEquals(USER, fuse.create(FuseClient.ROOT, "f", 1, 0600).node().gid());
                        fuse.as(0, 0);
                        assertEquals(USER, fuse.symlink(FuseClient.ROOT, "l", "x").uid());
                    });
        }
    }

    /** The guest has decided that its caller may; the host would have it be the owner. */
    @Test
    void readingWithoutATraceLeavesOne() throws Exception {
        try (Daemon daemon = start()) {
            with(
                    daemon,
                    fuse -> {
                        long node = fuse.lookup(FuseClient.ROOT, "foreign").nodeId();
                        long fh = fuse.open(node, Fcntl.O_NOATIME);
                        byte[] text = "text".getBytes(StandardCharsets.UTF_8);
                        assertArrayEquals(text, fuse.read(node, fh, 0, 9));
                    });
        }
    }

    @Test
    void readingWithoutATraceFailsIfThatIsWanted() throws Exception {
        try (Daemon daemon = start("--preserve-noatime")) {
            with(
                    daemon,
                    fuse -> {
                        long node = fuse.lookup(FuseClient.ROOT, "foreign").nodeId();
                        FuseRig.assertErrno(EPERM, () -> fuse.open(node, Fcntl.O_NOATIME));
                        fuse.release(node, fuse.open(node, 0));
                        var own = fuse.create(FuseClient.ROOT, "f", 1, 0600);
                        fuse.open(own.node().nodeId(), Fcntl.O_NOATIME);
                    });
        }
    }

    @Test
    void xattrsOfTheKernelAreRefused() throws Exception {
        try (Daemon daemon = start("--xattr")) {
            with(
                    daemon,
                    fuse -> {
                        long node = fuse.create(FuseClient.ROOT, "f", 1, 0600).node().nodeId();
                        setxattr(fuse, node, "user.x", VALUE);
                        for (String name : new String[] {"trusted.x", "security.x"}) {
                            FuseRig.assertErrno(EPERM, () -> setxattr(fuse, node, name, VALUE));
                        }
                    });
        }
    }

    private static void setxattr(FuseClient fuse, long node, String name, byte[] value) {
        byte[] before = (name + '\0').getBytes(StandardCharsets.US_ASCII);
        ByteBuffer body = ByteBuffer.allocate(8 + before.length + value.length);
        body.put(LinuxPosix.ints(value.length, 0)).put(before).put(value); // no flags
        fuse.raw(SETXATTR, node, body.array(), 0);
    }

    @Test
    void whatDoesNotWorkIsSaidOnce() throws Exception {
        try (Daemon daemon = start("--inode-file-handles=prefer")) {
            with(daemon, fuse -> fuse.as(1, 1).mkdir(FuseClient.ROOT, "d", 0700));
            daemon.awaitEnd();
            assertEquals(1, daemon.log().split("not root", -1).length - 1, daemon.log());
            assertEquals(1, daemon.log().split("no file handles", -1).length - 1, daemon.log());
            assertTrue(daemon.complaints().isEmpty(), daemon.log());
        }
    }

    @Test
    void whatIsDemandedAndCannotBeIsOneClearLine() {
        assertRefused("--inode-file-handles=mandatory", "cannot open the shared directory by");
        assertRefused("--rlimit-nofile=5000", "cannot have 5000 files open: the limit is 4000");
    }

    private void assertRefused(String option, String message) {
        String limited = "ulimit -n 4000; " + AS_USER;
        Path socket = folder.resolve("socket");
        IllegalStateException refused =
                assertThrows(
                        IllegalStateException.class,
                        () -> Daemon.startUnder(limited, share, socket, option));
        assertTrue(refused.getMessage().contains("jvirtiofsd: " + message), refused.getMessage());
    }
}
