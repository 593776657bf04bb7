package io.jvirtiofsd.daemon;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Raises how many files this process may have open: each inode the guest knows costs a descriptor.
 * Source: prlimit(2), RLIMIT_NOFILE.
 */
final class DescriptorLimit {
    private static final int RLIMIT_NOFILE = 7; // asm-generic/resource.h
    private static final long WANTED = 1_000_000; // virtiofsd's default

    private DescriptorLimit() {}

    /**
     * Raises the soft limit, and the hard one if allowed, towards {@link #WANTED}.
     *
     * @return the limit now in force
     */
    static int raise(Syscalls syscalls) {
        NativeMemory limit = NativeMemory.allocate(16); // soft, hard
        syscalls.prlimit(0, RLIMIT_NOFILE, 0, limit.address());
        long soft = limit.getLong(0);
        long hard = limit.getLong(8);
        if (Long.compareUnsigned(soft, WANTED) < 0 && !set(syscalls, limit, WANTED, WANTED)) {
            set(syscalls, limit, hard, hard);
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
