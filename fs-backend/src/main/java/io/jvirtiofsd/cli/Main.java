package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.TimeSlice;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * The program: reads the command line, opens the share and the socket, and serves until the
 * front-end goes or a signal comes. Owns the server and the file system.
 *
 * <p>Exit status: 0 after a session, SIGTERM or SIGINT; 1 if the share or the socket cannot be
 * used, or if the process must not go on ({@link LastResort}); 2 for a wrong command line. Any
 * failure is one line on standard error. <i>Confined to the main thread</i>; a signal comes on
 * another one, to {@link Termination}.
 */
public final class Main {
    static final int OK = 0;
    static final int UNUSABLE = 1;
    static final int USAGE = 2;

    static final int OWNER_ONLY = 077; // umask(2)

    private static final String CAPABILITIES =
            """
            {
              "type": "fs",
              "features": [
                "migrate-precopy",
                "posix-acl-negotiation-mode",
                "security-label-negotiation-mode",
                "separate-options"
              ]
            }
            """;

    /** What is done with a back-end that has been opened. */
    interface Service {
        void serve(BackEnd backEnd, Options options) throws IOException;
    }

    private final Service service;
    private final Termination termination;
    private PrintStream err = System.err;

    Main(Service service, Termination termination) {
        this.service = service;
        this.termination = termination;
    }

    public static void main(String[] args) {
        Termination termination = new Termination();
        termination.install();
        System.exit(new Main(Main::serveConfined, termination).run(args));
    }

    /** Does what {@code args} say; the exit status. */
    int run(String... args) {
        try {
            return parseAndServe(args);
        } finally {
            termination.ended();
        }
    }

    private int parseAndServe(String[] args) {
        // By convention of vhost-user programs all other options are ignored then.
        if (Arrays.asList(args).contains("--print-capabilities")) {
            System.out.print(CAPABILITIES);
            return OK;
        }
        Options options = new Options();
        try {
            if (!PlainOptions.read(options, args)) {
                options = new Options();
                CommandLine commandLine = AnnotatedOptions.read(options, args);
                if (commandLine.isUsageHelpRequested()) {
                    commandLine.usage(System.out);
                    return OK;
                }
                if (commandLine.isVersionHelpRequested()) {
                    System.out.println("jvirtiofsd " + version());
                    return OK;
                }
            }
            options.complete();
        } catch (IllegalArgumentException e) {
            return fail(USAGE, e.getMessage());
        }
        try {
            return serve(options);
        } catch (IOException e) {
            return fail(UNUSABLE, e.getMessage());
        } catch (LinkageError e) {
            return fail(UNUSABLE, "cannot load what it needs: " + e.getMessage());
        }
    }

    private int fail(int status, String message) {
        return fail(err, status, message);
    }

    /** Says in one line on {@code err} why the process ends with {@code status}, which it gives. */
    static int fail(PrintStream err, int status, String message) {
        err.println("jvirtiofsd: " + message.lines().findFirst().orElse(message));
        return status;
    }

    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version != null ? version : "(not packaged)";
    }

    private int serve(Options options) throws IOException {
        Syscalls syscalls = Syscalls.load();
        err = configureLog(syscalls, err, options.syslog(), options.logLevel());
        LastResort.install();
        termination.awaitSignal(syscalls);
        boolean root = syscalls.geteuid() == 0;
        if (root) {
            options.refuseAsRoot();
            syscalls.setgroups(0, 0); // or they would have to be put away for each new file
        }
        options.modcaps().check(root);
        TimeSlice.shorten(syscalls);
        CompilerThreads.giveWay(syscalls);
        syscalls.umask(OWNER_ONLY); // threads that make files for the guest have their own
        int descriptorLimit = DescriptorLimit.apply(syscalls, options.descriptors());

        // Half of the descriptors for inodes; the rest for what the guest opens.
        try (SharedTree shared = options.sharedTree();
                BackEnd backEnd =
                        BackEnd.open(
                                syscalls,
                                options.backEnd(
                                        shared.root(), descriptorLimit / 2, err::println))) {
            termination.serving(backEnd::end, shared.isWrittenAtTheEnd());
            Logger log = LoggerFactory.getLogger(Main.class);
            log.info("sharing {}, waiting for a front-end", shared);
            Thread heapKeeper = HeapKeeper.start();
            try {
                service.serve(backEnd, options);
            } finally {
                heapKeeper.interrupt();
            }
            log.info("end");
        }
        return OK;
    }

    /** Gives up what a start needs and a guest's requests do not, then serves. */
    private static void serveConfined(BackEnd backEnd, Options options) throws IOException {
        options.confine();
        backEnd.serve();
    }

    /**
     * Says where the log goes, before there is a logger.
     *
     * @return where to complain: {@code err}, or the system log
     */
    static PrintStream configureLog(
            Syscalls syscalls, PrintStream err, boolean syslog, Options.LogLevel level) {
        PrintStream complaints = syslog ? new PrintStream(new SyslogStream(syscalls), true) : err;
        System.setErr(syslog ? complaints : new DatedStream(err));
        String prefix = "org.slf4j.simpleLogger.";
        System.setProperty(prefix + "defaultLogLevel", level.name().toLowerCase(Locale.ROOT));
        System.setProperty(prefix + "showThreadName", "false");
        System.setProperty(prefix + "showShortLogName", "true");
        System.setProperty(prefix + "levelInBrackets", "true");
        return complaints;
    }
}
