package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Architecture;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/**
 * The system call that another thread of this machine is waiting in, as far as it can be seen, and
 * whether it may make a file shorter: any call that is not known to be harmless may.
 *
 * <p><i>Immutable.</i> Source: proc(5), /proc/PID/syscall; asm/unistd_64.h and
 * asm-generic/unistd.h.
 */
final class BlockedCall {
    /** What can be seen of a thread. */
    private enum Sight {
        /** The thread does not wait. */
        RUNNING,
        SEEN,
        /** The thread is gone, or this process may not look at it. */
        HIDDEN
    }

    private enum Effect {
        NONE,
        CUTS,
        UNKNOWN
    }

    /**
     * Numbers of a machine's system calls. <i>Immutable.</i>
     *
     * <p>Numbers of 32-bit programs are others: the one of theirs among the harmless ones that can
     * cut is openat(2) of i386, 295, which is preadv(2) of x86-64.
     *
     * @param open and {@code creat}: &minus;2 where there is no such call
     * @param harmless calls that read, write or map a file, or execute it
     */
    record Numbers(
            int truncate,
            int ftruncate,
            int fallocate,
            int open,
            int creat,
            int openat,
            int openByHandleAt,
            int ioctl,
            int preadv,
            Set<Integer> harmless) {
        // spotless:off
        static final Numbers X86_64 = new Numbers(76, 77, 285, 2, 85, 257, 304, 16, 295, Set.of(
                // read write mmap pread pwrite readv writev sendfile splice
                   0,   1,    9,   17,   18,    19,   20,    40,      275,
                // execve readahead io_submit fadvise preadv pwritev execveat
                   59,    187,      209,      221,    295,   296,    322,
                // copy_file_range preadv2 pwritev2
                   326,            327,    328));

        static final Numbers AARCH64 = new Numbers(45, 46, 47, -2, -2, 56, 265, 29, 69, Set.of(
                // read write readv writev pread pwrite preadv pwritev sendfile splice
                   63,  64,   65,   66,    67,   68,    69,    70,     71,      76,
                // io_submit readahead execve mmap fadvise execveat copy_file_range
                   2,        213,      221,   222, 223,    281,     285,
                // preadv2 pwritev2
                   286,    287));
        // spotless:on

        static final Numbers OF_THIS_MACHINE = Architecture.IS_AARCH64 ? AARCH64 : X86_64;
    }

    private static final int OPENAT2 = 437; // everywhere

    /** FICLONE, FICLONERANGE and FIDEDUPERANGE (linux/fs.h). */
    private static final Set<Long> HARMLESS_IOCTLS = Set.of(0x40049409L, 0x4020940dL, 0xc0189436L);

    private static final int FALLOC_FL_COLLAPSE_RANGE = 8; // linux/falloc.h
    private static final int FALLOC_FL_HARMLESS = 0xf7; // linux/falloc.h: the others until 6.18

    /** Whether /proc knows threads by the numbers that we know them by. */
    private static final boolean PROC_IS_OURS = procIsOurs();

    private static final int ARGUMENTS = 6;
    private static final int NO_CALL = -1;

    private final Syscalls syscalls;
    private final Numbers numbers;
    private final int thread;
    private final Sight sight;
    private final int number;

    /** The call's arguments, then the program's stack pointer and program counter. */
    private final long[] words;

    private final Effect effect;

    private BlockedCall(
            Syscalls syscalls,
            Numbers numbers,
            int thread,
            Sight sight,
            int number,
            long[] words,
            Effect effect) {
        this.syscalls = syscalls;
        this.numbers = numbers;
        this.thread = thread;
        this.sight = sight;
        this.number = number;
        this.words = words;
        this.effect = effect;
    }

    /**
     * What thread {@code tid} waits in now.
     *
     * @param tid in the namespace of this process; 0 for a thread that is not in it
     */
    static BlockedCall of(Syscalls syscalls, int tid) {
        return of(syscalls, Numbers.OF_THIS_MACHINE, tid);
    }

    /** What thread {@code tid} waits in now, on a machine with these numbers. */
    static BlockedCall of(Syscalls syscalls, Numbers numbers, int tid) {
        String line = tid > 0 && PROC_IS_OURS ? line(syscalls, tid) : "";
        long[] words = new long[ARGUMENTS + 2];
        Sight sight = Sight.SEEN;
        Effect effect = Effect.UNKNOWN;
        int number = NO_CALL;
        if (line.startsWith("running")) {
            sight = Sight.RUNNING;
        } else {
            try {
                String[] fields = line.strip().split(" ");
                int first = Integer.parseInt(fields[0]); // and two words only outside of a call
                for (int from = fields.length - 1, to = words.length - 1; from > 0; from--, to--) {
                    words[to] = Long.parseUnsignedLong(fields[from].substring(2), 16);
                }
                effect = effect(numbers, first, words);
                number = first;
            } catch (RuntimeException e) { // nothing, or nothing we know
                sight = Sight.HIDDEN;
            }
        }
        return new BlockedCall(syscalls, numbers, tid, sight, number, words, effect);
    }

    private static boolean procIsOurs() {
        try {
            String self = Files.readSymbolicLink(Path.of("/proc/self")).toString();
            return self.equals(Long.toString(ProcessHandle.current().pid()));
        } catch (IOException e) {
            return false;
        }
    }

    /** What /proc/TID/syscall says; empty if it cannot be read. */
    private static String line(Syscalls syscalls, int tid) {
        NativeMemory block = Scratch.get().proc();
        byte[] path = ("/proc/" + tid + "/syscall").getBytes(StandardCharsets.US_ASCII);
        long address = block.putCString(0, path, 0, path.length);
        int flags = Fcntl.O_RDONLY | Fcntl.O_CLOEXEC;
        int fd = syscalls.openat(Fcntl.AT_FDCWD, address, flags, 0);
        if (fd < 0) {
            return "";
        }
        long got = syscalls.read(fd, block.address(), block.size());
        syscalls.close(fd);
        byte[] bytes = new byte[(int) Math.max(0, got)];
        block.get(0, bytes, 0, bytes.length);
        return new String(bytes, StandardCharsets.US_ASCII);
    }

    private static Effect effect(Numbers numbers, int number, long[] words) {
        if (isDead(number, words)) {
            return Effect.NONE;
        }
        if (programCounter(words) == 0) {
            return Effect.UNKNOWN; // of the kernel, also for io_uring: it makes no calls
        }
        if (number == numbers.truncate || number == numbers.ftruncate || number == numbers.creat) {
            return Effect.CUTS;
        }
        if (number == numbers.open) {
            return ofOpen(words[1]);
        }
        if (number == numbers.openat || number == numbers.openByHandleAt) {
            return ofOpen(words[2]);
        }
        if (number == numbers.fallocate) {
            boolean known = (words[1] & ~(FALLOC_FL_HARMLESS | FALLOC_FL_COLLAPSE_RANGE)) == 0;
            boolean collapses = (words[1] & FALLOC_FL_COLLAPSE_RANGE) != 0;
            return !known ? Effect.UNKNOWN : collapses ? Effect.CUTS : Effect.NONE;
        }
        if (number == numbers.ioctl) {
            return HARMLESS_IOCTLS.contains(words[1]) ? Effect.NONE : Effect.UNKNOWN;
        }
        // On x86-64 this may be openat(2) of a 32-bit program, with O_TRUNC in the place of the
        // flags.
        if (number == numbers.preadv && ofOpen(words[2]) == Effect.CUTS) {
            return Effect.UNKNOWN;
        }
        return numbers.harmless.contains(number) ? Effect.NONE : Effect.UNKNOWN;
    }

    private static Effect ofOpen(long flags) {
        return (flags & Fcntl.O_TRUNC) != 0 ? Effect.CUTS : Effect.NONE;
    }

    private static long programCounter(long[] words) {
        return words[ARGUMENTS + 1];
    }

    /** Whether the thread does not wait: a later look says more. */
    boolean isRunning() {
        return sight == Sight.RUNNING;
    }

    /** Whether the memory of the program would say more: see {@link #withMemory}. */
    boolean needsMemory() {
        return sight == Sight.SEEN && number == OPENAT2 && effect == Effect.UNKNOWN;
    }

    /**
     * This call with what its arguments point to. Waits as long as the program wants: its memory
     * may be slow to come.
     */
    BlockedCall withMemory() {
        NativeMemory block = Scratch.get().proc(); // two struct iovec, struct open_how: flags@0
        block.putLong(0, block.address(32));
        block.putLong(8, Long.BYTES);
        block.putLong(16, words[2]);
        block.putLong(24, Long.BYTES);
        long got = syscalls.processVmReadv(thread, block.address(), block.address(16));
        Effect closer = got == Long.BYTES ? ofOpen(block.getLong(32)) : Effect.UNKNOWN;
        return new BlockedCall(syscalls, numbers, thread, sight, number, words, closer);
    }

    /** Whether it is known what it may do. */
    boolean isKnown() {
        return effect != Effect.UNKNOWN;
    }

    /** Whether the call may make a file shorter, as far as is known. */
    boolean mayCut() {
        return effect != Effect.NONE;
    }

    /** How many bytes from its start a file keeps for certain, if it has them. */
    long keeps() {
        if (effect != Effect.CUTS) {
            return mayCut() ? 0 : Long.MAX_VALUE;
        }
        if (number == numbers.truncate || number == numbers.ftruncate) {
            return Math.max(0, words[1]);
        }
        return number == numbers.fallocate ? Math.max(0, words[2]) : 0;
    }

    /**
     * Whether the thread is known to have left the call, or never to have been in one that cuts. A
     * thread that runs may be in it still.
     */
    boolean isOver() {
        BlockedCall now = of(syscalls, numbers, thread);
        return switch (now.sight) {
            case RUNNING -> false;
            case HIDDEN -> isGone();
            case SEEN -> sight == Sight.SEEN ? !isSameAs(now) : !now.mayCut();
        };
    }

    private boolean isSameAs(BlockedCall other) {
        return number == other.number && Arrays.equals(words, other.words);
    }

    /** Whether the thread has ended, but is still there as a zombie. */
    private static boolean isDead(int number, long[] words) {
        return number == NO_CALL && programCounter(words) == 0;
    }

    private boolean isGone() {
        return thread > 0 && syscalls.prlimit(thread, 0, 0, 0) == -LinuxErrno.ESRCH;
    }

    /** Which thread it is of; 0 if that is not known. */
    int thread() {
        return thread;
    }
}
