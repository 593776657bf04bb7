package io.jvirtiofsd.daemon;

import io.jvirtiofsd.passthrough.CachePolicy;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * What a {@link BackEnd} shares, where, and how. <i>Immutable.</i>
 *
 * @param sharedDir the directory
 * @param socketPath socket to make and listen on; null to use {@code fd}
 * @param socketGroup group that may connect, or null
 * @param fd an open socket, if {@code socketPath} is null
 * @param tag the tag to offer; empty if the front-end has one
 * @param cache what the guest may cache
 * @param readOnly whether every change is refused
 * @param threadPoolSize threads that help when requests pile up
 * @param keepListening whether another front-end is served when one disconnects
 * @param maxDescriptors descriptors that may be open for inodes
 * @param trace takes a line for each message and request, or null
 */
public record BackEndOptions(
        Path sharedDir,
        Path socketPath,
        String socketGroup,
        int fd,
        String tag,
        CachePolicy cache,
        boolean readOnly,
        int threadPoolSize,
        boolean keepListening,
        int maxDescriptors,
        Consumer<String> trace) {
    private static final int NO_FD = -1;
    private static final int DEFAULT_MAX_DESCRIPTORS = 8192;

    /** Shares {@code sharedDir} on {@code socketPath}, everything else as by default. */
    public static BackEndOptions of(Path sharedDir, Path socketPath) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                null,
                NO_FD,
                "",
                CachePolicy.AUTO,
                false,
                0,
                false,
                DEFAULT_MAX_DESCRIPTORS,
                null);
    }

    public BackEndOptions withTag(String value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                value,
                cache,
                readOnly,
                threadPoolSize,
                keepListening,
                maxDescriptors,
                trace);
    }

    public BackEndOptions withReadOnly(boolean value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                cache,
                value,
                threadPoolSize,
                keepListening,
                maxDescriptors,
                trace);
    }

    public BackEndOptions withThreadPoolSize(int value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                cache,
                readOnly,
                value,
                keepListening,
                maxDescriptors,
                trace);
    }

    public BackEndOptions withKeepListening(boolean value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                cache,
                readOnly,
                threadPoolSize,
                value,
                maxDescriptors,
                trace);
    }

    public BackEndOptions withMaxDescriptors(int value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                cache,
                readOnly,
                threadPoolSize,
                keepListening,
                value,
                trace);
    }
}
