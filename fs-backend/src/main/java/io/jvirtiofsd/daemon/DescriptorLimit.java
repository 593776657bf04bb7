package io.jvirtiofsd.daemon;

import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;

/** Sets how many files this process may have open: inodes the guest knows cost descriptors. */
final class DescriptorLimit {
    private static final long WANTED = 1_000_000; // virtiofsd's default

    private DescriptorLimit() {}

    /**
     * Sets the limit.
     *
     * @param wanted the limit; 0 to leave it as it is, negative to raise it towards {@link #WANTED}
     *     as far as allowed
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
        } else if (wanted < 0 && OpenFileLimit.now(syscalls) < WANTED) {
            if (!OpenFileLimit.set(syscalls, WANTED)) {
                OpenFileLimit.set(syscalls, hard);
            }
        }
        return OpenFileLimit.now(syscalls);
    }
}
