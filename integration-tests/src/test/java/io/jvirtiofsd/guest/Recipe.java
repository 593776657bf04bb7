package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A block of a document that is run by a shell of the host, as it stands but for {@code /srv} and
 * {@code /run}, which are in a folder of its own. Its daemons run until this is closed; its QEMU
 * only notes what machine it should be. Owned by the test.
 */
final class Recipe implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final int TAIL_LINES = 30;

    private static final String DAEMON =
            """
            #!/bin/bash
            # Notes on which socket it listens, and is the daemon.
            [[ "$*" =~ --socket-path\\ ([^ ]+) ]] && echo "${BASH_REMATCH[1]}" >>%s/sockets
            exec %s "$@"
            """;

    /** As QEMU, it waits for no socket. */
    private static final String QEMU =
            """
            #!/bin/bash
            # Notes its arguments, but for the "...".
            for word; do
                [[ $word != *,path=* ]] || [ -S "${word##*,path=}" ] || exec echo "Failed to connect to '${word##*,path=}'"
            done
            printf '%%s\\n' "${@:2}" >>%s/machine
            """;

    private final DocumentBlock block;
    private final Path root;
    private final Process shell;

    private Recipe(DocumentBlock block, Path root, Process shell) {
        this.block = block;
        this.root = root;
        this.shell = shell;
    }

    /**
     * Runs the host's part of a block, to its end or until it waits for its daemons.
     *
     * @param root an existing folder, with what the block takes for granted
     * @param setting what comes before the shell, as in "ulimit -n 1024; exec"
     */
    static Recipe run(DocumentBlock block, Path root, String setting) throws IOException {
        for (String place : List.of("bin", "srv", "run", "home")) {
            Path folder = Files.createDirectories(root.resolve(place));
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        Files.setPosixFilePermissions(root, PosixFilePermissions.fromString("rwxrwxrwx"));
        program(root.resolve("bin/jvirtiofsd"), DAEMON.formatted(root, Daemon.launcher()));
        program(root.resolve("bin/qemu-system-x86_64"), QEMU.formatted(root));
        String script =
                """
                export PATH=%1$s/bin:$PATH HOME=%1$s/home XDG_RUNTIME_DIR=%1$s/run
                cd %1$s/bin
                %2$s
                touch %1$s/done
                wait
                """
                        .formatted(root, block.ofHost().replaceAll("/(srv|run)/", root + "/$1/"));
        Path file = Files.writeString(root.resolve("script"), script);
        Path log = root.resolve("log");
        Process shell = Processes.start(List.of("sh", "-c", setting + " bash -e " + file), log);
        Recipe recipe = new Recipe(block, root, shell);
        boolean serves =
                Processes.await(START, () -> !shell.isAlive() || recipe.isReady())
                        && recipe.isReady();
        if (!serves) {
            recipe.close();
            throw new IllegalStateException(block + "\n" + Processes.tail(log, TAIL_LINES));
        }
        return recipe;
    }

    private static void program(Path file, String text) throws IOException {
        Files.writeString(file, text);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private boolean isReady() {
        return Files.exists(root.resolve("done"))
                && !sockets().isEmpty()
                && sockets().stream().allMatch(Files::exists);
    }

    /** The sockets that its daemons listen on. */
    List<Path> sockets() {
        return lines("sockets").stream().map(Path::of).toList();
    }

    private List<String> lines(String file) {
        try {
            return Files.exists(root.resolve(file))
                    ? Files.readAllLines(root.resolve(file))
                    : List.of();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * The arguments that it gives QEMU, each an option with its value; none if it names no QEMU.
     */
    List<List<String>> machine() {
        List<String> words = lines("machine");
        List<List<String>> arguments = new ArrayList<>();
        for (int i = 0; i < words.size(); i += 2) {
            arguments.add(words.subList(i, i + 2));
        }
        return arguments;
    }

    /** What stands for the root of the host. */
    Path root() {
        return root;
    }

    DocumentBlock block() {
        return block;
    }

    /** The names of all threads of its daemons. */
    String threads() throws IOException {
        StringBuilder names = new StringBuilder();
        for (ProcessHandle process : shell.descendants().toList()) {
            names.append(
                    ShareRig.onHost("cat /proc/%d/task/*/comm || true".formatted(process.pid())));
        }
        return names.toString();
    }

    @Override
    public void close() {
        List<ProcessHandle> all = shell.descendants().toList();
        all.forEach(ProcessHandle::destroy);
        boolean ended =
                Processes.await(START, () -> all.stream().noneMatch(ProcessHandle::isAlive));
        shell.destroy();
        if (!ended) {
            throw new IllegalStateException("a daemon does not end: " + block);
        }
    }
}
