package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The test programs in C, which do what no program of the guest does; static, so that they need
 * nothing there.
 */
public final class NativePrograms {
    private static final Duration LIMIT = Duration.ofMinutes(2);

    private NativePrograms() {}

    /** Starts a command of mapcheck that goes on; it has touched all of its file once. */
    static CompletableFuture<ExecResult> begin(Guest guest, String mapcheck) {
        guest.check("rm -f /tmp/begun /tmp/end");
        CompletableFuture<ExecResult> running = guest.start(mapcheck);
        guest.check("until [ -e /tmp/begun ]; do sleep 0.1; done");
        return running;
    }

    /** Has it end; what it says. */
    static String end(Guest guest, CompletableFuture<ExecResult> running) throws Exception {
        guest.check("touch /tmp/end");
        return running.get(LIMIT.toSeconds(), TimeUnit.SECONDS).text();
    }

    /** Compiles one of them into a program of that name in {@code folder}; the program. */
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
