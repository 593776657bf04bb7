package io.jvirtiofsd.linux;

/** How many files this process may have open. Source: prlimit(2), RLIMIT_NOFILE. */
public final class OpenFileLimit {
    private static final int RLIMIT_NOFILE = 7; // asm-generic/resource.h

    private OpenFileLimit() {}

    /** The limit in force: descriptors have smaller numbers. */
    public static int now(Syscalls syscalls) {
        return (int) Math.min(get(syscalls, 0), Integer.MAX_VALUE);
    }

    /** What the limit may be raised to without a privilege. */
    public static long most(Syscalls syscalls) {
        return get(syscalls, 8);
    }

    private static long get(Syscalls syscalls, int at) {
        NativeMemory limit = Scratch.get().small(); // struct rlimit: soft@0 hard@8
        syscalls.prlimit(0, RLIMIT_NOFILE, 0, limit.address());
        long value = limit.getLong(at);
        return value < 0 ? Long.MAX_VALUE : value; // RLIM_INFINITY
    }

    /** Sets the limit in force and the most it may be raised to; false if that is not allowed. */
    public static boolean set(Syscalls syscalls, long limit) {
        NativeMemory both = Scratch.get().small();
        both.putLong(0, limit);
        both.putLong(8, limit);
        return syscalls.prlimit(0, RLIMIT_NOFILE, both.address(), 0) >= 0;
    }
}
