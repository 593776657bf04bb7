package io.jvirtiofsd.cli;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.dax.GuardMode;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/**
 * The part of the command line that is about DAX; a part of {@link Options}, and <i>confined to the
 * main thread</i> as these are.
 */
final class DaxArguments {
    private static final String UNITS = "KMGT";

    /** Which files are marked for DAX. */
    enum Mode {
        NEVER,
        INODE,
        ALWAYS
    }

    @Option(
            names = "--dax",
            paramLabel = "MODE",
            description =
                    "Files that guests are told to map in the DAX window instead of reading them:"
                        + " never any, inode: from --dax-threshold on (the default), always all."
                        + " Guests that mount with dax=always do not ask.")
    Mode mode; // null if not given

    @Option(
            names = "--dax-window",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            defaultValue = "512M",
            description =
                    "Size of the DAX window, offered to front-ends that know shared memory "
                            + "regions; a multiple of 2M, 0 for none (default: ${DEFAULT-VALUE}).")
    long windowBytes = 512 << 20;

    @Option(
            names = "--dax-threshold",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            defaultValue = "2M",
            description = "Smallest file for --dax=inode (default: ${DEFAULT-VALUE}).")
    long threshold = 2 << 20;

    @Option(
            names = "--dax-guard",
            paramLabel = "MODE",
            defaultValue = "auto",
            description =
                    "What becomes of host programs that truncate a mapped file, or open it with"
                        + " O_TRUNC. off: nothing; a guest that is using the file dies with its"
                        + " front-end. wait: they wait until the window has let go of what they cut"
                        + " off. refuse: and fail with ETXTBSY when some of a mapped 2 MiB piece"
                        + " would stay. auto: the most of refuse that the host lets us. Needs"
                        + " CAP_SYS_ADMIN and CAP_SYS_PTRACE; for more than O_TRUNC Linux 6.14 with"
                        + " ext4, xfs or btrfs. Opening, reading and writing mapped files on the"
                        + " host becomes slower (default: ${DEFAULT-VALUE}).")
    GuardMode guard = GuardMode.AUTO;

    /**
     * What these mean for the back-end; the exception's message is one sentence.
     *
     * @param writeback whether the guest is to own the sizes of files: then it would not see those
     *     it maps grow on the host
     */
    DaxOptions options(boolean writeback) {
        if (writeback && mode != null && mode != Mode.NEVER) {
            throw new IllegalArgumentException("--writeback does not go with --dax");
        }
        if (windowBytes % DaxWindow.RANGE_BYTES != 0) {
            throw new IllegalArgumentException(
                    "--dax-window " + windowBytes + ": not a multiple of 2M");
        }
        if (mode == Mode.NEVER || writeback || windowBytes == 0) {
            return DaxOptions.NONE;
        }
        return new DaxOptions(windowBytes, mode == Mode.ALWAYS ? 0 : threshold, guard);
    }

    /**
     * Reads bytes, with K, M, G or T for powers of 1024.
     *
     * @throws IllegalArgumentException if that is no size; the message is one sentence
     */
    static long bytes(String value) {
        int unit = value.isEmpty() ? -1 : UNITS.indexOf(value.charAt(value.length() - 1));
        String digits = unit < 0 ? value : value.substring(0, value.length() - 1);
        try {
            long number = Long.parseLong(digits);
            if (number >= 0) {
                return Math.multiplyExact(number, 1L << 10 * (unit + 1));
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // as any other that is none
        }
        throw new IllegalArgumentException("'" + value + "' is no size such as 4096, 64K or 512M");
    }

    /** The same for picocli. */
    static final class SizeConverter implements CommandLine.ITypeConverter<Long> {
        @Override
        public Long convert(String value) {
            return AnnotatedOptions.converted(DaxArguments::bytes, value);
        }
    }
}
