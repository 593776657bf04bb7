package io.jvirtiofsd.cli;

import io.jvirtiofsd.ivshmem.IvshmemMemory;
import io.jvirtiofsd.ivshmem.IvshmemOptions;
import io.jvirtiofsd.ivshmem.IvshmemServer;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.PrintStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/**
 * {@code jvirtiofsd ivshmem}: makes the memory and the socket, and serves peers until a signal
 * comes. The launcher starts it. Owns the server.
 *
 * <p>Exit status and failures are {@link Main}'s. <i>Confined to the main thread</i>; a signal
 * comes on another one, to {@link Termination}.
 */
public final class IvshmemCommand {
    private final Termination termination;
    private PrintStream err = System.err;

    private IvshmemCommand(Termination termination) {
        this.termination = termination;
    }

    public static void main(String[] args) {
        Termination termination = new Termination();
        termination.install();
        System.exit(new IvshmemCommand(termination).run(args));
    }

    private int run(String[] args) {
        try {
            IvshmemArguments arguments = new IvshmemArguments();
            CommandLine parser = AnnotatedOptions.parser(arguments);
            parser.parseArgs(args);
            if (parser.isUsageHelpRequested()) {
                parser.usage(System.out);
            } else if (parser.isVersionHelpRequested()) {
                System.out.println("jvirtiofsd " + Main.version());
            } else {
                arguments.check();
                serve(arguments);
            }
            return Main.OK;
        } catch (ParameterException | IllegalArgumentException e) {
            return Main.fail(err, Main.USAGE, e.getMessage());
        } catch (IOException e) {
            return Main.fail(err, Main.UNUSABLE, e.getMessage());
        } catch (LinkageError e) {
            return Main.fail(err, Main.UNUSABLE, "cannot load what it needs: " + e.getMessage());
        } finally {
            termination.ended();
        }
    }

    private void serve(IvshmemArguments arguments) throws IOException {
        Syscalls syscalls = Syscalls.load();
        err = Main.configureLog(syscalls, err, arguments.syslog(), arguments.logLevel());
        LastResort.install();
        termination.awaitSignal(syscalls);
        arguments.modcaps().check(syscalls.geteuid() == 0);
        syscalls.umask(Main.OWNER_ONLY);
        IvshmemOptions options = arguments.options();
        requireDescriptors(options, DescriptorLimit.apply(syscalls, arguments.descriptors()));
        try (IvshmemServer server = open(syscalls, arguments, options)) {
            termination.serving(server::end, false);
            Logger log = LoggerFactory.getLogger(IvshmemCommand.class);
            log.info("sharing {} bytes, waiting for peers", server.memoryBytes());
            arguments.confine();
            server.serve();
            log.info("end");
        }
    }

    private static void requireDescriptors(IvshmemOptions options, int limit) throws IOException {
        if (options.descriptors() > limit) {
            throw new IOException(
                    "--max-peers=%d and --vectors=%d need %d descriptors: the limit is %d"
                            .formatted(
                                    options.maxPeers(),
                                    options.vectors(),
                                    options.descriptors(),
                                    limit));
        }
    }

    private static IvshmemServer open(
            Syscalls syscalls, IvshmemArguments arguments, IvshmemOptions options)
            throws IOException {
        try (Parts parts = new Parts()) {
            IvshmemMemory memory = parts.add(arguments.memory(syscalls));
            Listener listener = parts.add(arguments.listener(syscalls));
            IvshmemServer server = new IvshmemServer(syscalls, listener, memory, options);
            parts.complete();
            return server;
        }
    }
}
