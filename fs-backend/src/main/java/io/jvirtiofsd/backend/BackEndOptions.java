package io.jvirtiofsd.backend;

import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.passthrough.rules.IdMaps;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What a {@link BackEnd} shares, where, and how; made by {@link #of} or by a {@link Builder}.
 * <i>Immutable.</i>
 *
 * @param sharedDir the directory, of the host or of any {@code java.nio.file} provider
 * @param socketPath socket to make and listen on; null to use {@code fd}
 * @param socketGroup group that may connect, or null
 * @param process number of the process to signal for an end, which stands in SOCKET.pid
 * @param fd an open socket, if {@code socketPath} is null
 * @param tag the tag to offer; empty if the front-end has one
 * @param files how the directory is shared
 * @param threadPoolSize threads that help when requests pile up
 * @param keepListening whether another front-end is served when one disconnects
 * @param dax the DAX window
 * @param trace takes a line for each message and request, or null
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
        boolean keepListening,
        DaxOptions dax,
        Consumer<String> trace) {
    private static final int NO_FD = -1;
    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /** Shares {@code sharedDir} on {@code socketPath}, everything else as by default. */
    public static BackEndOptions of(Path sharedDir, Path socketPath) {
        return builder(sharedDir).socketPath(socketPath).build();
    }

    /** Begins with the defaults: cache policy "auto", writable, no DAX window, no trace. */
    public static Builder builder(Path sharedDir) {
        return new Builder(sharedDir);
    }

    /**
     * Collects options; each setter is named for what it sets in {@link BackEndOptions} or {@link
     * PassthroughOptions}, and takes the place of what was there. <i>Confined to one thread.</i>
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
        private int threadPoolSize;
        private boolean keepListening;
        private DaxOptions dax = DaxOptions.NONE;
        private Consumer<String> trace;

        private Builder(Path sharedDir) {
            this.sharedDir = sharedDir;
        }

        public Builder socketPath(Path value) {
            socketPath = value;
            return this;
        }

        public Builder socketGroup(String value) {
            socketGroup = value;
            return this;
        }

        public Builder process(long value) {
            process = value;
            return this;
        }

        public Builder fd(int value) {
            fd = value;
            return this;
        }

        public Builder tag(String value) {
            tag = value;
            return this;
        }

        public Builder cache(CacheOptions value) {
            cache = value;
            return this;
        }

        public Builder readOnly(boolean value) {
            readOnly = value;
            return this;
        }

        public Builder maxDescriptors(int value) {
            maxDescriptors = value;
            return this;
        }

        public Builder maxInodes(int value) {
            maxInodes = value;
            return this;
        }

        public Builder inodeFileHandles(HandleMode value) {
            inodeFileHandles = value;
            return this;
        }

        public Builder announceSubmounts(boolean value) {
            announceSubmounts = value;
            return this;
        }

        public Builder xattrs(XattrOptions value) {
            xattrs = value;
            return this;
        }

        public Builder ids(IdMaps value) {
            ids = value;
            return this;
        }

        public Builder locks(LockOptions value) {
            locks = value;
            return this;
        }

        public Builder killpriv(boolean value) {
            killpriv = value;
            return this;
        }

        public Builder projectIds(boolean value) {
            projectIds = value;
            return this;
        }

        public Builder preserveNoatime(boolean value) {
            preserveNoatime = value;
            return this;
        }

        public Builder threadPoolSize(int value) {
            threadPoolSize = value;
            return this;
        }

        public Builder keepListening(boolean value) {
            keepListening = value;
            return this;
        }

        public Builder dax(DaxOptions value) {
            dax = value;
            return this;
        }

        public Builder trace(Consumer<String> value) {
            trace = value;
            return this;
        }

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
                            preserveNoatime),
                    threadPoolSize,
                    keepListening,
                    dax,
                    trace);
        }
    }
}
