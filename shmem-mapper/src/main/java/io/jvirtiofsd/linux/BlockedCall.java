package io.jvirtiofsd.linux;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;

/**
 * The system call that another thread of this machine is waiting in.
 *
 * <p><i>Immutable.</i> Source: proc(5), /proc/PID/syscall; asm/unistd_64.h and
 * asm-generic/unistd.h.
 */
public final class BlockedCall {
    /** Numbers of the calls that can make a file shorter; &minus;2 where there is none. */
    private record Numbers(
            int truncate, int ftruncate, int fallocate, int open, int creat, int openat) {}

    private static final Numbers NUMBERS =
            Architecture.IS_AARCH64
                    ? new Numbers(45, 46, 47, -2, -2, 56)
                    : new Numbers(76, 77, 285, 2, 85, 257);

    private static final int OPENAT2 = 437; // everywhere

    private static final int FALLOC_FL_COLLAPSE_RANGE = 8; // linux/falloc.h
    private static final int MAX_ARGUMENTS = 6;

    private static final int RUNNING = -3; // -1 is a thread that waits outside of a call
    private static final int HIDDEN = -4;
    private static final long LIMIT_NANOS = 1_000_000_000;
    private static final long PAUSE_NANOS = 20_000;

    private final int thread;
    private final int number;
    private final long[] arguments;
    private final boolean empties;

    private BlockedCall(int thread, int number, long[] arguments, boolean empties) {
        this.thread = thread;
        this.number = number;
        this.arguments = arguments;
        this.empties = empties;
    }

    /**
     * What thread {@code tid} waits in, as far as that can be known: who has asked the kernel to
     * let it wait may not do so yet, and is waited for.
     */
    public static BlockedCall of(int tid) {
        long end = System.nanoTime() + LIMIT_NANOS;
        BlockedCall call = now(tid);
        while (call.number == RUNNING && System.nanoTime() < end) {
            LockSupport.parkNanos(PAUSE_NANOS);
            call = now(tid);
        }
        return call;
    }

    private static BlockedCall now(int tid) {
        long[] arguments = new long[MAX_ARGUMENTS];
        try {
            String[] words = Files.readString(Path.of("/proc/" + tid + "/syscall")).split("[ \n]");
            if (words[0].equals("running")) {
                return new BlockedCall(tid, RUNNING, arguments, false);
            }
            int number = Integer.parseInt(words[0]);
            for (int i = 0; number >= 0 && i < MAX_ARGUMENTS; i++) {
                arguments[i] = Long.parseUnsignedLong(words[i + 1].substring(2), 16);
            }
            boolean empties = (openFlags(tid, number, arguments) & Fcntl.O_TRUNC) != 0;
            return new BlockedCall(tid, number, arguments, empties);
        } catch (IOException | RuntimeException e) {
            return new BlockedCall(tid, HIDDEN, arguments, false); // gone, or not ours to look at
        }
    }

    private static long openFlags(int tid, int number, long[] arguments) throws IOException {
        if (number == NUMBERS.creat) {
            return Fcntl.O_TRUNC;
        }
        if (number == NUMBERS.open) {
            return arguments[1];
        }
        if (number == NUMBERS.openat) {
            return arguments[2];
        }
        if (number != OPENAT2) {
            return 0;
        }
        try (RandomAccessFile memory = new RandomAccessFile("/proc/" + tid + "/mem", "r")) {
            memory.seek(arguments[2]);
            return Long.reverseBytes(memory.readLong()); // struct open_how: flags@0
        }
    }

    /** Whether the thread is known to have left the call; a thread that is running may have. */
    public boolean isOver() {
        BlockedCall now = now(thread);
        if (now.number == HIDDEN) {
            return !Files.exists(Path.of("/proc/" + thread));
        }
        return now.number != RUNNING
                && (now.number != number || !Arrays.equals(now.arguments, arguments));
    }

    /** Whether it is known: not without CAP_SYS_PTRACE if the thread may do more than this one. */
    public boolean isKnown() {
        return number >= 0;
    }

    /** Whether the call is known to be of a kind that makes files shorter. */
    public boolean mayCut() {
        return empties || isTruncate() || collapses();
    }

    private boolean isTruncate() {
        return number == NUMBERS.truncate || number == NUMBERS.ftruncate;
    }

    private boolean collapses() {
        return number == NUMBERS.fallocate && (arguments[1] & FALLOC_FL_COLLAPSE_RANGE) != 0;
    }

    /**
     * How many bytes from its start a file keeps, if it has them, by a call that {@link #mayCut}.
     */
    public long keeps() {
        if (empties) {
            return 0;
        }
        return Math.max(0, arguments[isTruncate() ? 1 : 2]);
    }
}
