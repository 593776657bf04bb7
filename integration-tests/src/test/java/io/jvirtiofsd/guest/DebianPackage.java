package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The Debian package of what is built here; made once for all tests of a JVM. */
final class DebianPackage {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static Path made;

    private DebianPackage() {}

    static synchronized Path file() throws IOException {
        if (made == null) {
            Path home = GuestKit.home();
            ExecResult result =
                    Processes.run(LIMIT, List.of(home.resolve("packaging/package").toString()));
            assertEquals(0, result.exitCode(), result.text());
            try (Stream<Path> files = Files.list(home.resolve("target/packages"))) {
                made = files.filter(f -> f.toString().endsWith(".deb")).findAny().orElseThrow();
            }
        }
        return made;
    }
}
