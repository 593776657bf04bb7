package io.jvirtiofsd.daemon;

import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;

/**
 * The program: reads the command line, opens the share and the socket, and serves until the
 * front-end goes or a signal comes. Owns the server and the file system.
 *
 * <p>Exit status: 0 after a session, SIGTERM or SIGINT; 1 if the share or the socket cannot be
 * used, or if the process must not go on ({@link LastResort}); 2 for a wrong command line. Any
 * failure is one line on standard error.
 */
public final class Main {
    private static final int OK = 0;
    private static final int UNUSABLE = 1;
    private static final int USAGE = 2;

    private static final int OWNER_ONLY = 077;

    private static final long SHUTDOWN_MILLIS = 800;

    private static final String CAPABILITIES =
            """
            {
              "type": "fs",
              "features": [
                "separate-options"
              ]
            }
            """;

    private Main() {}

    public static void main(String[] args) {
        System.exit(run(args));
    }

    private static int run(String[] args) {
        // By convention of vhost-user programs all other options are ignored then.
        if (Arrays.asList(args).contains("--print-capabilities")) {
            System.out.print(CAPABILITIES);
            return OK;
        }
        Options options = new Options();
        CommandLine commandLine = new CommandLine(options);
        try {
            commandLine.parseArgs(args);
            if (commandLine.isUsageHelpRequested()) {
                commandLine.usage(System.out);
                return OK;
            }
            if (commandLine.isVersionHelpRequested()) {
                System.out.println("jvirtiofsd " + version());
                return OK;
            }
            options.complete();
        } catch (CommandLine.ParameterException e) {
            return fail(USAGE, e.getMessage());
        }
        try {
            return serve(options);
        } catch (IOException e) {
            return fail(UNUSABLE, e.getMessage());
        }
    }

    private static int fail(int status, String message) {
        System.err.println("jvirtiofsd: " + message.lines().findFirst().orElse(message));
        return status;
    }

    private static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version != null ? version : "(not packaged)";
    }

    private static int serve(Options options) throws IOException {
        configureLog(options);
        LastResort.install();
        Syscalls syscalls = JnrSyscalls.load();
        if (options.syslog()) {
            System.setErr(new PrintStream(new SyslogStream(syscalls), true));
        }
        syscalls.umask(OWNER_ONLY); // threads that make files for the guest have their own
        int descriptorLimit = DescriptorLimit.apply(syscalls, options.descriptors());

        CountDownLatch ended = new CountDownLatch(1);
        // Half of the descriptors for inodes; the rest for what the guest opens.
        try (SharedTree shared = options.sharedTree();
                BackEnd backEnd =
                        BackEnd.open(
                                syscalls,
                                options.backEnd(
                                        shared.root(), descriptorLimit / 2, System.err::println))) {
            endOnSignal(backEnd, ended, shared.isWrittenAtTheEnd());
            Logger log = LoggerFactory.getLogger(Main.class);
            log.info("sharing {}, waiting for a front-end", shared);
            backEnd.serve();
            log.info("end");
        } finally {
            ended.countDown();
        }
        return OK;
    }

    /**
     * SIGTERM and SIGINT end the session, then the process, with status 0 as any other end.
     *
     * @param writing whether the end may take any time: what guests have changed is lost before it
     */
    private static void endOnSignal(BackEnd backEnd, CountDownLatch ended, boolean writing) {
        Runnable end =
                () -> {
                    if (ended.getCount() == 0) {
                        return; // an ordinary end, with a status of its own
                    }
                    backEnd.end();
                    try {
                        if (writing) {
                            ended.await();
                        } else {
                            ended.await(SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS);
                        }
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                    // Left alone, a JVM that a signal ends reports 128 + the signal's number.
                    Runtime.getRuntime().halt(OK);
                };
        Runtime.getRuntime().addShutdownHook(new Thread(end, "shutdown"));
    }

    private static void configureLog(Options options) {
        String prefix = "org.slf4j.simpleLogger.";
        System.setProperty(
                prefix + "defaultLogLevel", options.logLevel().name().toLowerCase(Locale.ROOT));
        System.setProperty(prefix + "showThreadName", "false");
        System.setProperty(prefix + "showShortLogName", "true");
        System.setProperty(prefix + "levelInBrackets", "true");
        System.setProperty(prefix + "showDateTime", String.valueOf(!options.syslog()));
        System.setProperty(prefix + "dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSZ");
    }
}
