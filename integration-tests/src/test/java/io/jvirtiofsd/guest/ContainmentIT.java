package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a serving daemon has of the host, and that it serves with no more than that. */
class ContainmentIT {
    // linux/capability.h
    private static final long OF_FILES =
            1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 27 | 1L << 31;
    private static final long LINUX_IMMUTABLE = 1 << 9;
    private static final long SYS_PTRACE = 1 << 19;
    private static final long SYS_ADMIN = 1 << 21;
    private static final long MKNOD = 1 << 27;

    private static final int USER = 1234;
    private static final Duration LIMIT = Duration.ofSeconds(20);

    @TempDir Path folder;
    private Path share;

    @BeforeEach
    void makeShare() throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        share = Files.createDirectory(folder.resolve("the \\040 share"));
        Files.writeString(share.resolve("file"), "content");
        Files.setPosixFilePermissions(share, PosixFilePermissions.fromString("rwxrwxrwx"));
    }

    private Daemon start(String... options) {
        return Daemon.start(share, folder.resolve("s"), options);
    }

    /** What the kernel says of one thread after the other, each time as "name value". */
    private static Set<String> said(Daemon daemon, String... names) throws IOException {
        Set<String> said = new TreeSet<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + daemon.pid() + "/task"))) {
            for (Path task : tasks.toList()) {
                for (String line : status(task)) {
                    String[] words = line.split(":\\s*");
                    if (List.of(names).contains(words[0])) {
                        said.add(words[0] + " " + words[1]);
                    }
                }
            }
        }
        return said;
    }

    private static List<String> status(Path task) throws IOException {
        try {
            return Files.readAllLines(task.resolve("status"));
        } catch (NoSuchFileException e) {
            return List.of(); // the thread has ended
        }
    }

    private static void assertCapabilities(long expected, Daemon daemon) throws IOException {
        String bits = "%016x".formatted(expected);
        assertEquals(
                Set.of("CapPrm " + bits, "CapEff " + bits, "CapBnd " + bits),
                said(daemon, "CapPrm", "CapEff", "CapBnd"));
        String none = "%016x".formatted(0);
        assertEquals(Set.of("CapInh " + none, "CapAmb " + none), said(daemon, "CapInh", "CapAmb"));
    }

    private static boolean hasOwn(Daemon daemon, String namespace) throws IOException {
        Path own = Path.of("/proc/self/ns", namespace);
        Path its = Path.of("/proc/" + daemon.pid() + "/ns", namespace);
        return !Files.readSymbolicLink(own).equals(Files.readSymbolicLink(its));
    }

    private static Set<String> names(Path directory) throws IOException {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString())
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private interface Use {
        void of(FuseClient fuse) throws Exception;
    }

    private static void with(Daemon daemon, Use use) throws Exception {
        try (FakeFrontend frontend = FakeFrontend.started(daemon.socket(), FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            use.of(fuse);
        }
    }

    private static void run(String... command) {
        ExecResult result = Processes.run(LIMIT, List.of(command));
        assertEquals(0, result.exitCode(), result.text());
    }

    @Test
    void withTheDefaultsThereAreTheShareAndLibraries() throws Exception {
        try (Daemon daemon = start("--dax-guard=off", "--keep-listening")) {
            with(daemon, fuse -> assertEquals(7, fuse.lookup(FuseClient.ROOT, "file").size()));
            assertCapabilities(OF_FILES, daemon);
            assertEquals(
                    Set.of("NoNewPrivs 1", "Seccomp 2"), said(daemon, "NoNewPrivs", "Seccomp"));
            assertTrue(hasOwn(daemon, "mnt"));
            assertTrue(hasOwn(daemon, "net"));
            Path root = Path.of("/proc/" + daemon.pid() + "/root");
            Path etc = root.resolve("etc"); // of JDKs only
            assertTrue(
                    !Files.exists(etc)
                            || names(etc).stream().allMatch(name -> name.startsWith("java")));
            assertFalse(Files.exists(root.resolve("dev")));
            assertFalse(Files.exists(root.resolve("usr/bin")));
            assertEquals(Set.of(), names(root.resolve(".host")));
            assertEquals(Set.of("file"), names(root.resolve(".share")));
            List<String> make = List.of("touch", root + "/usr/lib/x");
            assertEquals(1, Processes.run(LIMIT, make).exitCode());
            assertEquals(List.of(), daemon.complaints());
        }
    }

    /** As on most hosts, where what is mounted shows in all mount namespaces. */
    @Test
    void whatIsMountedLaterIsSeen() throws Exception {
        Path below = Files.createDirectory(share.resolve("below"));
        run("mount", "--bind", share.toString(), share.toString());
        run("mount", "--make-shared", share.toString());
        try (Daemon daemon = start()) {
            with(
                    daemon,
                    fuse -> {
                        run("mount", "-t", "tmpfs", "tmpfs", below.toString());
                        Files.writeString(below.resolve("later"), "mounted");
                        long node = fuse.lookup(FuseClient.ROOT, "below").nodeId();
                        assertEquals(7, fuse.lookup(node, "later").size());
                    });
        } finally {
            run("umount", "--recursive", share.toString());
        }
    }

    @Test
    void capabilitiesAreThoseTheOptionsNeed() throws Exception {
        try (Daemon daemon = start("--modcaps=-mknod:+LINUX_IMMUTABLE")) {
            assertCapabilities(
                    OF_FILES & ~MKNOD | LINUX_IMMUTABLE | SYS_PTRACE | SYS_ADMIN, daemon);
        }
        try (Daemon daemon = start("-o", "xattr", "--dax=never")) {
            assertCapabilities(OF_FILES | SYS_ADMIN, daemon);
        }
        try (Daemon daemon = start("--xattr", "--xattrmap=:map::user.x.:", "--dax-window=0")) {
            assertCapabilities(OF_FILES, daemon);
        }
    }

    @Test
    void theRootCanBeSharedAsItIs() throws Exception {
        try (Daemon daemon = Daemon.start(Path.of("/"), folder.resolve("s"))) {
            with(
                    daemon,
                    fuse -> {
                        Set<String> names = listed(fuse, FuseClient.ROOT);
                        assertTrue(
                                names.containsAll(Set.of("etc", "proc", "usr")), names.toString());
                        assertFalse(names.contains(".share"));
                        names = listed(fuse, fuse.lookup(FuseClient.ROOT, "sys").nodeId());
                        assertEquals(names(Path.of("/sys")), names);
                    });
        }
    }

    private static Set<String> listed(FuseClient fuse, long node) throws Exception {
        return fuse.readdir(node, fuse.opendir(node), 0, 4096, false).stream()
                .map(DirEntry::name)
                .filter(name -> !name.equals(".") && !name.equals(".."))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    @Test
    void whatIsNotWantedOrCannotBeIsNotMade() throws Exception {
        try (Daemon daemon = start("--sandbox=none", "--seccomp=none")) {
            assertFalse(hasOwn(daemon, "mnt"));
            assertEquals(Set.of("Seccomp 0"), said(daemon, "Seccomp"));
        }
        try (Daemon daemon = start("-o", "sandbox=chroot")) {
            assertTrue(hasOwn(daemon, "mnt"));
            assertFalse(hasOwn(daemon, "net"));
        }
        Path above = folder.resolve("the \\040 share/../s"); // leads elsewhere from another root
        try (Daemon daemon = Daemon.start(share, above)) {
            assertFalse(hasOwn(daemon, "mnt"));
        }
    }

    @Test
    void anOrdinaryUserGetsASandboxOrIsTold() throws Exception {
        String user = "setpriv --reuid=%1$d --regid=%1$d --clear-groups".formatted(USER);
        List<String> unshare =
                List.of("sh", "-c", user + " unshare --user --map-current-user true");
        if (Processes.run(LIMIT, unshare).exitCode() != 0) { // a host may forbid it
            String start =
                    "%s %s --sandbox=namespace --shared-dir '%s' --socket-path %s"
                            .formatted(user, Daemon.launcher(), share, folder.resolve("s"));
            ExecResult refused = Processes.run(LIMIT, List.of("sh", "-c", start));
            assertEquals(1, refused.exitCode(), refused.text());
            assertTrue(refused.text().contains("no namespaces can be made"), refused.text());
            return;
        }
        try (Daemon daemon =
                Daemon.startUnder(
                        "exec " + user, share, folder.resolve("s"), "--sandbox=namespace")) {
            assertCapabilities(0, daemon);
            assertTrue(hasOwn(daemon, "user"));
            assertTrue(hasOwn(daemon, "mnt"));
            assertTrue(hasOwn(daemon, "net"));
            with(
                    daemon,
                    fuse -> {
                        fuse.mkdir(FuseClient.ROOT, "made", 0700);
                        assertEquals(USER, Files.getAttribute(share.resolve("made"), "unix:uid"));
                    });
        }
    }

    @Test
    void anOrdinaryUserWhoAsksForNothingSeesTheHostsIds() throws Exception {
        String user = "exec setpriv --reuid=%1$d --regid=%1$d --clear-groups".formatted(USER);
        try (Daemon daemon =
                Daemon.startUnder(user, share, folder.resolve("s"), "--keep-listening")) {
            with(daemon, fuse -> {});
            assertFalse(hasOwn(daemon, "user"));
            assertEquals(
                    Set.of("NoNewPrivs 1", "Seccomp 2"), said(daemon, "NoNewPrivs", "Seccomp"));
        }
    }
}
