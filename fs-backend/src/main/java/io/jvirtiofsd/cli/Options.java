package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.backend.VirtioFsDevice;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command line, in the words of virtiofsd, so that a user swaps the binary and nothing else.
 * Filled once by picocli, read by {@link Main}.
 */
@Command(
        name = "jvirtiofsd",
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = "Shares a host directory with a virtual machine as a virtio-fs device.",
        footer = {
            "",
            "Try it:  jvirtiofsd demo [DIR]   boots a guest that lists, reads and writes a share",
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

    private static final int MOST_POOL_THREADS = 1024;

    private static final Set<String> FLAGS =
            Set.of(
                    "readonly",
                    "xattr",
                    "no_xattr",
                    "posix_acl",
                    "no_posix_acl",
                    "announce_submounts",
                    "no_announce_submounts",
                    "posix_lock",
                    "no_posix_lock",
                    "flock",
                    "no_flock",
                    "readdirplus",
                    "no_readdirplus",
                    "writeback",
                    "no_writeback",
                    "allow_direct_io",
                    "no_allow_direct_io",
                    "killpriv_v2",
                    "no_killpriv_v2",
                    "security_label",
                    "no_security_label");

    @Spec private CommandSpec spec;

    @Option(
            names = "--shared-dir",
            paramLabel = "DIR",
            converter = PathConverter.class,
            description = "Directory to share with the guest.")
    private Path sharedDir;

    @Option(
            names = "--nio-uri",
            paramLabel = "URI",
            description =
                    "Share a Java file system instead of a directory: zip:FILE, jimfs:NAME (in "
                            + "memory), or any URI that a provider on the class path opens.")
    private String nioUri;

    @Option(
            names = {"--socket-path", "--socket"},
            paramLabel = "PATH",
            converter = PathConverter.class,
            description =
                    "vhost-user socket to create and listen on; PATH.pid, which keeps other"
                            + " daemons away, is made beside it.")
    private Path socketPath;

    @Option(
            names = "--socket-group",
            paramLabel = "GROUP",
            description = "Group (name or number) that may connect to the socket.")
    private String socketGroup;

    @Option(
            names = "--fd",
            paramLabel = "N",
            description = "Descriptor of an open vhost-user socket, instead of --socket-path.")
    private Integer fd;

    @Option(
            names = "--tag",
            paramLabel = "TAG",
            description =
                    "Name the guest mounts by, when the front-end does not have one of its own.")
    private String tag = "";

    @Mixin private final CacheArguments cache = new CacheArguments();

    @Option(names = "--readonly", description = "Refuse every change.")
    private boolean readOnly;

    @Mixin private final InodeArguments inodes = new InodeArguments();
    @Mixin private final LockArguments locks = new LockArguments();
    @Mixin private final XattrArguments xattrs = new XattrArguments();
    @Mixin private final IdentityArguments identity = new IdentityArguments();

    @Mixin private final ContainmentArguments containment = new ContainmentArguments();
    @Mixin private final MigrationArguments migration = new MigrationArguments();

    @Option(
            names = "--thread-pool-size",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Threads that help when requests pile up in a queue; each queue "
                            + "has a thread of its own (default: ${DEFAULT-VALUE}).")
    private int threadPoolSize;

    @Option(
            names = "--keep-listening",
            description = "Serve the next front-end when one disconnects, instead of ending.")
    private boolean keepListening;

    @Mixin private DaxArguments dax;

    @Option(
            names = "--trace",
            description = "Print one line for each message and request to standard error.")
    private boolean trace;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            converter = LevelConverter.class,
            defaultValue = "info",
            description = "off, error, warn, info, debug or trace (default: ${DEFAULT-VALUE}).")
    private LogLevel logLevel;

    @Option(names = "-d", description = "The same as --log-level=debug, which it overrides.")
    private boolean debug;

    @Option(names = "--syslog", description = "Log to the system log, not to standard error.")
    private boolean syslog;

    @Option(names = "-f", description = "Means nothing: the daemon stays in the foreground.")
    private boolean foreground;

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
    private List<String> mountStyle = new ArrayList<>();

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Print this and end.")
    private boolean help;

    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print the version and end.")
    private boolean version;

    /** Applies what {@code -o} says and refuses what contradicts; to be called once. */
    void complete() {
        Path source = null;
        for (String option : mountStyle) {
            String[] parts = option.split("=", 2);
            String value = parts.length == 2 ? parts[1] : null;
            if (value == null ? !FLAGS.contains(parts[0]) : value.isEmpty()) {
                throw error("-o " + option + ": unknown option or missing value");
            }
            switch (parts[0]) {
                case "source" -> source = convert(new PathConverter(), option, value);
                case "tag" -> tag = value;
                case "cache" ->
                        cache.setPolicy(
                                convert(new CacheArguments.LegacyConverter(), option, value));
                case "readdirplus" -> cache.setReaddirplus(true);
                case "no_readdirplus" -> cache.setReaddirplus(false);
                case "writeback" -> cache.setWriteback(true);
                case "no_writeback" -> cache.setWriteback(false);
                case "allow_direct_io" -> cache.setDirectIo(true);
                case "no_allow_direct_io" -> cache.setDirectIo(false);
                case "killpriv_v2" -> identity.setKillpriv(true);
                case "no_killpriv_v2" -> identity.setKillpriv(false);
                case "log_level", "loglevel" ->
                        logLevel = convert(new LevelConverter(), option, value);
                case "modcaps" ->
                        containment.setModcaps(
                                convert(
                                        new ContainmentArguments.ModcapsConverter(),
                                        option,
                                        value));
                case "sandbox" ->
                        containment.setSandbox(
                                convert(
                                        new ContainmentArguments.SandboxConverter(),
                                        option,
                                        value));
                case "security_label" -> xattrs.setSecurityLabel(true);
                case "no_security_label" -> xattrs.setSecurityLabel(false);
                case "readonly" -> readOnly = true;
                case "xattr" -> xattrs.setXattr(true);
                case "xattrmap" ->
                        xattrs.setMap(convert(new XattrArguments.MapConverter(), option, value));
                case "posix_acl" -> xattrs.setPosixAcl(true);
                case "no_posix_acl" -> xattrs.setPosixAcl(false);
                case "announce_submounts" -> inodes.setAnnounceSubmounts(true);
                case "no_announce_submounts" -> inodes.setAnnounceSubmounts(false);
                case "posix_lock" -> locks.setPosix(true);
                case "no_posix_lock" -> locks.setPosix(false);
                case "flock" -> locks.setFlock(true);
                case "no_flock" -> locks.setFlock(false);
                case "no_xattr" -> xattrs.setXattr(false);
                default -> throw error("-o " + option + ": unknown option");
            }
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
        try {
            daxOptions();
            checkIdentity(identity.options());
            containment.check(inodes.handles());
            migration.check();
        } catch (IllegalArgumentException e) {
            throw error(e.getMessage());
        }
        if (threadPoolSize < 0 || threadPoolSize > MOST_POOL_THREADS) {
            throw error(
                    "--thread-pool-size %d: not in 0..%d"
                            .formatted(threadPoolSize, MOST_POOL_THREADS));
        }
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

    private <T> T convert(CommandLine.ITypeConverter<T> converter, String option, String value) {
        try {
            return converter.convert(value);
        } catch (Exception e) {
            throw error("-o " + option + ": " + e.getMessage());
        }
    }

    private ParameterException error(String message) {
        return new ParameterException(spec.commandLine(), message);
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
        return new BackEndOptions(
                shared,
                socketPath,
                socketGroup,
                fd == null ? -1 : fd,
                tag,
                new PassthroughOptions(
                        cache.options(),
                        readOnly,
                        maxDescriptors,
                        inodes.maxInodes(),
                        inodes.handles(),
                        inodes.announcesSubmounts(),
                        xattrs.options(),
                        identity.options(),
                        locks.options(),
                        identity.killpriv(),
                        identity.projectIds(),
                        inodes.preservesNoatime()),
                threadPoolSize,
                keepListening,
                daxOptions(),
                this.trace ? trace : null);
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

    LogLevel logLevel() {
        return debug ? LogLevel.DEBUG : logLevel;
    }

    boolean syslog() {
        return syslog;
    }

    /** Reads a log level by its name, or "err", which {@code -o loglevel=} has for "error". */
    static final class LevelConverter implements CommandLine.ITypeConverter<LogLevel> {
        @Override
        public LogLevel convert(String value) {
            return value.equalsIgnoreCase("err")
                    ? LogLevel.ERROR
                    : byName(LogLevel.values(), value);
        }
    }

    /** Reads a path; what is none is said in one line. */
    static final class PathConverter implements CommandLine.ITypeConverter<Path> {
        @Override
        public Path convert(String value) {
            try {
                return Path.of(value);
            } catch (InvalidPathException e) {
                throw new CommandLine.TypeConversionException(e.getMessage());
            }
        }
    }

    /** The value with this name, in whatever case; "-" stands for "_". */
    static <E extends Enum<E>> E byName(E[] values, String name) {
        List<String> names = new ArrayList<>();
        for (E value : values) {
            String known = value.name().toLowerCase(Locale.ROOT).replace('_', '-');
            if (known.equalsIgnoreCase(name)) {
                return value;
            }
            names.add(known);
        }
        throw new CommandLine.TypeConversionException(
                "'" + name + "' is none of " + String.join(", ", names));
    }
}
