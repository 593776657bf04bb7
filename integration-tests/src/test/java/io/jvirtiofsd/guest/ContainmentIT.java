package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseClient.DirEntry;
import io.jvirtiofsd.fake.FuseClient.Node;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a serving daemon has of the host, and that it serves with no more than that. */
class ContainmentIT {
    // linux/capability.h
    private static final long OF_FILES =
            1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 27 | 1L << 31;
    private static final long DAC_READ_SEARCH = 1 << 2;
    private static final long LINUX_IMMUTABLE = 1 << 9;
    private static final long SYS_PTRACE = 1 << 19;
    private static final long SYS_ADMIN = 1 << 21;
    private static final long MKNOD = 1 << 27;

    private static final int KILLED = 128 + 31; // by SIGSYS
    private static final int UID = 1 << 1; // FATTR_UID, fuse.h
    private static final int GID = 1 << 2; // FATTR_GID, fuse.h
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
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + daemon.servingPid() + "/task"))) {
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
        Path its = Path.of("/proc/" + daemon.servingPid() + "/ns", namespace);
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
            assertTrue(hasOwn(daemon, "pid"));
            Path root = Path.of("/proc/" + daemon.servingPid() + "/root");
            assertEquals(
                    Set.of("1"),
                    names(root.resolve("proc")).stream()
                            .filter(name -> name.matches("[0-9]+"))
                            .collect(Collectors.toSet()));
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

    /** Starters know the process that they have started, not the one in the namespace. */
    @Test
    void whoeverWaitsForADaemonInItsNamespaceIsTheDaemonToOthers() throws Exception {
        try (Daemon daemon = start("--dax=never", "--keep-listening")) {
            assertNotEquals(daemon.pid(), daemon.servingPid());
            String pid = Files.readString(folder.resolve("s.pid")).strip();
            assertEquals(String.valueOf(daemon.pid()), pid);
            assertEquals(OptionalInt.of(0), daemon.stop());
            assertEquals(Set.of("s.log", "the \\040 share"), names(folder));
        }
        try (Daemon daemon = start("--dax=never")) {
            with(daemon, fuse -> {});
            assertEquals(OptionalInt.of(0), daemon.awaitEnd());
        }
        try (Daemon daemon = start("--dax=never", "--keep-listening")) {
            Path serving = Path.of("/proc/" + daemon.servingPid());
            daemon.kill();
            assertTrue(Processes.await(LIMIT, () -> !Files.exists(serving)));
        }
    }

    /** A daemon with the defaults that does what somebody would who has taken it over. */
    private Daemon startInfiltrated(String setting, String attempt) throws Exception {
        Path agent = Infiltrator.jar(folder.resolve("agent.jar"));
        Path order = folder.resolve("order");
        String options =
                "export JVIRTIOFSD_JAVA_OPTS=-javaagent:%s=%s; %s".formatted(agent, order, setting);
        Daemon daemon = Daemon.startUnder(options, share, folder.resolve("s"), "--keep-listening");
        with(daemon, fuse -> {}); // it is confined by now
        Files.writeString(order, attempt);
        return daemon;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"execve", "socket 2 1", "mount", "ptrace 16 1"}) // AF_INET; PTRACE_ATTACH
    void whoHasTakenItOverEndsItByDoingMore(String attempt) throws Exception {
        try (Daemon daemon = startInfiltrated("exec", attempt)) {
            assertEquals(OptionalInt.of(KILLED), daemon.awaitEnd(), daemon::log);
        }
    }

    @Test
    void whoHasTakenItOverFindsNoFilesOfTheHost() throws Exception {
        try (Daemon daemon = startInfiltrated("exec", "read /etc/shadow")) {
            assertTrue(
                    Processes.await(
                            LIMIT, () -> daemon.log().contains("NoSuchFileException: /etc/shadow")),
                    daemon::log);
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
        if (!OrdinaryUser.mayUnshare()) {
            String start =
                    "%s %s --sandbox=namespace --shared-dir '%s' --socket-path %s"
                            .formatted(
                                    OrdinaryUser.PREFIX,
                                    Daemon.launcher(),
                                    share,
                                    folder.resolve("s"));
            ExecResult refused = Processes.run(LIMIT, List.of("sh", "-c", start));
            assertEquals(1, refused.exitCode(), refused.text());
            assertTrue(refused.text().contains("no namespaces can be made"), refused.text());
            return;
        }
        try (Daemon daemon =
                Daemon.startUnder(
                        "exec " + OrdinaryUser.PREFIX,
                        share,
                        folder.resolve("s"),
                        "--sandbox=namespace")) {
            assertCapabilities(0, daemon);
            assertTrue(hasOwn(daemon, "user"));
            assertTrue(hasOwn(daemon, "mnt"));
            assertTrue(hasOwn(daemon, "net"));
            assertTrue(hasOwn(daemon, "pid"));
            with(
                    daemon,
                    fuse -> {
                        fuse.mkdir(FuseClient.ROOT, "made", 0700);
                        assertEquals(
                                OrdinaryUser.ID,
                                Files.getAttribute(share.resolve("made"), "unix:uid"));
                    });
        }
    }

    /** As libvirt starts it for an ordinary user. */
    @Test
    void guestsOfAnOrdinaryUserHaveUsersOfTheirOwn() throws Exception {
        Files.setAttribute(share, "unix:uid", OrdinaryUser.ID);
        try (Daemon daemon =
                Daemon.startUnder(
                        OrdinaryUser.withRange(folder),
                        share,
                        folder.resolve("s"),
                        OrdinaryUser.MAPS)) {
            if (!OrdinaryUser.mayUnshare()) {
                assertTrue(daemon.log().contains("no namespaces can be made"), daemon::log);
                return;
            }
            assertTrue(hasOwn(daemon, "user"));
            assertCapabilities(OF_FILES & ~(MKNOD | DAC_READ_SEARCH), daemon);
            with(
                    daemon,
                    fuse -> {
                        fuse.mkdir(FuseClient.ROOT, "root's", 0777);
                        long node = fuse.as(5, 6).mkdir(FuseClient.ROOT, "user's", 0700).nodeId();
                        Node given = fuse.as(0, 0).setattr(node, UID | GID, 0, 7, 8, 0);
                        assertEquals(List.of(7, 8), List.of(given.uid(), given.gid()));
                        assertEquals(OrdinaryUser.ID, owner("root's", "uid"));
                        assertEquals(OrdinaryUser.RANGE + 6, owner("user's", "uid"));
                        assertEquals(OrdinaryUser.RANGE + 7, owner("user's", "gid"));
                        FuseRig.assertErrno(
                                LinuxErrno.EINVAL, () -> fuse.setattr(node, UID, 0, 70_000, 0, 0));
                    });
        }
    }

    private Object owner(String name, String kind) throws IOException {
        return Files.getAttribute(share.resolve(name), "unix:" + kind);
    }

    /** With the setpriv of the kit, as that of older distributions knows no Landlock. */
    @Test
    void whereThereIsLandlockAnOrdinaryUsersDaemonOpensTheShareOnly() throws Exception {
        Path tools = Files.createDirectory(folder.resolve("tools"));
        ShareRig.onHost(
                """
                cd %s
                cp -L %2$s/usr/lib*/ld-linux*.so.? ld
                cp -L %2$s/usr/lib/*/libc.so.6 %2$s/usr/lib/*/libcap-ng.so.0 .
                cp %2$s/usr/bin/setpriv real
                printf '#!/bin/sh\\nexec %1$s/ld --library-path %1$s %1$s/real "$@"\\n' >setpriv
                chmod 755 setpriv
                """
                        .formatted(tools, GuestKit.get().clients()));
        String user = "PATH=%s:$PATH; exec %s".formatted(tools, OrdinaryUser.PREFIX);
        try (Daemon daemon = startInfiltrated(user, "read /etc/passwd")) {
            assertTrue(
                    Processes.await(
                            LIMIT,
                            () -> daemon.log().contains("AccessDeniedException: /etc/passwd")),
                    daemon::log);
            with(
                    daemon,
                    fuse -> {
                        long from = fuse.mkdir(FuseClient.ROOT, "from", 0700).nodeId();
                        fuse.create(from, "made", Fcntl.O_RDWR | Fcntl.O_TRUNC, 0600);
                        fuse.symlink(from, "link", "made");
                        fuse.mknod(from, "fifo", Statx.S_IFIFO | 0600, 0);
                        fuse.rename(from, "made", FuseClient.ROOT, "moved");
                        fuse.unlink(FuseClient.ROOT, "moved");
                    });
            assertEquals(List.of(), daemon.complaints());
        }
    }

    @Test
    void anOrdinaryUserWhoAsksForNothingSeesTheHostsIds() throws Exception {
        try (Daemon daemon =
                Daemon.startUnder(
                        "exec " + OrdinaryUser.PREFIX,
                        share,
                        folder.resolve("s"),
                        "--keep-listening")) {
            with(daemon, fuse -> {});
            assertFalse(hasOwn(daemon, "user"));
            assertEquals(
                    Set.of("NoNewPrivs 1", "Seccomp 2"), said(daemon, "NoNewPrivs", "Seccomp"));
        }
    }
}
