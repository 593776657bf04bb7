package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;

/**
 * How long a thread has waited for a processor so far, while it wanted to run: what shows that
 * there are fewer processors than work, be it because of others or of a control group's quota.
 * <i>Stateless.</i> Source: proc(5), Documentation/scheduler/sched-stats.rst.
 */
public final class RunDelay {
    /** Where the kernel does not say. */
    public static final long UNKNOWN = -1;

    private static final byte[] FILE =
            "/proc/thread-self/schedstat".getBytes(StandardCharsets.US_ASCII);
    private static final int O_CLOEXEC = 0x80000; // asm-generic/fcntl.h
    private static final int AT_FDCWD = -100; // linux/fcntl.h
    private static final int IOVEC_BYTES = 16;
    private static final int MOST_BYTES = 128; // three numbers

    private RunDelay() {}

    /** This thread's, in nanoseconds; {@link #UNKNOWN}. */
    public static long nanos(Syscalls syscalls) {
        Scratch scratch = Scratch.get();
        int fd = syscalls.openat(AT_FDCWD, scratch.path(FILE, 0, FILE.length), O_CLOEXEC, 0);
        if (fd < 0) {
            return UNKNOWN;
        }
        NativeMemory memory = scratch.small();
        memory.putLong(0, memory.address() + IOVEC_BYTES);
        memory.putLong(8, MOST_BYTES);
        long bytes = syscalls.preadv2(fd, memory.address(), 1, 0, 0);
        syscalls.close(fd);
        return second(memory, IOVEC_BYTES, bytes);
    }

    /** The second of the decimal numbers that {@code bytes} bytes from {@code at} on spell. */
    private static long second(NativeMemory memory, int at, long bytes) {
        int end = at + (int) Math.max(0, bytes);
        int i = at;
        while (i < end && memory.getByte(i) != ' ') {
            i++;
        }
        int begin = ++i;
        long number = 0;
        for (; i < end && memory.getByte(i) >= '0' && memory.getByte(i) <= '9'; i++) {
            number = 10 * number + memory.getByte(i) - '0';
        }
        return i > begin ? number : UNKNOWN;
    }
}
