package io.jvirtiofsd.cli;

import io.jvirtiofsd.passthrough.HandleMode;
import java.util.Locale;
import java.util.Stack;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about what the daemon itself may do; a part of {@link
 * Options}. What promises a containment that does not exist here is refused, never ignored.
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
            converter = SandboxConverter.class,
            defaultValue = "none",
            description =
                    "none; namespace and chroot are refused: the daemon cannot shut itself up yet"
                            + " (default: ${DEFAULT-VALUE}).")
    private Sandbox sandbox;

    @Option(
            names = "--seccomp",
            paramLabel = "ACTION",
            converter = SeccompConverter.class,
            defaultValue = "none",
            description =
                    "none; kill, log and trap are refused: system calls are not filtered yet"
                            + " (default: ${DEFAULT-VALUE}).")
    private Seccomp seccomp;

    @Option(
            names = "--modcaps",
            paramLabel = "LIST",
            parameterConsumer = ModcapsConsumer.class,
            description =
                    "Capabilities to give up (-) or to insist on (+), such as -mknod:+sys_admin;"
                            + " all others stay as the daemon was started.")
    private Modcaps modcaps = Modcaps.NONE;

    /** Applies what {@code -o} says: "modcaps=LIST". */
    void setModcaps(Modcaps value) {
        modcaps = value;
    }

    /** Applies what {@code -o} says: "sandbox=MODE". */
    void setSandbox(Sandbox value) {
        sandbox = value;
    }

    Modcaps modcaps() {
        return modcaps;
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
        if (handles == HandleMode.MANDATORY && modcaps.drops("dac_read_search")) {
            throw new IllegalArgumentException(
                    "--inode-file-handles=mandatory needs dac_read_search, which --modcaps gives"
                            + " up");
        }
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT);
    }

    /** Reads a sandbox by its name. */
    static final class SandboxConverter implements CommandLine.ITypeConverter<Sandbox> {
        @Override
        public Sandbox convert(String value) {
            return Options.byName(Sandbox.values(), value);
        }
    }

    /** Reads an action by its name. */
    static final class SeccompConverter implements CommandLine.ITypeConverter<Seccomp> {
        @Override
        public Seccomp convert(String value) {
            return Options.byName(Seccomp.values(), value);
        }
    }

    /** Takes a list that looks like options: -fowner is not -f. */
    static final class ModcapsConsumer implements CommandLine.IParameterConsumer {
        @Override
        public void consumeParameters(Stack<String> args, ArgSpec option, CommandSpec command) {
            if (args.isEmpty()) {
                throw new CommandLine.MissingParameterException(
                        command.commandLine(), option, "Missing required parameter for --modcaps");
            }
            try {
                option.setValue(new ModcapsConverter().convert(args.pop()));
            } catch (CommandLine.TypeConversionException e) {
                throw new CommandLine.ParameterException(
                        command.commandLine(), "--modcaps: " + e.getMessage());
            }
        }
    }

    /** Reads a list of capabilities. */
    static final class ModcapsConverter implements CommandLine.ITypeConverter<Modcaps> {
        @Override
        public Modcaps convert(String value) {
            try {
                return Modcaps.parse(value);
            } catch (IllegalArgumentException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }
}
