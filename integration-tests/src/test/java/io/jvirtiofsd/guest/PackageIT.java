package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is in the Debian package, once it is installed in a root of its own. */
class PackageIT {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir static Path folder;
    private static Path root;

    private static String run(String... command) {
        ExecResult result = Processes.run(LIMIT, List.of(command));
        assertEquals(0, result.exitCode(), result.text());
        return result.text();
    }

    @BeforeAll
    static void install() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        root = Files.createDirectory(folder.resolve("root"));
        Files.createDirectories(root.resolve("var/lib/dpkg/info"));
        Files.createFile(root.resolve("var/lib/dpkg/status"));
        dpkg("--install", DebianPackage.file().toString());
    }

    private static void dpkg(String action, String what) {
        // Nothing else is in this root.
        run("dpkg", "--root=" + root, "--force-depends", action, what);
    }

    private static String launcher() {
        return root.resolve("usr/bin/jvirtiofsd").toString();
    }

    @Test
    void installedDaemonServesWithItsOwnRuntimeAndWhatThatHasLearnt() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("file"), "content");
        Path socket = folder.resolve("s");
        List<String> command =
                List.of(
                        "env",
                        "JVIRTIOFSD_JAVA_OPTS=-XX:AOTMode=on", // does not start without it
                        launcher(),
                        "--shared-dir=" + share,
                        "--socket-path=" + socket);
        try (Daemon daemon = Daemon.startAs(command, socket)) {
            Path program = Files.readSymbolicLink(Path.of("/proc/" + daemon.servingPid() + "/exe"));
            assertEquals(root.resolve("usr/lib/jvirtiofsd/runtime/bin/java"), program);
            try (FakeFrontend frontend = new FakeFrontend(socket)) {
                frontend.negotiate(-1L, 0, 1, FakeDriver.memoryBytes(2));
                frontend.start(1, 128);
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(0);
                assertEquals(7, fuse.lookup(FuseClient.ROOT, "file").size());
            }
            assertEquals(OptionalInt.of(0), daemon.awaitEnd());
            assertEquals(List.of(), daemon.complaints());
        }
    }

    @Test
    void ordinaryUsersCanStartIt() {
        String[] user = {"setpriv", "--reuid=1234", "--regid=1234", "--clear-groups"};
        String help =
                run(
                        Stream.concat(Stream.of(user), Stream.of(launcher(), "--help"))
                                .toArray(String[]::new));
        assertTrue(help.contains("--shared-dir"), help);
    }

    @Test
    void whatNeedsTheSourcesIsRefused() {
        ExecResult refused = Processes.run(Duration.ofSeconds(10), List.of(launcher(), "bench"));
        assertEquals(1, refused.exitCode());
        assertEquals(
                "jvirtiofsd: bench needs the sources: it is a command of a checkout's jvirtiofsd",
                refused.text());
    }

    @Test
    void descriptorForLibvirtSaysWhatTheProgramSays() throws Exception {
        String features = run(launcher(), "--print-capabilities");
        String descriptor =
                Files.readString(root.resolve("usr/share/qemu/vhost-user/60-jvirtiofsd.json"));
        assertTrue(descriptor.contains("\"binary\": \"/usr/bin/jvirtiofsd\""), descriptor);
        Pattern list = Pattern.compile("\"features\": \\[[^]]*\\]");
        assertEquals(only(list, features), only(list, descriptor));
    }

    private static String only(Pattern pattern, String text) {
        return pattern.matcher(text).results().findFirst().orElseThrow().group();
    }

    @Test
    void manualAndCompletionKnowEveryOption() throws Exception {
        String manual = run("gzip", "-dc", root + "/usr/share/man/man1/jvirtiofsd.1.gz");
        String completion =
                Files.readString(root.resolve("usr/share/bash-completion/completions/jvirtiofsd"));
        Pattern.compile("--[a-z][a-z0-9-]+")
                .matcher(run(launcher(), "--help"))
                .results()
                .map(found -> found.group())
                .filter(name -> !name.endsWith("-"))
                .distinct()
                .forEach(
                        name -> {
                            assertTrue(manual.contains(name.replace("-", "\\-")), name);
                            assertTrue(name.startsWith("--no-") || completion.contains(name), name);
                        });
    }

    @Test
    void completesTheOptionsOfEachCommand() throws Exception {
        assertEquals("--shared-dir", completed("--shared-d"));
        assertEquals("--vectors", completed("ivshmem", "--vec"));
        assertEquals("", completed("ivshmem", "--shared-d"));
        assertEquals("ivshmem", completed("ivs"));
        assertEquals("/usr/bin", completed("doctor", "/usr/bi"));
    }

    /** What bash makes of the last word. */
    private String completed(String... words) throws Exception {
        String line = "jvirtiofsd " + String.join(" ", words);
        String script =
                """
                . %s/usr/share/bash-completion/completions/jvirtiofsd
                compopt() { :; } # which bash takes from its own completion only
                COMP_WORDS=(%s) COMP_CWORD=%d COMP_LINE='%s' COMP_POINT=%d
                _complete_jvirtiofsd
                echo "${COMPREPLY[*]}"
                """
                        .formatted(root, line, words.length, line, line.length());
        return run("bash", "-c", script).strip();
    }

    @Test
    void nothingIsLeftAfterIt() throws Exception {
        Path other = Files.createDirectory(folder.resolve("other"));
        Files.createDirectories(other.resolve("var/lib/dpkg/info"));
        Files.createFile(other.resolve("var/lib/dpkg/status"));
        String dpkg = "dpkg --root=%s --force-depends ".formatted(other);
        run(
                "sh",
                "-c",
                dpkg + "--install " + DebianPackage.file() + " && " + dpkg + "--purge jvirtiofsd");
        assertEquals(
                "",
                run(
                        "sh",
                        "-c",
                        "cd %s && find . -path ./var -prune -o -mindepth 1 -print"
                                .formatted(other)));
    }
}
