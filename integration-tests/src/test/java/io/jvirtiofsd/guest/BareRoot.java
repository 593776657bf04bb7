package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A root with what every Debian has and nothing else, and an archive for its apt. What is done in
 * it leaves it as it was; it has no network. <i>Stateless.</i>
 */
final class BareRoot {
    private static final Duration LIMIT = Duration.ofMinutes(8);
    private static final Path SCRIPTS = GuestKit.home().resolve("integration-tests/guest-kit");

    private BareRoot() {}

    /**
     * Runs a script of bash in it; makes it first if need be, which takes half a minute and the
     * network.
     *
     * @param shared a folder that is {@code /shared} there; the script comes into it
     */
    static ExecResult run(Path shared, String script) throws IOException {
        Files.writeString(shared.resolve("script"), script);
        ExecResult made = Processes.run(LIMIT, List.of(SCRIPTS.resolve("bare-root").toString()));
        assertEquals(0, made.exitCode(), made.text());
        String root = made.text().lines().reduce((a, b) -> b).orElseThrow();
        return Processes.run(
                LIMIT,
                List.of(
                        SCRIPTS.resolve("enter-root").toString(),
                        root,
                        shared.toString(),
                        "unshare",
                        "--net",
                        "/bin/bash",
                        "/shared/script"));
    }
}
