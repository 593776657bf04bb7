package io.jvirtiofsd.guest;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/**
 * Starts the processes of a test and sees to it that none outlives the JVM.
 *
 * <p><i>Thread-safe.</i>
 */
public final class Processes {
    private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();
    private static final Duration POLL = Duration.ofMillis(5);

    static {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () -> RUNNING.forEach(Process::destroyForcibly), "end-children"));
    }

    private Processes() {}

    /** Starts {@code command} with its output appended to {@code log} and an empty input. */
    static Process start(List<String> command, Path log) {
        try {
            Process process =
                    new ProcessBuilder(command)
                            .redirectInput(
                                    ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start();
            RUNNING.add(process);
            process.onExit().thenAccept(RUNNING::remove);
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start " + command.get(0), e);
        }
    }

    /** Runs a command of the host to its end. */
    public static ExecResult run(Duration limit, List<String> command) {
        try {
            Path log = Files.createTempFile("jvirtiofsd-run", ".log");
            try {
                Process process = start(command, log);
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly();
                    throw new IllegalStateException(command + " did not end within " + limit);
                }
                return new ExecResult(process.exitValue(), Files.readAllBytes(log));
            } finally {
                Files.delete(log);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + command, e);
        }
    }

    /** Waits until {@code condition} holds; false if it does not within {@code limit}. */
    static boolean await(Duration limit, BooleanSupplier condition) {
        long end = System.nanoTime() + limit.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(POLL.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    /** Waits for the end of {@code process}; false if it does not come within {@code limit}. */
    static boolean awaitEnd(Process process, Duration limit) {
        try {
            return process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** The last {@code lines} lines of a text file, for messages. */
    static String tail(Path file, int lines) {
        try {
            List<String> all =
                    new String(Files.readAllBytes(file), StandardCharsets.UTF_8).lines().toList();
            return String.join("\n", all.subList(Math.max(0, all.size() - lines), all.size()));
        } catch (IOException e) {
            return "(no " + file + ")";
        }
    }

    /** A new folder among those for such things, which goes when this process ends. */
    public static Path temporaryFolder() throws IOException {
        return temporaryFolder(Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** A new folder in {@code parent}, which goes when this process ends, be it by a signal. */
    public static Path temporaryFolder(Path parent) throws IOException {
        Path folder = Files.createTempDirectory(parent, "jvirtiofsd-");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> removeQuietly(folder), "clean-up"));
        return folder;
    }

    private static void removeQuietly(Path folder) {
        try {
            delete(folder);
        } catch (IOException | UncheckedIOException e) {
            System.err.println("jvirtiofsd: left behind: " + folder);
        }
    }

    /** Removes a folder with all it holds, which a program has left there. */
    public static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
