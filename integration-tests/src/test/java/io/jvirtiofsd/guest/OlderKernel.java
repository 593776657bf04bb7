package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A kernel of an older Debian, for guests whose root is the kit's.
 *
 * <p><i>Immutable.</i>
 *
 * @param folder where {@code guest-kit/older-kernel} has put it
 */
record OlderKernel(Path folder) {
    private static final Duration LIMIT = Duration.ofMinutes(8);

    /**
     * The kernel of a Debian; makes it first if need be, which takes ten seconds and the network.
     *
     * @param suite the Debian's name, as in its archive
     */
    static OlderKernel of(String suite) {
        Path script = GuestKit.home().resolve("integration-tests/guest-kit/older-kernel");
        ExecResult made = Processes.run(LIMIT, List.of(script.toString(), suite));
        assertEquals(0, made.exitCode(), made.text());
        return new OlderKernel(Path.of(made.text().lines().reduce((a, b) -> b).orElseThrow()));
    }

    /** Has a machine boot it. */
    GuestBuilder in(GuestBuilder machine) {
        return machine.kernel(folder.resolve("vmlinuz"), folder.resolve("initrd"));
    }
}
