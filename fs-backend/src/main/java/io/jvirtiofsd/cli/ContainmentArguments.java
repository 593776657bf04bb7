package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.passthrough.HandleMode;
import java.io.IOException;
import java.util.Locale;
import java.util.Stack;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about what the daemon itself may do; a part of {@link
 * Options}, and <i>confined to the main thread</i> as these are. What cannot be had is refused,
 * never ignored.
 */
final class ContainmentArguments {
    /** What the daemon is shut up in. */
    enum Sandbox {
        NAMESPACE,
        CHROOT,
        NONE
    }

    @Option(
            names = "--sandbox",
            paramLabel = "MODE",
            description =
                    "What the launcher shuts the daemon up in. namespace: a root of its own, with"
                            + " the share and what a JVM reads, and no network. chroot: such a root"
                            + " only. none. (Default: namespace for root, and with --uid-map, where"
                            + " the host lets us.)")
    Sandbox sandbox;

    @Option(
            names = "--seccomp",
            paramLabel = "ACTION",
            description =
                    "What happens at a system call that a serving daemon never makes: kill, trap"
                            + " (SIGSYS), log (and let through), or none, which filters nothing"
                            + " (default: kill, where there is libseccomp;"
                            + " none for --nio-uri).")
    SystemCallPolicy.Mode seccomp;

    @Option(
            names = "--modcaps",
            paramLabel = "LIST",
            parameterConsumer = ListConsumer.class,
            description =
                    "Capabilities to give up (-) or to keep and insist on (+), such as"
                            + " -mknod:+linux_immutable, beside those that the options need.")
    String modcaps;

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
        if (handles == HandleMode.MANDATORY && modcaps().drops("dac_read_search")) {
            throw new IllegalArgumentException(
                    "--inode-file-handles=mandatory needs dac_read_search, which --modcaps gives"
                            + " up");
        }
    }

    /**
     * Sees to it that the process is confined as these say: the launcher has made the sandbox, the
     * system calls of all threads are filtered now.
     *
     * @param foreign whether a provider of others is shared: whatever it does, such as reaching a
     *     server, it may do unless a filter is asked for
     * @throws IOException if they say so and it is not; the message is one sentence
     */
    void confine(boolean syslog, boolean foreign) throws IOException {
        String made = Launcher.sandbox(lower(Sandbox.NONE));
        if (sandbox != null && !lower(sandbox).equalsIgnoreCase(made)) {
            String message = "--sandbox=%s: the launcher, jvirtiofsd, makes it; here is %s";
            throw new IOException(message.formatted(lower(sandbox), made));
        }
        SystemCallPolicy.Mode mode =
                foreign ? SystemCallPolicy.Mode.NONE : SystemCallPolicy.Mode.KILL;
        if (seccomp != null) {
            mode = seccomp;
        }
        try {
            SystemCallPolicy.install(mode, syslog);
        } catch (LinuxException | LinkageError e) {
            if (seccomp != null) {
                throw new IOException("--seccomp=%s: %s".formatted(lower(seccomp), why(e)), e);
            }
            LoggerFactory.getLogger(Main.class).warn("system calls are not filtered: {}", why(e));
        }
    }

    private static String why(Throwable failure) {
        return failure instanceof LinkageError
                ? "there is no libseccomp.so.2"
                : failure.getMessage();
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
