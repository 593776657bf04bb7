package io.jvirtiofsd.linux;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Bounded waits for descriptors. Source: poll(2). */
public final class Waiting {
    private static final long UNTIL_NANOS = 20_000_000_000L;
    private static final long PAUSE_NANOS = 5_000_000;

    private static final short POLLIN = 1; // asm-generic/poll.h

    private Waiting() {}

    /** Whether {@code fd} becomes readable within {@code millis}. */
    public static boolean readable(Syscalls syscalls, int fd, int millis) {
        NativeMemory polled = Scratch.get().small(); // struct pollfd: fd@0 events@4
        polled.putInt(0, fd);
        polled.putInt(4, POLLIN);
        return syscalls.poll(polled.address(), 1, millis) > 0;
    }

    /** Whether {@code condition} holds, soon: looks every few milliseconds for up to 20 s. */
    public static boolean until(BooleanSupplier condition) {
        long end = System.nanoTime() + UNTIL_NANOS;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                return false;
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
        return true;
    }
}
