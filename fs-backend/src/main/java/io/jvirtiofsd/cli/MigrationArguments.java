package io.jvirtiofsd.cli;

import io.jvirtiofsd.passthrough.MigrationOptions;
import picocli.CommandLine.Option;

/**
 * The options about migration, virtiofsd's; a part of {@link Options}, and <i>confined to the main
 * thread</i> as these are.
 */
final class MigrationArguments {
    @Option(
            names = "--migration-mode",
            paramLabel = "MODE",
            defaultValue = "find-paths",
            description =
                    "By what the destination finds the files that the guest knows: find-paths (the"
                            + " default; another share of the same content will do) or file-handles"
                            + " (the same file system; it must be able to open handles). The"
                            + " source's option.")
    MigrationOptions.Mode mode = MigrationOptions.DEFAULT.mode();

    @Option(
            names = "--migration-on-error",
            paramLabel = "REACTION",
            defaultValue = "abort",
            description =
                    "If a file is not found: abort the migration (the default), or guest-error: the"
                            + " guest gets errors for this file. The destination's option.")
    MigrationOptions.OnError onError = MigrationOptions.DEFAULT.onError();

    @Option(
            names = "--migration-verify-handles",
            description =
                    "With find-paths: what the destination finds must have the same file handle,"
                            + " which it has on the same file system only. The source's option.")
    boolean verifyHandles;

    @Option(
            names = "--migration-confirm-paths",
            description =
                    "Taken: each path is looked at when the guest has stopped, with or without it.")
    boolean confirmPaths;

    /** What they mean for the share. */
    MigrationOptions options() {
        return new MigrationOptions(mode, verifyHandles, onError);
    }
}
