package io.jvirtiofsd.cli;

import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import java.math.BigDecimal;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about what the guest keeps; a part of {@link Options}, and
 * <i>confined to the main thread</i> as these are.
 */
final class CacheArguments {
    private static final int MOST_SECONDS = 86_400;

    @Option(
            names = "--cache",
            paramLabel = "POLICY",
            description =
                    "What the guest may cache: never, auto, metadata or always "
                            + "(default: ${DEFAULT-VALUE}).",
            defaultValue = "auto")
    CachePolicy policy = CachePolicy.AUTO;

    @Option(
            names = "--writeback",
            negatable = true,
            description =
                    "The guest may keep what is written for a while, with --cache=auto or "
                            + "always: only for what nobody else uses. Turns --dax off.")
    boolean writeback;

    @Option(
            names = "--allow-direct-io",
            negatable = true,
            description = "Pass O_DIRECT of the guest's programs on to the host.")
    boolean directIo;

    @Option(
            names = "--allow-mmap",
            description =
                    "Allow shared mmap with --cache=never or metadata: only for what nobody "
                            + "else changes.")
    boolean sharedMmap;

    @Option(
            names = "--no-readdirplus",
            negatable = true,
            description = "Directory listings never carry attributes.")
    boolean noReaddirplus;

    @Option(
            names = "--negative-timeout",
            paramLabel = "SECONDS",
            converter = SecondsConverter.class,
            defaultValue = "0",
            description =
                    "How long the guest may keep that a name does not exist, such as 1 or 0.5 "
                            + "(default: ${DEFAULT-VALUE}, it always asks).")
    long negativeNanos;

    CacheOptions options() {
        return new CacheOptions(
                policy, !noReaddirplus, writeback, directIo, sharedMmap, negativeNanos);
    }

    /**
     * Reads seconds, up to a day; gives nanoseconds.
     *
     * @throws IllegalArgumentException if that is no such number; the message is one sentence
     */
    static long nanos(String value) {
        try {
            BigDecimal seconds = new BigDecimal(value);
            if (seconds.signum() >= 0 && seconds.compareTo(BigDecimal.valueOf(MOST_SECONDS)) <= 0) {
                return seconds.movePointRight(9).longValue();
            }
        } catch (NumberFormatException e) {
            // as any other number out of range
        }
        throw new IllegalArgumentException(
                "'" + value + "' is not in 0.." + MOST_SECONDS + " seconds");
    }

    /** The same for picocli. */
    static final class SecondsConverter implements CommandLine.ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return AnnotatedOptions.converted(CacheArguments::nanos, value);
        }
    }
}
