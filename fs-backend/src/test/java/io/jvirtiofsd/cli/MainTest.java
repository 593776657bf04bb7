package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The command line up to the moment when a front-end may come, without a process for each. */
class MainTest {
    private static final PrintStream OUT = System.out;
    private static final PrintStream ERR = System.err;
    private static Path folder;
    private static String shared;
    private static String socket;

    private static final long LIMIT_MILLIS = 10_000;

    /** What a starter sees. */
    private record Outcome(int status, int served, String complaint) {}

    @BeforeAll
    @BeforeContainer
    static void makeFolder() throws Exception {
        folder = Files.createTempDirectory("main");
        Files.createDirectory(folder.resolve("share"));
        shared = folder.resolve("share").toString();
        socket = folder.resolve("s").toString();
    }

    @AfterAll
    @AfterContainer
    static void removeFolder() throws Exception {
        System.setOut(OUT);
        System.setErr(ERR);
        Files.deleteIfExists(folder.resolve("share"));
        Files.deleteIfExists(folder);
    }

    private static Outcome run(List<String> args) {
        ByteArrayOutputStream complaint = new ByteArrayOutputStream();
        AtomicInteger served = new AtomicInteger();
        System.setErr(new PrintStream(complaint, true, StandardCharsets.UTF_8));
        System.setOut(new PrintStream(PrintStream.nullOutputStream()));
        try {
            Main main = new Main((backEnd, options) -> served.incrementAndGet(), new Termination());
            int status = main.run(args.toArray(String[]::new));
            return new Outcome(status, served.get(), complaint.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(ERR);
            System.setOut(OUT);
        }
    }

    private static Outcome run(String line) {
        return run(
                List.of(
                        line.replace("SHARE", shared)
                                .replace("SOCKET", socket)
                                .trim()
                                .split(" +")));
    }

    /** As libvirt, systemd-vmspawn, virtme-ng, podman, Proxmox VE, Incus and Kata write them. */
    @Test
    void publishedCommandLinesStart() {
        for (String line :
                List.of(
                        // libvirt, and before it wrote options apart
                        "--socket-path=SOCKET --shared-dir SHARE --cache always --xattr"
                                + " --thread-pool-size=4 --rlimit-nofile=0 --log-level debug"
                                + " --readonly",
                        "--socket-path=SOCKET -o source=SHARE,cache=none,xattr,no_flock,"
                                + "no_posix_lock --thread-pool-size=4 -d --readonly",
                        // systemd-vmspawn
                        "--shared-dir SHARE --xattr --socket-path SOCKET --no-announce-submounts"
                                + " --log-level=error --translate-uid map:0:0:65536"
                                + " --translate-gid map:0:0:65536",
                        // virtme-ng
                        "--no-announce-submounts --posix-acl --socket-path SOCKET --shared-dir"
                                + " SHARE --sandbox none -o cache=always",
                        // podman machine
                        "--sandbox none --socket-path SOCKET --shared-dir SHARE --seccomp=none",
                        // Proxmox VE
                        "--socket-path=SOCKET --shared-dir=SHARE --xattr --posix-acl"
                                + " --announce-submounts --allow-direct-io --cache=auto",
                        // Incus
                        "--socket-path=SOCKET --cache=metadata --shared-dir=SHARE"
                                + " --posix-acl=auto",
                        // Kata with its extra arguments, one of them said already
                        "--cache=auto --shared-dir=SHARE --socket-path=SOCKET"
                                + " --inode-file-handles=prefer --thread-pool-size=1"
                                + " --announce-submounts --cache=always",
                        // scripts: old names, any case, the last of two
                        "-f -d --socket=SOCKET --shared-dir=/no --shared-dir=SHARE --cache Auto"
                                + " --log-level INFO --inode-file-handles=Never --seccomp None",
                        "--socket-path SOCKET -o source=SHARE -o sandbox=none,loglevel=err,"
                                + "security_label,no_security_label,modcaps=+chown"
                                + " --preserve-noatime")) {
            assertEquals(new Outcome(0, 1, ""), complaintWithoutLog(run(line)), line);
            assertFalse(Files.exists(Path.of(socket)), line);
            assertFalse(Files.exists(Path.of(socket + ".pid")), line);
        }
    }

    @Test
    void noThreadOutlivesARun() throws Exception {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        assertEquals(0, run("--socket-path=SOCKET --shared-dir=SHARE").status());
        for (Thread thread : Thread.getAllStackTraces().keySet()) {
            if (!before.contains(thread) && thread.getName().equals("heap")) {
                thread.join(LIMIT_MILLIS);
                assertFalse(thread.isAlive(), thread.getName());
            }
        }
    }

    private static Outcome complaintWithoutLog(Outcome outcome) {
        String complaint =
                outcome.complaint()
                        .lines()
                        .filter(line -> line.startsWith("jvirtiofsd: "))
                        .findFirst()
                        .orElse("");
        return new Outcome(outcome.status(), outcome.served(), complaint);
    }

    @Test
    void whatPromisesMoreThanThereIsIsRefusedInOneLine() {
        String line = "--shared-dir SHARE --socket-path SOCKET ";
        for (String more :
                List.of(
                        "--modcaps=-no_such",
                        "--modcaps=chown",
                        "--modcaps=-dac_read_search --inode-file-handles=mandatory")) {
            Outcome outcome = run(line + more);
            assertEquals(2, outcome.status(), more);
            assertEquals(0, outcome.served(), more);
            assertEquals(1, outcome.complaint().lines().count(), outcome.complaint());
        }
    }

    /** A path as long as the kernel takes none, and names of which there is no file. */
    @Test
    void pathsWithoutEndAreOneLine() {
        String deep = "/d".repeat(3000);
        for (List<String> args :
                List.of(
                        List.of("--shared-dir", deep, "--socket-path", socket),
                        List.of("--shared-dir", shared, "--socket-path", deep),
                        List.of("--shared-dir", shared, "--socket-path", "/"),
                        List.of("--shared-dir", shared, "--socket-path", ""),
                        List.of("--nio-uri", "zip:" + deep, "--socket-path", socket))) {
            Outcome outcome = run(args);
            assertEquals(1, outcome.status(), args.toString());
            assertEquals(1, outcome.complaint().lines().count(), outcome.complaint());
        }
    }

    /** Every option with odd values: a status and at most one line, never a stack trace. */
    @Property
    void noArgumentsLeadToAStackTrace(@ForAll("argumentLists") List<String> args) {
        Outcome outcome = run(args);
        assertTrue(outcome.status() >= 0 && outcome.status() <= 2, args.toString());
        List<String> complaints =
                outcome.complaint()
                        .lines()
                        .filter(line -> !line.matches("[0-9-]+T[^ ]+ \\[(INFO|WARN)\\] .*"))
                        .toList();
        boolean inLog = args.contains("--syslog");
        if (outcome.status() == 0) {
            assertTrue(
                    complaints.stream()
                            .allMatch(l -> l.startsWith("vhost") || l.startsWith("fuse")),
                    () -> args + ": " + outcome.complaint());
        } else if (!inLog) {
            assertEquals(1, complaints.size(), () -> args + ": " + outcome.complaint());
            assertTrue(complaints.get(0).startsWith("jvirtiofsd: "), outcome::complaint);
        }
        assertFalse(Files.exists(Path.of(socket)), args.toString());
    }

    @Provide
    static Arbitrary<List<String>> argumentLists() {
        List<String> names = new ArrayList<>();
        new picocli.CommandLine(new Options())
                .getCommandSpec()
                .options()
                .forEach(
                        option -> {
                            names.addAll(List.of(option.names()));
                            if (option.negatable()) {
                                names.add(option.longestName().replaceFirst("^--", "--no-"));
                            }
                        });
        // Lowers the limit of this process for good: tried by a process of its own in
        // CommandLineIT.
        names.remove("--rlimit-nofile");
        names.add("--no-such");
        Arbitrary<String> values =
                Arbitraries.of(
                        "",
                        " ",
                        "=",
                        ",",
                        ":",
                        "-",
                        "--",
                        "-1",
                        "0",
                        "1",
                        "2",
                        "3",
                        "007",
                        "1e9",
                        "18446744073707454464",
                        "18446744073709551615",
                        "9223372036854775807",
                        "9223372036854775808",
                        "4294967295",
                        "-9223372036854775808",
                        "8E",
                        "9999999T",
                        "2M",
                        "3M",
                        "0K",
                        "K",
                        "none",
                        "NONE",
                        "never",
                        "Auto",
                        "always",
                        "namespace",
                        "chroot",
                        "kill",
                        "find-paths",
                        "abort",
                        "off",
                        "INFO",
                        "wait",
                        "inode",
                        "map:0:0:1",
                        "map:0:0:4294967295",
                        "guest:1:2",
                        "forbid-guest:0:1",
                        ":0:1:2:",
                        ":",
                        ":::::",
                        ",0,1,2,",
                        "-mknod",
                        "+chown:-chown",
                        "-fowner",
                        "+",
                        "-",
                        ":-",
                        ":map::user.:",
                        ":x:",
                        "\u0000",
                        "\ud800",
                        "ü",
                        "@file",
                        "a\nb",
                        "zip:",
                        "zip:/no",
                        "zip:\u0000",
                        "jimfs:",
                        "file:///",
                        "http://x",
                        "%",
                        "mailto:x",
                        "source=",
                        "source=\u0000",
                        "cache=none",
                        "sandbox=none",
                        "modcaps=-",
                        "loglevel=err",
                        "xattrmap=",
                        "readonly,tag=" + "x".repeat(40),
                        "=x",
                        "a=b=c",
                        "no_such",
                        "x".repeat(5000),
                        "root",
                        "99999999999",
                        "/",
                        ".",
                        "..");
        Arbitrary<List<String>> option =
                net.jqwik.api.Combinators.combine(
                                Arbitraries.of(names), values, Arbitraries.integers().between(0, 3))
                        .as(
                                (name, value, form) ->
                                        switch (form) {
                                            case 0 -> List.of(name);
                                            case 1 -> List.of(name, value);
                                            case 2 -> List.of(name + "=" + value);
                                            default -> List.of(value);
                                        });
        Arbitrary<List<String>> base =
                Arbitraries.lazy(
                        () ->
                                Arbitraries.of(
                                        List.of(
                                                "--shared-dir=" + shared,
                                                "--socket-path=" + socket,
                                                "--dax-window=0"),
                                        List.of("--shared-dir=" + shared, "--fd=99"),
                                        List.of(
                                                "-o",
                                                "source=" + shared,
                                                "--socket=" + socket,
                                                "--dax-window=0"),
                                        List.of("--nio-uri=zip:/no", "--socket-path=" + socket),
                                        List.of()));
        return net.jqwik.api.Combinators.combine(base, option.list().ofMinSize(0).ofMaxSize(3))
                .as(
                        (first, more) -> {
                            List<String> all = new ArrayList<>(first);
                            more.forEach(all::addAll);
                            return all;
                        });
    }
}
