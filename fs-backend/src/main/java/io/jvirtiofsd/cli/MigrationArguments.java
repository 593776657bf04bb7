package io.jvirtiofsd.cli;

import org.slf4j.LoggerFactory;
import picocli.CommandLine.Option;

/**
 * The options about migration, virtiofsd's; a part of {@link Options}, and <i>confined to the main
 * thread</i> as these are. There is no migration yet, and the front-end is told so, which refuses
 * to begin one. So programs that give these options can start the daemon.
 */
final class MigrationArguments {
    /** How the other side finds the files that the guest knows. */
    enum Mode {
        FIND_PATHS,
        FILE_HANDLES;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    /** What happens if a file cannot be found there. */
    enum OnError {
        ABORT,
        GUEST_ERROR;

        @Override
        public String toString() {
            return name().replace('_', '-');
        }
    }

    @Option(
            names = "--migration-mode",
            paramLabel = "MODE",
            description =
                    "find-paths or file-handles: taken, and without effect, as are the next three:"
                            + " there is no migration yet, which the front-end is told.")
    Mode mode;

    @Option(
            names = "--migration-on-error",
            paramLabel = "REACTION",
            description = "abort or guest-error: likewise.")
    OnError onError;

    @Option(names = "--migration-verify-handles", description = "Likewise.")
    boolean verifyHandles;

    @Option(names = "--migration-confirm-paths", description = "Likewise.")
    boolean confirmPaths;

    /** Says in the log what was asked for in vain. */
    void tell() {
        if (mode != null || onError != null || verifyHandles || confirmPaths) {
            LoggerFactory.getLogger(Main.class)
                    .warn("--migration-...: guests with this share cannot be migrated yet");
        }
    }
}
