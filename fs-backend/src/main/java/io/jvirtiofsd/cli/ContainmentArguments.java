package io.jvirtiofsd.cli;

import io.jvirtiofsd.passthrough.HandleMode;
import java.util.Locale;
import java.util.Stack;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about what the daemon itself may do, and about migration; a
 * part of {@link Options}, and <i>confined to the main thread</i> as these are. An option that
 * promises something that does not exist here is refused, never ignored.
 */
final class ContainmentArguments {
    /** What the daemon is shut up in. */
    enum Sandbox {
        NAMESPACE,
        CHROOT,
        NONE
    }

    /** What happens at a system call that is not on a list. */
    enum Seccomp {
        NONE,
        KILL,
        LOG,
        TRAP
    }

    @Option(
            names = "--sandbox",
            paramLabel = "MODE",
            defaultValue = "none",
            description =
                    "none; namespace and chroot are refused: the daemon cannot shut itself up yet"
                            + " (default: ${DEFAULT-VALUE}).")
    private Sandbox sandbox;

    @Option(
            names = "--seccomp",
            paramLabel = "ACTION",
            defaultValue = "none",
            description =
                    "none; kill, log and trap are refused: system calls are not filtered yet"
                            + " (default: ${DEFAULT-VALUE}).")
    private Seccomp seccomp;

    @Option(
            names = "--modcaps",
            paramLabel = "LIST",
            parameterConsumer = ListConsumer.class,
            description =
                    "Capabilities to give up (-) or to insist on (+), such as -mknod:+sys_admin;"
                            + " all others stay as the daemon was started.")
    private String modcaps;

    @Option(
            names = "--migration-mode",
            paramLabel = "MODE",
            description = "find-paths or file-handles: refused, there is no migration yet.")
    private String migrationMode;

    @Option(
            names = "--migration-on-error",
            paramLabel = "REACTION",
            description = "abort or guest-error: refused likewise.")
    private String migrationOnError;

    @Option(names = "--migration-verify-handles", description = "Refused likewise.")
    private boolean migrationVerifyHandles;

    @Option(names = "--migration-confirm-paths", description = "Refused likewise.")
    private boolean migrationConfirmPaths;

    /**
     * What {@code --modcaps} asks for.
     *
     * @throws IllegalArgumentException if that is nothing; the message is one sentence
     */
    Modcaps modcaps() {
        return modcaps == null ? Modcaps.NONE : Options.read("--modcaps", Modcaps::parse, modcaps);
    }

    /**
     * @throws IllegalArgumentException if what is asked for cannot be; the message is one sentence
     */
    void check(HandleMode handles) {
        if (sandbox != Sandbox.NONE) {
            throw new IllegalArgumentException(
                    "--sandbox=%s: this daemon has no sandbox yet, only none"
                            .formatted(lower(sandbox)));
        }
        if (seccomp != Seccomp.NONE) {
            throw new IllegalArgumentException(
                    "--seccomp=%s: this daemon does not filter system calls yet, only none"
                            .formatted(lower(seccomp)));
        }
        if (handles == HandleMode.MANDATORY && modcaps().drops("dac_read_search")) {
            throw new IllegalArgumentException(
                    "--inode-file-handles=mandatory needs dac_read_search, which --modcaps gives"
                            + " up");
        }
        if (migrationMode != null
                || migrationOnError != null
                || migrationVerifyHandles
                || migrationConfirmPaths) {
            throw new IllegalArgumentException(
                    "--migration-...: this daemon cannot migrate guests yet");
        }
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Takes a list that looks like options: -fowner is not -f. */
    static final class ListConsumer implements CommandLine.IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
            if (args.isEmpty()) {
                throw new CommandLine.MissingParameterException(
                        command.commandLine(), option, "Missing required parameter for --modcaps");
            }
            option.setValue(args.pop());
        }
    }
}
