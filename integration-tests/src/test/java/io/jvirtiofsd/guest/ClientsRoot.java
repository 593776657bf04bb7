package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A root of Debian's packages with programs that start virtiofsd, and no virtiofsd but the daemon
 * of our package. What is done in it leaves it as it was. <i>Stateless.</i>
 */
final class ClientsRoot {
    /** The kernel for guests, in that root. */
    static final String KERNEL = "/usr/lib/modules/current/vmlinuz";

    private static final Duration LIMIT = Duration.ofMinutes(8);

    private ClientsRoot() {}

    /**
     * Runs a script of bash in it, as its first process.
     *
     * @param shared a folder that is {@code /shared} there; the script comes into it, and a file
     *     {@code command-lines} with those of the daemons that were started
     */
    static ExecResult run(Path shared, String script) throws IOException {
        Files.writeString(shared.resolve("script"), script);
        return Processes.run(
                LIMIT,
                List.of(
                        GuestKit.home()
                                .resolve("integration-tests/guest-kit/enter-clients")
                                .toString(),
                        GuestKit.get().clients().toString(),
                        DebianPackage.file().toString(),
                        shared.toString(),
                        "/bin/bash",
                        "/shared/script"));
    }
}
