package io.jvirtiofsd.backend;

import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.MigrationOptions;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import io.jvirtiofsd.vhost.TransportOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Path;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * What a {@link BackEnd} shares, where, and how; made by {@link #of} or by a {@link Builder}. What
 * contradicts is refused when it is made. <i>Immutable.</i>
 *
 * @param sharedDir the directory, of the host or of any {@code java.nio.file} provider, whose file
 *     system is borrowed
 * @param socketPath socket to make and listen on, of at most 107 bytes; null to use {@code fd}
 * @param socketGroup name or number of the group that may connect; null for the owner alone
 * @param process number of the process to signal for an end, which stands in the file SOCKET.pid
 * @param fd an open socket, listening or connected, which is taken; {@link #NO_FD} if there is a
 *     {@code socketPath}
 * @param tag the tag to offer, of at most 36 bytes in UTF-8; empty if the front-end has one
 * @param files how the directory is shared
 * @param threadPoolSize threads that help when requests pile up, 0&hellip;1,024; {@link #AUTO_POOL}
 *     for a few that are started for requests which take long
 * @param pollMicros how long a request queue that has run empty is looked at before its thread
 *     sleeps, 0&hellip;10,000; {@link #AUTO_POLL} for as long as it pays
 * @param keepListening whether another front-end is served when one disconnects
 * @param dax the DAX window
 * @param trace takes a line for each message and request, on the thread that serves it, so on
 *     several at a time; null for none
 */
public record BackEndOptions(
        Path sharedDir,
        Path socketPath,
        String socketGroup,
        long process,
        int fd,
        String tag,
        PassthroughOptions files,
        int threadPoolSize,
        int pollMicros,
        boolean keepListening,
        DaxOptions dax,
        Consumer<String> trace) {
    /** The {@link #fd} of who gives a {@link #socketPath}. */
    public static final int NO_FD = -1;

    /** The largest {@link #threadPoolSize}. */
    public static final int MOST_POOL_THREADS = 1024;

    /** The {@link #threadPoolSize} of who leaves that to the requests. */
    public static final int AUTO_POOL = TransportOptions.AUTO_POOL;

    /** The {@link #pollMicros} of who leaves that to each queue. */
    public static final int AUTO_POLL = TransportOptions.AUTO_POLL;

    /** The largest {@link #pollMicros}. */
    public static final int MOST_POLL_MICROS = 10_000;

    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /**
     * Checks that the options are in their ranges and go together.
     *
     * @throws IllegalArgumentException if they do not; the message is one sentence for people
     * @throws NullPointerException if one is null that may not be
     */
    public BackEndOptions {
        Objects.requireNonNull(sharedDir, "sharedDir");
        Objects.requireNonNull(tag, "tag");
        Objects.requireNonNull(files, "files");
        Objects.requireNonNull(dax, "dax");
        require((socketPath == null) == (fd >= 0), "give either a socket path or a descriptor");
        require(socketPath == null || isOnHost(socketPath), "a socket path is one of the host");
        require(socketPath != null || socketGroup == null, "a socket group goes with a path");
        require(
                tag.getBytes(StandardCharsets.UTF_8).length <= VirtioFsDevice.TAG_BYTES,
                "the tag is longer than " + VirtioFsDevice.TAG_BYTES + " bytes");
        require(
                threadPoolSize >= AUTO_POOL && threadPoolSize <= MOST_POOL_THREADS,
                threadPoolSize + " threads of a pool: not in 0.." + MOST_POOL_THREADS);
        require(
                pollMicros >= AUTO_POLL && pollMicros <= MOST_POLL_MICROS,
                pollMicros + " microseconds to poll: not in 0.." + MOST_POLL_MICROS);
        require(files.maxInodes() >= 1, files.maxInodes() + ": not a number of inodes");
        require(files.maxDescriptors() >= 0, files.maxDescriptors() + ": not a number of files");
        require(files.cache().negativeNanos() >= 0, "the guest keeps names for less than nothing");
        if (!files.ids().areIdentity()) {
            // Access lists name ids that nobody would translate; other providers have their own.
            require(
                    files.xattrs().posixAcl() == FeatureMode.NEVER,
                    "access lists do not go with translated users or groups");
            require(
                    isOnHost(sharedDir),
                    "users and groups can be translated for a directory of the host only");
        }
    }

    private static void require(boolean met, String otherwise) {
        if (!met) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    private static boolean isOnHost(Path path) {
        return path.getFileSystem() == FileSystems.getDefault();
    }

    /** Whether the directory is one of the host, which is shared without Java's provider. */
    boolean isOnHost() {
        return isOnHost(sharedDir);
    }

    /**
     * Shares {@code sharedDir} on {@code socketPath}, everything else as by default.
     *
     * @throws IllegalArgumentException if {@code socketPath} is not on the host
     */
    public static BackEndOptions of(Path sharedDir, Path socketPath) {
        return builder(sharedDir).socketPath(socketPath).build();
    }

    /**
     * Begins with the defaults, which each method of the builder names. There is none for where to
     * listen: {@link Builder#socketPath} or {@link Builder#fd} is needed.
     */
    public static Builder builder(Path sharedDir) {
        return new Builder(sharedDir);
    }

    /**
     * Collects options; each method takes the place of what was there, and gives the builder back.
     * What is said to be for directories of the host means nothing for another provider.
     * <i>Confined to one thread.</i>
     */
    public static final class Builder {
        private final Path sharedDir;
        private Path socketPath;
        private String socketGroup;
        private long process = ProcessHandle.current().pid();
        private int fd = NO_FD;
        private String tag = "";
        private CacheOptions cache = CacheOptions.of(CachePolicy.AUTO);
        private boolean readOnly;
        private int maxDescriptors = DEFAULT_MAX_DESCRIPTORS;
        private int maxInodes = PassthroughOptions.defaultMaxInodes();
        private HandleMode inodeFileHandles = HandleMode.PREFER;
        private boolean announceSubmounts = true;
        private XattrOptions xattrs = XattrOptions.off();
        private IdMaps ids = IdMaps.identity();
        private LockOptions locks = LockOptions.NONE;
        private boolean killpriv;
        private boolean projectIds;
        private boolean preserveNoatime;
        private MigrationOptions migration = MigrationOptions.DEFAULT;
        private int threadPoolSize = AUTO_POOL;
        private int pollMicros = AUTO_POLL;
        private boolean keepListening;
        private DaxOptions dax = DaxOptions.NONE;
        private Consumer<String> trace;

        private Builder(Path sharedDir) {
            this.sharedDir = Objects.requireNonNull(sharedDir, "sharedDir");
        }

        /**
         * Where to make a socket and listen. A socket there that nobody listens on is replaced,
         * anything else is left alone and refused. The file PATH.pid, locked, keeps others away
         * meanwhile. Both go at the end.
         *
         * @param value a path of the host, of at most 107 bytes; null for none
         */
        public Builder socketPath(Path value) {
            socketPath = value;
            return this;
        }

        /**
         * Which group may connect to the socket; by default its owner alone.
         *
         * @param value name or number of a group; null for none
         */
        public Builder socketGroup(String value) {
            socketGroup = value;
            return this;
        }

        /**
         * The process that stands in PATH.pid for who wants to end the back-end; by default this
         * one.
         *
         * @param value its number
         */
        public Builder process(long value) {
            process = value;
            return this;
        }

        /**
         * A socket that is open already, instead of a path: listening, or connected to the one
         * front-end there is to be. It is taken by {@link BackEnd#open}, and closed with the
         * back-end.
         *
         * @param value its number; {@link #NO_FD} for none
         */
        public Builder fd(int value) {
            fd = value;
            return this;
        }

        /**
         * The name that guests mount by, for front-ends that have none of their own, as QEMU's
         * generic vhost-user device; by default none is offered.
         *
         * @param value at most 36 bytes in UTF-8; empty for none
         */
        public Builder tag(String value) {
            tag = value;
            return this;
        }

        /**
         * What the guest may keep; by default {@link CachePolicy#AUTO}: names and attributes for a
         * second, data until the file is opened again.
         */
        public Builder cache(CacheOptions value) {
            cache = value;
            return this;
        }

        /** Whether every change is refused with EROFS; by default none is. */
        public Builder readOnly(boolean value) {
            readOnly = value;
            return this;
        }

        /**
         * How many descriptors may be kept open for files the guest knows but has not open; for
         * directories of the host. By default 8,192: the process needs that many besides its own.
         *
         * @param value 0 or more
         */
        public Builder maxDescriptors(int value) {
            maxDescriptors = value;
            return this;
        }

        /**
         * How many files the guest may know at a time, above which it gets ENFILE; by default as
         * many as have room in half of the heap, which is the most for other providers.
         *
         * @param value 1 or more
         */
        public Builder maxInodes(int value) {
            maxInodes = value;
            return this;
        }

        /**
         * Whether files are known by handle when their descriptors are closed; for directories of
         * the host. By default {@link HandleMode#PREFER}.
         */
        public Builder inodeFileHandles(HandleMode value) {
            inodeFileHandles = value;
            return this;
        }

        /**
         * Whether the guest is told where other file systems are mounted; for directories of the
         * host. By default it is.
         */
        public Builder announceSubmounts(boolean value) {
            announceSubmounts = value;
            return this;
        }

        /**
         * What of extended attributes the guest may use; for directories of the host. By default
         * nothing.
         */
        public Builder xattrs(XattrOptions value) {
            xattrs = value;
            return this;
        }

        /**
         * How users and groups translate; for directories of the host, and refused for others. By
         * default everybody is the same on both sides.
         */
        public Builder ids(IdMaps value) {
            ids = value;
            return this;
        }

        /**
         * Which locks of the guest are locks of the host; for directories of the host. By default
         * none. Such locks set the process's handler of SIGURG when the first is waited for.
         */
        public Builder locks(LockOptions value) {
            locks = value;
            return this;
        }

        /**
         * Whether set-user-ID and set-group-ID bits are cleared by the host instead of the guest;
         * for directories of the host. By default not.
         */
        public Builder killpriv(boolean value) {
            killpriv = value;
            return this;
        }

        /**
         * Whether the guest may change to which project of the host a file belongs; for directories
         * of the host. By default not.
         */
        public Builder projectIds(boolean value) {
            projectIds = value;
            return this;
        }

        /**
         * Whether O_NOATIME is never left out, so that opening fails where it is not allowed; for
         * directories of the host. By default it may be left out.
         */
        public Builder preserveNoatime(boolean value) {
            preserveNoatime = value;
            return this;
        }

        /**
         * How a session goes to another process; for directories of the host. By default {@link
         * MigrationOptions#DEFAULT}.
         */
        public Builder migration(MigrationOptions value) {
            migration = value;
            return this;
        }

        /**
         * How many threads help when requests pile up in a queue, each of which has a thread of its
         * own. By default up to eight are started when requests of a kind that takes long, such as
         * fsync(2), have others waiting behind them; they serve these only, and end after a while.
         *
         * @param value 0&hellip;{@link #MOST_POOL_THREADS}; {@link #AUTO_POOL} for the default
         */
        public Builder threadPoolSize(int value) {
            threadPoolSize = value;
            return this;
        }

        /**
         * How long the thread of a request queue that has run empty looks at it before it sleeps,
         * which saves the wake-up for what comes meanwhile, and takes a processor. By default it
         * finds out whether that pays, and never does it for more than 64 microseconds.
         *
         * @param value 0&hellip;{@link #MOST_POLL_MICROS}; {@link #AUTO_POLL} for the default
         */
        public Builder pollMicros(int value) {
            pollMicros = value;
            return this;
        }

        /**
         * Whether {@link BackEnd#serve} goes on with the next front-end when one has disconnected;
         * by default it returns. A connected {@link #fd} is the only one there is.
         */
        public Builder keepListening(boolean value) {
            keepListening = value;
            return this;
        }

        /** The DAX window; for directories of the host. By default none. */
        public Builder dax(DaxOptions value) {
            dax = value;
            return this;
        }

        /**
         * What takes a line for each message and request, on the thread that serves it, so on
         * several at a time; by default nothing does.
         *
         * @param value null for none
         */
        public Builder trace(Consumer<String> value) {
            trace = value;
            return this;
        }

        /**
         * The options, which are independent of this builder from then on.
         *
         * @throws IllegalArgumentException if they are out of range or contradict; the message is
         *     one sentence for people
         * @throws NullPointerException if one is null that may not be
         */
        public BackEndOptions build() {
            return new BackEndOptions(
                    sharedDir,
                    socketPath,
                    socketGroup,
                    process,
                    fd,
                    tag,
                    new PassthroughOptions(
                            cache,
                            readOnly,
                            maxDescriptors,
                            maxInodes,
                            inodeFileHandles,
                            announceSubmounts,
                            xattrs,
                            ids,
                            locks,
                            killpriv,
                            projectIds,
                            preserveNoatime,
                            migration),
                    threadPoolSize,
                    pollMicros,
                    keepListening,
                    dax,
                    trace);
        }
    }
}
