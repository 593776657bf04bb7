package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Sets how many files this process may have open: inodes the guest knows cost descriptors.
 *
 * <p>With CAP_SYS_ADMIN the kernel lets a process have more than the host's files at all
 * (fs.file-max), and every other process none: so some are left to those.
 */
final class DescriptorLimit {
    /** Most that are asked for unless an option says more. */
    static final long WANTED = 1_000_000; // virtiofsd's default

    /** How many of the host's are left to others. */
    static final long LEFT_TO_OTHERS = 16_384;

    private static final Path OF_A_PROCESS = Path.of("/proc/sys/fs/nr_open"); // proc(5)
    private static final Path OF_ALL = Path.of("/proc/sys/fs/file-max"); // proc(5)

    private DescriptorLimit() {}

    /**
     * Sets the limit.
     *
     * @param wanted the limit; 0 to leave it as it is, negative to raise it towards {@link #WANTED}
     *     as far as allowed and as the host can spare
     * @return the limit now in force
     * @throws IOException if {@code wanted} is not allowed
     */
    static int apply(Syscalls syscalls, int wanted) throws IOException {
        long hard = OpenFileLimit.most(syscalls);
        if (wanted > 0) {
            if (!OpenFileLimit.set(syscalls, wanted)) {
                throw new IOException(
                        "cannot have %d files open: the limit is %d".formatted(wanted, hard));
            }
        } else if (wanted < 0) {
            long spared = spared(read(OF_A_PROCESS), read(OF_ALL));
            if (OpenFileLimit.now(syscalls) != spared && !OpenFileLimit.set(syscalls, spared)) {
                OpenFileLimit.set(syscalls, Math.min(hard, spared));
            }
        }
        return OpenFileLimit.now(syscalls);
    }

    /** What a daemon may have of the host's {@code all}, where a process may have {@code most}. */
    static long spared(long most, long all) {
        long left = Math.max(InodeArguments.LEAST_DESCRIPTORS, all - LEFT_TO_OTHERS);
        return Math.min(WANTED, Math.min(most, left));
    }

    /** What {@code file} says, in one read(2): at a later offset the kernel tells nothing. */
    static long read(Path file) {
        byte[] text = new byte[32];
        try (InputStream in = Files.newInputStream(file)) {
            int length = Math.max(0, in.read(text));
            return Long.parseLong(new String(text, 0, length, StandardCharsets.US_ASCII).trim());
        } catch (IOException | NumberFormatException e) {
            return Long.MAX_VALUE; // no /proc, or a number beyond any other limit
        }
    }
}
