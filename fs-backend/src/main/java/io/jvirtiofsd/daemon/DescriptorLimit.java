package io.jvirtiofsd.daemon;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;

/**
 * Sets how many files this process may have open: inodes the guest knows cost descriptors. Source:
 * prlimit(2), RLIMIT_NOFILE.
 */
final class DescriptorLimit {
    private static final int RLIMIT_NOFILE = 7; // asm-generic/resource.h
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
        NativeMemory limit = NativeMemory.allocate(16); // soft, hard
        syscalls.prlimit(0, RLIMIT_NOFILE, 0, limit.address());
        long soft = limit.getLong(0);
        long hard = limit.getLong(8);
        if (wanted > 0) {
            if (!set(syscalls, limit, wanted, wanted)) {
                throw new IOException(
                        "cannot have %d files open: the limit is %d".formatted(wanted, hard));
            }
        } else if (wanted < 0 && Long.compareUnsigned(soft, WANTED) < 0) {
            if (!set(syscalls, limit, WANTED, WANTED)) {
                set(syscalls, limit, hard, hard);
            }
        }
        syscalls.prlimit(0, RLIMIT_NOFILE, 0, limit.address());
        long now = limit.getLong(0);
        return now < 0 || now > Integer.MAX_VALUE ? Integer.MAX_VALUE : (int) now;
    }

    private static boolean set(Syscalls syscalls, NativeMemory limit, long soft, long hard) {
        limit.putLong(0, soft);
        limit.putLong(8, hard);
        return syscalls.prlimit(0, RLIMIT_NOFILE, limit.address(), 0) >= 0;
    }
}
