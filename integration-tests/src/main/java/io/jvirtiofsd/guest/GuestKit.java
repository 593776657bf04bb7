package io.jvirtiofsd.guest;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The folder with what a guest is made of, made on first use by {@code guest-kit/guest-kit}.
 *
 * <p><i>Immutable.</i>
 */
public final class GuestKit {
    private static final Duration LIMIT = Duration.ofMinutes(15);

    private final Path folder;

    private GuestKit(Path folder) {
        this.folder = folder;
    }

    /** The kit; makes it if need be, which takes a minute and the network. */
    public static GuestKit get() {
        Path script = home().resolve("integration-tests/guest-kit/guest-kit");
        ExecResult result = Processes.run(LIMIT, List.of(script.toString()));
        if (result.exitCode() != 0) {
            throw new IllegalStateException("no guest kit: " + result.text());
        }
        return new GuestKit(Path.of(result.text().lines().reduce((a, b) -> b).orElseThrow()));
    }

    /** The project's top folder. */
    public static Path home() {
        String set = System.getProperty("jvirtiofsd.home");
        if (set != null) {
            return Path.of(set);
        }
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isExecutable(folder.resolve("jvirtiofsd"))) {
            folder = folder.getParent();
            if (folder == null) {
                throw new IllegalStateException("not inside the project; set jvirtiofsd.home");
            }
        }
        return folder;
    }

    /** QEMU 11.1 or later, with the generic vhost-user device. */
    public Path qemu() {
        return folder.resolve("qemu");
    }

    /** QEMU 7.2. */
    public Path oldQemu() {
        return folder.resolve("qemu-7.2");
    }

    /** The peer: virtiofsd in Rust. */
    public Path virtiofsd() {
        return folder.resolve("virtiofsd");
    }

    /** A root in which programs run that start virtiofsd, and apt. */
    Path clients() {
        return folder.resolve("clients");
    }

    Path kernel() {
        return folder.resolve("vmlinuz");
    }

    Path initrd() {
        return folder.resolve("initrd");
    }

    Path rootImage() {
        return folder.resolve("root.img");
    }
}
