package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.backend.VirtioFsDevice;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/**
 * The command line, in the words of virtiofsd, so that a user swaps the binary and nothing else.
 * Filled once, by {@link PlainOptions} or by picocli ({@link AnnotatedOptions}); read by {@link
 * Main}. <i>Confined to the main thread.</i>
 */
@Command(
        name = "jvirtiofsd",
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = "Shares a host directory with a virtual machine as a virtio-fs device.",
        footer = {
            "",
            "Try it:  jvirtiofsd demo [DIR]   boots a guest that lists, reads and writes a share",
            "         jvirtiofsd doctor [DIR] says what this machine lacks",
            "Memory:  jvirtiofsd ivshmem      shares memory and doorbells; it has options of its"
                    + " own",
        })
final class Options {
    /** What {@code --log-level} takes, from silent to all. */
    enum LogLevel {
        OFF,
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    // What values were called once.
    private static final Map<String, String> OLD_NAMES =
            Map.of("err", "error", "fallback", "prefer");

    @Option(
            names = "--shared-dir",
            paramLabel = "DIR",
            description = "Directory to share with the guest.")
    Path sharedDir;

    @Option(names = "--source", hidden = true, description = "What -o calls --shared-dir.")
    Path source;

    @Option(
            names = "--nio-uri",
            paramLabel = "URI",
            description =
                    "Share a Java file system instead of a directory: zip:FILE, jimfs:NAME (in "
                            + "memory), or any URI that a provider on the class path opens.")
    String nioUri;

    @Option(
            names = {"--socket-path", "--socket"},
            paramLabel = "PATH",
            description =
                    "vhost-user socket to create and listen on; PATH.pid, which keeps other"
                            + " daemons away, is made beside it.")
    Path socketPath;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "Group (name or number) that may connect to the socket.")
    String socketGroup;

    @Option(
            names = "--fd",
            paramLabel = "N",
            description = "Descriptor of an open vhost-user socket, instead of --socket-path.")
    Integer fd;

    @Option(
            names = "--tag",
            paramLabel = "TAG",
            description =
                    "Name the guest mounts by, when the front-end does not have one of its own.")
    String tag = "";

    @Mixin final CacheArguments cache = new CacheArguments();

    @Option(names = "--readonly", description = "Refuse every change.")
    boolean readOnly;

    @Mixin final InodeArguments inodes = new InodeArguments();

    @Option(
            names = "--posix-lock",
            negatable = true,
            description =
                    "Locks of fcntl(2) are the host's, which all guests see (default:"
                            + " --no-posix-lock, each guest keeps them for itself).")
    boolean posixLock;

    @Option(
            names = "--flock",
            negatable = true,
            description =
                    "Locks of flock(2) are the host's, which all guests see (default:"
                            + " --no-flock, each guest keeps them for itself).")
    boolean flock;

    @Mixin final XattrArguments xattrs = new XattrArguments();
    @Mixin final IdentityArguments identity = new IdentityArguments();

    @Mixin final ContainmentArguments containment = new ContainmentArguments();

    @Mixin final MigrationArguments migration = new MigrationArguments();
    @Mixin final QueueArguments queues = new QueueArguments();

    @Option(
            names = "--keep-listening",
            description = "Serve the next front-end when one disconnects, instead of ending.")
    boolean keepListening;

    @Mixin final DaxArguments dax = new DaxArguments();

    @Option(
            names = "--trace",
            description = "Print one line for each message and request to standard error.")
    boolean trace;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "info",
            description = "off, error, warn, info, debug or trace (default: ${DEFAULT-VALUE}).")
    LogLevel logLevel = LogLevel.INFO;

    @Option(names = "-d", description = "The same as --log-level=debug, which it overrides.")
    boolean debug;

    @Option(names = "--syslog", description = "Log to the system log, not to standard error.")
    boolean syslog;

    @Option(names = "-f", description = "Means nothing: the daemon stays in the foreground.")
    boolean foreground;

    @Option(
            names = "--print-capabilities",
            description = "Print what this back-end can do as JSON and end.")
    private boolean printCapabilities;

    @Option(
            names = "-o",
            paramLabel = "OPTION",
            split = ",",
            description =
                    "Options in the style of mount: source=DIR, tag=TAG, cache=POLICY, readonly,"
                        + " xattr, no_xattr, xattrmap=RULES, posix_acl, no_posix_acl,"
                        + " announce_submounts, no_announce_submounts, posix_lock, no_posix_lock,"
                        + " flock, no_flock, readdirplus, no_readdirplus, writeback, no_writeback,"
                        + " allow_direct_io, no_allow_direct_io, killpriv_v2, no_killpriv_v2,"
                        + " security_label, no_security_label, modcaps=LIST, sandbox=MODE,"
                        + " loglevel=LEVEL (or log_level). They override what is said without -o.")
    List<String> mountStyle = new ArrayList<>();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this and end.")
    boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and end.")
    boolean version;

    /**
     * The value with this name, in whatever case.
     *
     * @throws IllegalArgumentException if there is none; the message is one sentence
     */
    static <E> E byName(E[] values, String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        List<String> names = new ArrayList<>();
        for (E value : values) {
            String known = value.toString().toLowerCase(Locale.ROOT);
            if (known.equals(lower) || known.equals(OLD_NAMES.get(lower))) {
                return value;
            }
            names.add(known);
        }
        throw new IllegalArgumentException("'" + name + "' is none of " + String.join(", ", names));
    }

    /**
     * Reads the value of an option that has a syntax of its own.
     *
     * @throws IllegalArgumentException as {@code reader} does, the message begins with the option
     */
    static <S, T> T read(String option, Function<S, T> reader, S value) {
        try {
            return reader.apply(value);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
        }
    }

    /**
     * Refuses what contradicts; to be called once.
     *
     * @throws IllegalArgumentException if anything does; the message is one sentence for people
     */
    void complete() {
        if (printCapabilities) { // by -o: Main has looked for the option itself
            throw error("--print-capabilities stands alone");
        }
        if (source != null && sharedDir != null && !source.equals(sharedDir)) {
            throw error("--shared-dir and -o source= name different directories");
        }
        sharedDir = source != null ? source : sharedDir;
        if (sharedDir == null && nioUri == null) {
            throw error("no directory to share: give --shared-dir DIR");
        }
        if (sharedDir != null && nioUri != null) {
            throw error("give either --shared-dir DIR or --nio-uri URI");
        }
        if ((socketPath == null) == (fd == null)) {
            throw error("give either --socket-path PATH or --fd N");
        }
        if (fd != null && fd < 0) {
            throw error("--fd " + fd + ": not a descriptor");
        }
        if (socketGroup != null && socketPath == null) {
            throw error("--socket-group goes with --socket-path");
        }
        daxOptions();
        checkIdentity(identity.options());
        xattrs.options(); // what cannot be read is said now
        containment.modcaps();
        containment.check(inodes.handles());
        if (!inodes.areDescriptorsEnough()) {
            throw error(
                    "--rlimit-nofile: less than %d are too few"
                            .formatted(InodeArguments.LEAST_DESCRIPTORS));
        }
        if (inodes.maxInodes() < 1) {
            throw error("--max-inodes " + inodes.maxInodes() + ": not a number of inodes");
        }
        int tagBytes = tag.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
        if (tagBytes > VirtioFsDevice.TAG_BYTES) {
            throw error("--tag: longer than " + VirtioFsDevice.TAG_BYTES + " bytes");
        }
    }

    /** Lists name ids that nobody would translate; other providers know their own users. */
    private void checkIdentity(IdMaps ids) {
        if (ids.areIdentity()) {
            return;
        }
        if (xattrs.options().posixAcl() != FeatureMode.NEVER) {
            throw error("--posix-acl does not go with translated users or groups");
        }
        if (nioUri != null) {
            throw error("users and groups can be translated with --shared-dir only");
        }
    }

    private static IllegalArgumentException error(String message) {
        return new IllegalArgumentException(message);
    }

    private DaxOptions daxOptions() {
        return dax.options(cache.options().writeback());
    }

    /** What is to be shared, opened if it has to be; closed by the caller. */
    SharedTree sharedTree() throws IOException {
        if (nioUri != null) {
            return SharedTree.open(nioUri);
        }
        return SharedTree.of(sharedDir);
    }

    /** What these options mean for the back-end; {@code trace} is used if asked for. */
    BackEndOptions backEnd(Path shared, int maxDescriptors, Consumer<String> trace) {
        return BackEndOptions.builder(shared)
                .socketPath(socketPath)
                .socketGroup(socketGroup)
                .process(Launcher.process())
                .fd(fd == null ? -1 : fd)
                .tag(tag)
                .cache(cache.options())
                .readOnly(readOnly)
                .maxDescriptors(maxDescriptors)
                .maxInodes(inodes.maxInodes())
                .inodeFileHandles(inodes.handles())
                .announceSubmounts(inodes.announcesSubmounts())
                .xattrs(xattrs.options())
                .ids(identity.options())
                .locks(new LockOptions(posixLock, flock))
                .killpriv(identity.killpriv())
                .projectIds(identity.projectIds())
                .preserveNoatime(inodes.preservesNoatime())
                .migration(migration.options())
                .threadPoolSize(queues.threadPoolSize)
                .pollMicros(queues.pollMicros)
                .keepListening(keepListening)
                .dax(daxOptions())
                .trace(this.trace ? trace : null)
                .build();
    }

    /** See {@link InodeArguments#descriptors}. */
    int descriptors() {
        return inodes.descriptors();
    }

    /** See {@link IdentityArguments#refuseAsRoot}. */
    void refuseAsRoot() throws IOException {
        identity.refuseAsRoot();
    }

    /** What {@code --modcaps} asks for. */
    Modcaps modcaps() {
        return containment.modcaps();
    }

    /** See {@link ContainmentArguments#confine}. */
    void confine() throws IOException {
        containment.confine(syslog, nioUri != null);
    }

    LogLevel logLevel() {
        return debug ? LogLevel.DEBUG : logLevel;
    }

    boolean syslog() {
        return syslog;
    }
}
