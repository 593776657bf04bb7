package io.jvirtiofsd.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The system call that another thread of this machine is waiting in.
 *
 * <p><i>Immutable.</i> Source: proc(5), /proc/PID/syscall; asm/unistd_64.h and
 * asm-generic/unistd.h.
 */
public final class BlockedCall {
    /** Numbers of the calls that can make a file shorter; &minus;1 where there is none. */
    private record Numbers(
            int truncate, int ftruncate, int fallocate, int open, int creat, int openat) {}

    private static final Numbers NUMBERS =
            Architecture.IS_AARCH64
                    ? new Numbers(45, 46, 47, -1, -1, 56)
                    : new Numbers(76, 77, 285, 2, 85, 257);

    private static final int FALLOC_FL_COLLAPSE_RANGE = 8; // linux/falloc.h
    private static final int MAX_ARGUMENTS = 6;

    private final int number;
    private final long[] arguments;

    private BlockedCall(int number, long[] arguments) {
        this.number = number;
        this.arguments = arguments;
    }

    /** What thread {@code tid} waits in; a call with number &minus;1 if that cannot be known. */
    public static BlockedCall of(int tid) {
        long[] arguments = new long[MAX_ARGUMENTS];
        try {
            Path file = Path.of("/proc", Integer.toString(tid), "syscall");
            String[] words = Files.readString(file).split(" ");
            int number = Integer.parseInt(words[0]); // else "running"
            for (int i = 0; number >= 0 && i < MAX_ARGUMENTS; i++) {
                arguments[i] = Long.parseUnsignedLong(words[i + 1].substring(2), 16);
            }
            return new BlockedCall(number, arguments);
        } catch (IOException | RuntimeException e) {
            return new BlockedCall(-1, arguments); // gone, or not ours to look at
        }
    }

    /**
     * How long a file will be after the call, if it is of a kind that makes files shorter.
     *
     * @param size of the file now
     * @return {@code size} for any other call
     */
    public long sizeAfter(long size) {
        if (number < 0) {
            return size;
        }
        if (number == NUMBERS.truncate || number == NUMBERS.ftruncate) {
            return Math.min(size, Math.max(0, arguments[1]));
        }
        if (number == NUMBERS.fallocate) {
            boolean collapses = (arguments[1] & FALLOC_FL_COLLAPSE_RANGE) != 0;
            return collapses ? Math.max(0, size - arguments[3]) : size;
        }
        return empties() ? 0 : size;
    }

    private boolean empties() {
        return number == NUMBERS.creat
                || number == NUMBERS.open && (arguments[1] & Fcntl.O_TRUNC) != 0
                || number == NUMBERS.openat && (arguments[2] & Fcntl.O_TRUNC) != 0;
    }
}
