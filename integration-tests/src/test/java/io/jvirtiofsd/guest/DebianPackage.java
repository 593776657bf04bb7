package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The Debian package of what is built here; made once for all tests. */
@SuppressWarnings("try") // a lock need not be named
final class DebianPackage {
    private static final Duration LIMIT = Duration.ofMinutes(5);

    private DebianPackage() {}

    /**
     * Makes it, unless it is newer than what it is made of. Other JVMs may ask at the same time.
     */
    static synchronized Path file() throws IOException {
        Path target = Files.createDirectories(GuestKit.home().resolve("target"));
        try (FileChannel lock =
                        FileChannel.open(
                                target.resolve("packages.lock"),
                                StandardOpenOption.CREATE,
                                StandardOpenOption.WRITE);
                FileLock ignored = lock.lock()) {
            Optional<Path> there = find(target);
            if (there.isPresent() && isNewest(there.get())) {
                return there.get();
            }
            String script = GuestKit.home().resolve("packaging/package").toString();
            ExecResult result = Processes.run(LIMIT, List.of(script));
            assertEquals(0, result.exitCode(), result.text());
            return find(target).orElseThrow();
        }
    }

    private static Optional<Path> find(Path target) throws IOException {
        Path packages = target.resolve("packages");
        if (!Files.exists(packages)) {
            return Optional.empty();
        }
        try (Stream<Path> files = Files.list(packages)) {
            return files.filter(file -> file.toString().endsWith(".deb")).findAny();
        }
    }

    private static boolean isNewest(Path made) {
        String find =
                "find %1$s/packaging %1$s/docs %1$s/*/target/*.jar -newer %2$s -print -quit"
                        .formatted(GuestKit.home(), made);
        return Processes.run(LIMIT, List.of("sh", "-c", find)).text().isEmpty();
    }
}
