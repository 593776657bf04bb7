package io.jvirtiofsd.cli;

import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about migration; a part of {@link Options}. There is none
 * yet, so what asks for it is refused.
 */
final class MigrationArguments {
    /** How the destination finds the guest's inodes. */
    enum Mode {
        FIND_PATHS,
        FILE_HANDLES
    }

    /** What becomes of an inode that it does not find. */
    enum OnError {
        ABORT,
        GUEST_ERROR
    }

    @Option(
            names = "--migration-mode",
            paramLabel = "MODE",
            converter = ModeConverter.class,
            description = "find-paths or file-handles: refused, there is no migration yet.")
    private Mode mode;

    @Option(
            names = "--migration-on-error",
            paramLabel = "REACTION",
            converter = OnErrorConverter.class,
            description = "abort or guest-error: refused likewise.")
    private OnError onError;

    @Option(names = "--migration-verify-handles", description = "Refused likewise.")
    private boolean verifyHandles;

    @Option(names = "--migration-confirm-paths", description = "Refused likewise.")
    private boolean confirmPaths;

    /**
     * @throws IllegalArgumentException if migration is asked for; the message is one sentence
     */
    void check() {
        if (mode != null || onError != null || verifyHandles || confirmPaths) {
            throw new IllegalArgumentException(
                    "--migration-...: this daemon cannot migrate guests yet");
        }
    }

    /** Reads a mode by its name. */
    static final class ModeConverter implements CommandLine.ITypeConverter<Mode> {
        @Override
        public Mode convert(String value) {
            return Options.byName(Mode.values(), value);
        }
    }

    /** Reads a reaction by its name. */
    static final class OnErrorConverter implements CommandLine.ITypeConverter<OnError> {
        @Override
        public OnError convert(String value) {
            return Options.byName(OnError.values(), value);
        }
    }
}
