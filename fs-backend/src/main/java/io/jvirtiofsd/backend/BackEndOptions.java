package io.jvirtiofsd.backend;

import io.jvirtiofsd.passthrough.PassthroughOptions;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * What a {@link BackEnd} shares, where, and how. <i>Immutable.</i>
 *
 * @param sharedDir the directory, of the host or of any {@code java.nio.file} provider
 * @param socketPath socket to make and listen on; null to use {@code fd}
 * @param socketGroup group that may connect, or null
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
        int fd,
        String tag,
        PassthroughOptions files,
        int threadPoolSize,
        boolean keepListening,
        DaxOptions dax,
        Consumer<String> trace) {
    private static final int NO_FD = -1;

    /** Shares {@code sharedDir} on {@code socketPath}, everything else as by default. */
    public static BackEndOptions of(Path sharedDir, Path socketPath) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                null,
                NO_FD,
                "",
                PassthroughOptions.defaults(),
                0,
                false,
                DaxOptions.NONE,
                null);
    }

    public BackEndOptions withTag(String value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                value,
                files,
                threadPoolSize,
                keepListening,
                dax,
                trace);
    }

    public BackEndOptions withThreadPoolSize(int value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                files,
                value,
                keepListening,
                dax,
                trace);
    }

    public BackEndOptions withKeepListening(boolean value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                files,
                threadPoolSize,
                value,
                dax,
                trace);
    }

    public BackEndOptions withDax(DaxOptions value) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                files,
                threadPoolSize,
                keepListening,
                value,
                trace);
    }

    public BackEndOptions withFiles(UnaryOperator<PassthroughOptions> change) {
        return new BackEndOptions(
                sharedDir,
                socketPath,
                socketGroup,
                fd,
                tag,
                change.apply(files),
                threadPoolSize,
                keepListening,
                dax,
                trace);
    }

    public BackEndOptions withReadOnly(boolean value) {
        return withFiles(options -> options.withReadOnly(value));
    }

    public BackEndOptions withMaxDescriptors(int value) {
        return withFiles(options -> options.withMaxDescriptors(value));
    }
}
