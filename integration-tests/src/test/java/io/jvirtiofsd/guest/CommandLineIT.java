package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The program as its starters see it: options, exit status, one line of complaint, the socket. */
class CommandLineIT {
    private static final int EARLY_ENDS = 30;

    @TempDir Path folder;

    private static ExecResult jvirtiofsd(String... options) {
        List<String> command = new ArrayList<>();
        command.add(GuestKit.home().resolve("jvirtiofsd").toString());
        command.addAll(List.of(options));
        return Processes.run(Duration.ofSeconds(60), command);
    }

    private static void assertOneLine(int exitCode, String part, ExecResult result) {
        assertEquals(exitCode, result.exitCode(), result.text());
        assertEquals(1, result.text().lines().count(), result.text());
        assertTrue(result.text().startsWith("jvirtiofsd: "), result.text());
        assertTrue(result.text().contains(part), result.text());
    }

    @Test
    void wrongOptionsAreOneLineAndStatusTwo() {
        String dir = "--shared-dir=" + folder;
        String socket = "--socket-path=" + folder.resolve("s");
        assertOneLine(2, "--no-such", jvirtiofsd(dir, socket, "--no-such"));
        assertOneLine(2, "no directory", jvirtiofsd(socket));
        assertOneLine(2, "either --shared-dir", jvirtiofsd(dir, socket, "--nio-uri=zip:a"));
        assertOneLine(2, "--socket-path PATH or --fd N", jvirtiofsd(dir));
        assertOneLine(2, "--socket-path PATH or --fd N", jvirtiofsd(dir, socket, "--fd=3"));
        assertOneLine(2, "sometimes", jvirtiofsd(dir, socket, "--cache=sometimes"));
        assertOneLine(2, "0..86400", jvirtiofsd(dir, socket, "--negative-timeout=-1"));
        assertOneLine(2, "does not go", jvirtiofsd(dir, socket, "--writeback", "--dax=inode"));
        assertOneLine(2, "'--nonsense=1'", jvirtiofsd(dir, socket, "-o", "nonsense=1"));
        assertOneLine(2, "'x' is none of prefix", jvirtiofsd(dir, socket, "--xattrmap=:x:"));
        assertOneLine(2, "must be the last", jvirtiofsd(dir, socket, "-o", "xattrmap=:map::a.:!"));
        assertOneLine(2, "too few", jvirtiofsd(dir, socket, "--rlimit-nofile=100"));
        assertOneLine(2, "always", jvirtiofsd(dir, socket, "--inode-file-handles=always"));
        String map = "--translate-uid=map:0:1000:10";
        assertOneLine(2, "3 fields", jvirtiofsd(dir, socket, "--translate-gid=map:0:1"));
        assertOneLine(2, "--translate-uid: 'map", jvirtiofsd(dir, socket, map, map));
        assertOneLine(2, "is not :ID", jvirtiofsd(dir, socket, "--gid-map=0:1:1"));
        assertOneLine(2, "give either", jvirtiofsd(dir, socket, map, "--uid-map=:0:1:1:"));
        assertOneLine(2, "--posix-acl", jvirtiofsd(dir, socket, map, "--posix-acl=auto"));
        assertOneLine(2, "--shared-dir only", jvirtiofsd(socket, map, "--nio-uri=zip:a"));
        assertOneLine(2, "different", jvirtiofsd(dir, socket, "-o", "source=/"));
        assertOneLine(2, "longer than", jvirtiofsd(dir, socket, "--tag=" + "x".repeat(37)));
    }

    @Test
    void whatCannotBeUsedIsOneLineAndStatusOne() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        String socket = "--socket-path=" + folder.resolve("s");
        assertOneLine(1, "no such file", jvirtiofsd("--shared-dir=/no/such", socket));
        assertOneLine(1, "not a directory", jvirtiofsd("--shared-dir=" + file, socket));
        assertOneLine(1, "cannot open zip:/no/such", jvirtiofsd("--nio-uri=zip:/no/such", socket));
        String dir = "--shared-dir=" + folder;
        assertOneLine(1, "not a socket", jvirtiofsd(dir, "--socket-path=" + file));
        assertOneLine(1, "cannot listen", jvirtiofsd(dir, "--socket-path=/no/such/s"));
        assertOneLine(1, "no group", jvirtiofsd(dir, socket, "--socket-group=no-such-group"));
        assertOneLine(1, "descriptor 77", jvirtiofsd(dir, "--fd=77"));
        if (Syscalls.load().geteuid() == 0) {
            assertOneLine(1, "ordinary user", jvirtiofsd(dir, socket, "--uid-map=:0:1000:1:"));
        }
        assertFalse(Files.exists(folder.resolve("s.pid")));
    }

    @Test
    void capabilitiesVersionAndHelpNeedNothingElse() {
        ExecResult capabilities = jvirtiofsd("--socket-path=/no/such", "--print-capabilities");
        assertEquals(0, capabilities.exitCode());
        assertTrue(capabilities.text().contains("\"type\": \"fs\""), capabilities.text());
        assertTrue(jvirtiofsd("--version").text().startsWith("jvirtiofsd 0."));
        // Alone they are answered by the launcher, without a JVM.
        assertEquals(capabilities.text(), jvirtiofsd("--print-capabilities").text());
        assertEquals(jvirtiofsd("--version", "--syslog").text(), jvirtiofsd("--version").text());
        ExecResult help = jvirtiofsd("--help");
        assertEquals(0, help.exitCode());
        for (String option : List.of("--shared-dir", "--fd", "--keep-listening", "demo")) {
            assertTrue(help.text().contains(option), help.text());
        }
    }

    @Test
    void socketBelongsToOneDaemonAndGoesWithIt() {
        Path socket = folder.resolve("s");
        try (Daemon daemon = Daemon.start(folder, socket)) {
            assertOneLine(
                    1,
                    "another process",
                    jvirtiofsd("--shared-dir=" + folder, "--socket-path=" + socket));
            assertTrue(Files.exists(socket));
            assertEquals(OptionalInt.of(0), daemon.stop());
        }
        assertFalse(Files.exists(socket));
    }

    /** Each thread has capabilities of its own, those of the JVM itself, too. */
    @Test
    void droppedCapabilitiesAreGoneFromAllSetsOfAllThreads() throws Exception {
        long mknod = 1L << 27; // linux/capability.h
        long fowner = 1L << 3;
        try (Daemon daemon =
                        Daemon.start(
                                folder,
                                folder.resolve("s"),
                                "-o",
                                "modcaps=-mknod:-FOWNER:+chown");
                Stream<Path> tasks =
                        Files.list(Path.of("/proc/" + daemon.servingPid() + "/task"))) {
            for (Path task : tasks.toList()) {
                for (String line : Files.readAllLines(task.resolve("status"))) {
                    if (line.startsWith("Cap")) {
                        long set = Long.parseUnsignedLong(line.split("\\s+")[1], 16);
                        assertEquals(0, set & (mknod | fowner), task + " " + line);
                    }
                }
            }
        }
    }

    /** Wherever the start has come to: the signal waits until there is somebody who takes it. */
    @Test
    void earlySigtermIsAnOrdinaryEnd() throws Exception {
        Random random = new Random(4);
        for (int i = 0; i < EARLY_ENDS; i++) {
            Path log = folder.resolve("early" + i);
            Path socket = folder.resolve("s");
            boolean below = i % 2 == 0; // the launcher stays then, and passes it on
            Process process =
                    Processes.start(
                            List.of(
                                    GuestKit.home().resolve("jvirtiofsd").toString(),
                                    "--shared-dir=" + folder,
                                    "--socket-path=" + socket,
                                    "--dax=" + (below ? "never" : "inode")),
                            log);
            Path status = Path.of("/proc/" + process.pid() + "/status");
            assertTrue(
                    Processes.await(
                            Duration.ofSeconds(20),
                            () ->
                                    below
                                            ? hasSigterm(status, "Sig(Cgt)", 1)
                                            : hasSigterm(status, "Sig(Blk|Ign)", 2)),
                    "" + i);
            Thread.sleep(random.nextInt(400)); // not to wait for something: to be anywhere
            process.destroy();
            assertTrue(Processes.awaitEnd(process, Duration.ofSeconds(20)), "" + i);
            assertEquals(0, process.exitValue(), Files.readString(log));
            assertTrue(
                    Files.readAllLines(log).stream().allMatch(l -> l.contains("[INFO] Main")),
                    Files.readString(log));
            assertFalse(Files.exists(socket));
            assertFalse(Files.exists(folder.resolve("s.pid")));
        }
    }

    /**
     * Whether SIGTERM is in so many of the sets. Both of two, as the launcher does it: a shell that
     * starts a process blocks the signal for a moment.
     */
    private static boolean hasSigterm(Path status, String sets, int count) {
        try {
            String bit14 = "[4-7c-f]...";
            return Files.readAllLines(status).stream()
                            .filter(line -> line.matches(sets + ":.*" + bit14))
                            .count()
                    == count;
        } catch (IOException e) {
            return false;
        }
    }

    /** vhost-user.rst, "Backend program conventions". */
    @Test
    void standardDescriptorsMayLeadNowhere() throws Exception {
        Path socket = folder.resolve("s");
        Process process =
                Processes.start(
                        List.of(
                                "sh",
                                "-c",
                                "exec \"$0\" \"$@\" </dev/null >/dev/null 2>&1",
                                GuestKit.home().resolve("jvirtiofsd").toString(),
                                "--shared-dir=" + folder,
                                "--socket-path=" + socket),
                        folder.resolve("log"));
        assertTrue(Processes.await(Duration.ofSeconds(20), () -> Files.exists(socket)));
        try (FakeFrontend frontend = new FakeFrontend(socket)) {
            assertEquals(8, frontend.ask(FakeFrontend.GET_FEATURES).length);
        }
        assertTrue(Processes.awaitEnd(process, Duration.ofSeconds(20)));
        assertEquals(0, process.exitValue());
    }

    /** The library comes from beside the jars: nothing can be executed in /tmp, cwd is /. */
    @Test
    void startNeedsNoPlaceForALibrary() throws Exception {
        String script =
                "mount --bind "
                        + GuestKit.home()
                        + " /mnt && mount -t tmpfs -o noexec tmpfs /tmp"
                        + " && cd / && mkdir /tmp/d && exec /mnt/jvirtiofsd --shared-dir=/tmp/d"
                        + " --fd=77";
        assertOneLine(
                1,
                "descriptor 77",
                Processes.run(
                        Duration.ofSeconds(60), List.of("unshare", "-m", "sh", "-c", script)));
    }

    @Test
    void startWithoutAJvmIsOneLine() {
        String script =
                "mount --bind "
                        + GuestKit.home()
                        + " /mnt && for place in /usr/lib/jvm /opt; do [ ! -d $place ] ||"
                        + " mount -t tmpfs tmpfs $place; done"
                        + " && JAVA_HOME= JVIRTIOFSD_JAVA_HOME= exec /mnt/jvirtiofsd"
                        + " --shared-dir=/ --fd=77";
        assertOneLine(
                1,
                "needs a JDK of version 17 or later",
                Processes.run(
                        Duration.ofSeconds(60), List.of("unshare", "-m", "sh", "-c", script)));
    }

    @Test
    void libraryThatCannotBeLoadedIsOneLine() {
        ExecResult result =
                Processes.run(
                        Duration.ofSeconds(60),
                        List.of(
                                "env",
                                "JVIRTIOFSD_JAVA_OPTS=-Djffi.boot.library.path=/no/such",
                                GuestKit.home().resolve("jvirtiofsd").toString(),
                                "--shared-dir=" + folder,
                                "--fd=77"));
        assertOneLine(1, "cannot load what it needs", result);
    }

    /** What the daemon's start must never do is to build. */
    @Test
    void startWithoutAJarSaysWhatBuildsIt() throws Exception {
        Path copy = folder.resolve("jvirtiofsd");
        Files.createDirectory(folder.resolve("packaging"));
        for (String file : List.of("jvirtiofsd", "packaging/launcher", "packaging/confinement")) {
            Files.copy(GuestKit.home().resolve(file), folder.resolve(file));
        }
        assertOneLine(
                1,
                copy + " build",
                Processes.run(
                        Duration.ofSeconds(60),
                        List.of("bash", copy.toString(), "--shared-dir=/", "--fd=77")));
    }

    /** No option of the peer is missing from our list. */
    @Test
    void helpNamesEveryOptionOfThePeer() {
        Pattern option = Pattern.compile("(?m)^ +(?:-\\w, )?(--?[a-zA-Z][a-zA-Z0-9-]*)");
        String peer =
                Processes.run(
                                Duration.ofSeconds(60),
                                List.of(GuestKit.get().virtiofsd().toString(), "--help"))
                        .text();
        String ours = jvirtiofsd("--help").text();
        List<String> names = option.matcher(peer).results().map(found -> found.group(1)).toList();
        assertTrue(names.size() > 30, peer);
        for (String name : names) {
            assertTrue(
                    Pattern.compile("[ ,]" + name + "(?![\\w-])").matcher(ours).find(),
                    name + " is missing from " + ours);
        }
    }

    @Test
    void staleSocketIsReplacedAndTheGroupMayConnect() throws Exception {
        Path socket = folder.resolve("s");
        Daemon first = Daemon.start(folder, socket);
        assertEquals(
                "rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        first.kill();
        assertTrue(Files.exists(socket));
        Files.delete(folder.resolve("s.log"));
        try (Daemon second = Daemon.start(folder, socket, "--socket-group=daemon")) {
            assertTrue(second.isAlive());
            assertTrue(
                    Processes.await(
                            Duration.ofSeconds(5),
                            () -> ShareRig.onHost("stat -c %G:%a " + socket).equals("daemon:770")),
                    () -> ShareRig.onHost("stat -c %G:%a " + socket));
        }
    }
}
