package io.jvirtiofsd.fake;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;

/** Bounded waits for descriptors. Source: poll(2). */
public final class Waiting {
    private static final short POLLIN = 1; // asm-generic/poll.h

    private Waiting() {}

    /** Whether {@code fd} becomes readable within {@code millis}. */
    public static boolean readable(Syscalls syscalls, int fd, int millis) {
        NativeMemory polled = Scratch.get().small(); // struct pollfd: fd@0 events@4
        polled.putInt(0, fd);
        polled.putInt(4, POLLIN);
        return syscalls.poll(polled.address(), 1, millis) > 0;
    }
}
