package io.jvirtiofsd.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.regex.Pattern;

/**
 * A back-end process that listens on a socket: ours, or the peer. Owned by the test.
 *
 * <p><i>Thread-safe.</i>
 */
public final class Daemon implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration END = Duration.ofSeconds(10);
    private static final int TAIL_LINES = 30;

    /** A line of the log that says "error"; not the flag ABORT_ERROR, which a trace has. */
    private static final Pattern COMPLAINT = Pattern.compile("\\b(WARN|ERROR)");

    /** What stays open once it was needed: jars, and what stands in for files' last pages. */
    private static final Pattern KEPT = Pattern.compile("\\.jar$|^/memfd:jvirtiofsd-tails\\b");

    private static final String UNIX_SOCKETS = "/proc/%d/net/unix";
    private static final int UNIX_COLUMNS = 8; // proc(5)
    private static final int UNIX_FLAGS = 3;
    private static final int UNIX_PATH = 7;
    private static final String UNIX_ACCEPTS = "00010000"; // __SO_ACCEPTCON, linux/net.h

    private final Process process;
    private final Path socket;
    private final Path log;

    private Daemon(Process process, Path socket, Path log) {
        this.process = process;
        this.socket = socket;
        this.log = log;
    }

    /** Starts our daemon on {@code socket}, its output going to a file beside it. */
    public static Daemon start(Path sharedDir, Path socket, String... options) {
        return start(launcher(), sharedDir, socket, List.of(options));
    }

    /** Starts the daemon of another {@code checkout}, which must have been built. */
    public static Daemon startOf(Path checkout, Path sharedDir, Path socket, String... options) {
        return start(checkout.resolve("jvirtiofsd"), sharedDir, socket, List.of(options));
    }

    /**
     * Starts our daemon by a shell script, in which {@code setting} comes before our command, as in
     * "ulimit -n 1024; exec".
     */
    public static Daemon startUnder(
            String setting, Path sharedDir, Path socket, String... options) {
        Path script = socket.resolveSibling(socket.getFileName() + ".sh");
        try {
            Files.writeString(script, "#!/bin/sh\n%s %s \"$@\"\n".formatted(setting, launcher()));
            Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return start(script, sharedDir, socket, List.of(options));
    }

    /** The program that starts our daemon. */
    static Path launcher() {
        return Path.of(
                System.getProperty(
                        "jvirtiofsd.command", GuestKit.home().resolve("jvirtiofsd").toString()));
    }

    /** Starts the peer likewise, as it can run without a sandbox. */
    public static Daemon startPeer(GuestKit kit, Path sharedDir, Path socket, String... options) {
        List<String> all = new ArrayList<>(List.of("--sandbox=none", "--inode-file-handles=never"));
        all.addAll(List.of(options));
        return start(kit.virtiofsd(), sharedDir, socket, all);
    }

    private static Daemon start(Path program, Path sharedDir, Path socket, List<String> options) {
        List<String> command = new ArrayList<>();
        command.add(program.toString());
        command.add("--shared-dir=" + sharedDir);
        command.add("--socket-path=" + socket);
        command.addAll(options);
        return startAs(command, socket);
    }

    /**
     * Starts the back-end by any {@code command}, which has it listen on {@code socket}: one of its
     * own network namespace, or one that it is handed from ours.
     */
    public static Daemon startAs(List<String> command, Path socket) {
        Path log = socket.resolveSibling(socket.getFileName() + ".log");
        Daemon daemon = new Daemon(Processes.start(command, log), socket, log);
        boolean listening =
                Processes.await(
                        START,
                        () ->
                                isListening(daemon.servingPid(), socket)
                                        || isListening(ProcessHandle.current().pid(), socket)
                                        || !daemon.process.isAlive());

        if (!listening || !daemon.process.isAlive()) {
            daemon.kill();
            throw new IllegalStateException("the back-end did not start: " + daemon.logTail());
        }
        return daemon;
    }

    /**
     * Whether somebody listens on {@code socket} now in the network namespace of process {@code
     * pid}: the file alone may be an earlier daemon's, or not be ready to be connected to yet.
     * Connecting to find out would use up the session.
     */
    public static boolean isListening(long pid, Path socket) {
        try {
            return Files.readString(
                            Path.of(UNIX_SOCKETS.formatted(pid)), StandardCharsets.ISO_8859_1)
                    .lines()
                    .map(line -> line.trim().split(" +", UNIX_COLUMNS))
                    .anyMatch(
                            columns ->
                                    columns.length == UNIX_COLUMNS
                                            && columns[UNIX_FLAGS].equals(UNIX_ACCEPTS)
                                            && columns[UNIX_PATH].equals(socket.toString()));
        } catch (IOException e) {
            return false; // the process has ended
        }
    }

    /** The vhost-user socket. */
    public Path socket() {
        return socket;
    }

    /** The process that was started, and that a signal is sent to. */
    public long pid() {
        return process.pid();
    }

    /** The process that serves: {@link #pid}, or a descendant that has namespaces of its own. */
    public long servingPid() {
        long serving = pid();
        for (String child = child(serving); !child.isEmpty(); child = child(serving)) {
            serving = Long.parseLong(child);
        }
        return serving;
    }

    /** The first child of a process, "" if it has none or has ended. */
    private static String child(long pid) {
        try {
            Path children = Path.of("/proc/%1$d/task/%1$d/children".formatted(pid));
            return Files.readString(children).split(" ")[0];
        } catch (IOException e) {
            return "";
        }
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** What each open descriptor of the process is, as in "socket:[4711]" or "/share/file". */
    public List<String> descriptors() {
        Path folder = Path.of("/proc/" + servingPid() + "/fd");
        List<String> targets = new ArrayList<>();
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(folder)) {
            for (Path fd : fds) {
                targets.add(target(fd));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return targets;
    }

    private static String target(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString();
        } catch (IOException e) {
            return "closed"; // since it was listed
        }
    }

    /**
     * Number of descriptors that are open on behalf of guests: all but what the process keeps from
     * its first use on.
     */
    public int openDescriptors() {
        return (int) descriptors().stream().filter(KEPT.asPredicate().negate()).count();
    }

    /** Waits until {@link #openDescriptors} is at most {@code count}; false if that takes long. */
    public boolean awaitDescriptors(int count) {
        return Processes.await(END, () -> openDescriptors() <= count);
    }

    /** Everything it printed so far. */
    public String log() {
        try {
            return Files.readString(log, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * How much memory it has of a kind, in KiB.
     *
     * @param kind as in /proc/PID/smaps_rollup: Rss, Pss, Anonymous
     */
    public long memoryKib(String kind) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + servingPid() + "/smaps_rollup"))) {
            if (line.startsWith(kind + ":")) {
                return Long.parseLong(line.replaceAll("\\D+", " ").strip());
            }
        }
        throw new IOException("no " + kind);
    }

    /** The lines it printed at level WARN or ERROR. */
    public List<String> complaints() {
        return log().lines().filter(COMPLAINT.asPredicate()).toList();
    }

    private String logTail() {
        return Processes.tail(log, TAIL_LINES);
    }

    /** Sends SIGTERM; the exit code, or empty if it has not ended within 10 s. */
    public OptionalInt stop() {
        process.destroy();
        return awaitEnd();
    }

    /** Waits for an end by itself; the exit code, or empty if it has not ended within 10 s. */
    public OptionalInt awaitEnd() {
        return Processes.awaitEnd(process, END)
                ? OptionalInt.of(process.exitValue())
                : OptionalInt.empty();
    }

    /** Sends SIGKILL and waits for the end. */
    public void kill() {
        process.destroyForcibly();
        Processes.awaitEnd(process, END);
    }

    @Override
    public void close() {
        if (stop().isEmpty()) {
            kill();
        }
    }
}
