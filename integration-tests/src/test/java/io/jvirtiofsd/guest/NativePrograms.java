package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The test programs in C, which do what no program of the guest does; static, so that they need
 * nothing there.
 */
public final class NativePrograms {
    private static final Duration LIMIT = Duration.ofMinutes(2);
    private static final List<String> NAMES = List.of("fsrandom", "mapcheck", "lockcount");

    private NativePrograms() {}

    /** Compiles those that work on a share into a program of that name in {@code folder}. */
    static void build(Path folder) {
        NAMES.forEach(name -> build(folder, name));
    }

    /** Compiles one of them; the program. */
    public static Path build(Path folder, String name) {
        Path sources = GuestKit.home().resolve("integration-tests/src/test/native");
        Path program = folder.resolve(name);
        List<String> command =
                List.of(
                        "gcc",
                        "-O2",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-static",
                        "-pthread",
                        "-o",
                        program.toString(),
                        sources.resolve(name + ".c").toString());
        ExecResult result = Processes.run(LIMIT, command);
        assertEquals(0, result.exitCode(), () -> command + ": " + result.text());
        return program;
    }
}
