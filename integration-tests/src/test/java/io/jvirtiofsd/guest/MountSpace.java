package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/**
 * Mounts that nobody sees but the test: a shell in namespaces of its own. They end with the shell,
 * loop devices and servers of FUSE with them, and it ends with its input: whatever becomes of the
 * test's process, nothing is left. Owned by the test.
 *
 * <p><i>Confined to a thread.</i>
 */
public final class MountSpace implements AutoCloseable {
    private static final String END = ":end:"; // and the status, after what a script has said
    private static final int END_SECONDS = 10;

    private final Process shell;
    private final BufferedReader answers;
    private final BufferedWriter scripts;

    private MountSpace(Process shell) {
        this.shell = shell;
        this.answers = shell.inputReader();
        this.scripts = shell.outputWriter();
    }

    /** Skips the test where nothing may be mounted, unless CI runs it. */
    public static MountSpace open() throws IOException {
        MountSpace space =
                new MountSpace(
                        new ProcessBuilder("unshare", "--mount", "--pid", "--fork", "sh")
                                .redirectErrorStream(true)
                                .start());
        space.runIfPossible("mount --make-rprivate /");
        return space;
    }

    /** What {@code script} says, and its status if that is not 0. */
    private String outcome(String script) throws IOException {
        scripts.write("( set -e\n%s\n) </dev/null\necho %s$?\n".formatted(script, END));
        scripts.flush();
        StringBuilder said = new StringBuilder();
        String line;
        while ((line = answers.readLine()) != null && !line.startsWith(END)) {
            said.append(line).append('\n');
        }
        return (END + "0").equals(line) ? said.toString() : said.append(line).toString();
    }

    private static boolean isFailure(String outcome) {
        return !outcome.isEmpty() && !outcome.endsWith("\n");
    }

    /** Runs commands of a shell that must succeed; what they say. */
    public String run(String script) throws IOException {
        String outcome = outcome(script);
        assertTrue(!isFailure(outcome), () -> script + "\n" + outcome);
        return outcome;
    }

    /** The same; where they fail, as a machine may not let them succeed, only CI fails. */
    public void runIfPossible(String script) throws IOException {
        String outcome = outcome(script);
        assumeTrue(!isFailure(outcome) || System.getenv("CI") != null, outcome);
        assertTrue(!isFailure(outcome), () -> script + "\n" + outcome);
    }

    /** How this process reaches {@code place} with what is mounted there. */
    public Path path(Path place) {
        long pid = shell.children().findFirst().orElseThrow().pid();
        return Path.of("/proc/" + pid + "/root" + place);
    }

    @Override
    public void close() throws IOException {
        scripts.close();
        try {
            assertTrue(shell.waitFor(END_SECONDS, TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            shell.destroyForcibly();
        }
        assertEquals(0, shell.exitValue());
    }
}
