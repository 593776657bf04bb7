package io.jvirtiofsd.linux;

import java.nio.charset.StandardCharsets;

/**
 * Native memory for the arguments and results of one thread's system calls; owned by the thread and
 * <i>confined to it</i>.
 *
 * <p>Each block is overwritten by the next use of the same block on the same thread. Answers to a
 * guest are read from the block of {@link #statx} some time after the call; so where assertions are
 * on, that block has a stamp, by which an answer that is read too late is found out.
 */
public final class Scratch {
    /** What a block for a path has room for. */
    public static final int MOST_PATH_BYTES = 4096; // linux/limits.h PATH_MAX

    private static final int PATH_BYTES = MOST_PATH_BYTES + 1; // and a terminator
    private static final int SMALL_BYTES = 256;
    private static final int PROC_BYTES = 256;
    private static final int DIRECTORY_BYTES = 32 * 1024;
    private static final int LARGE_BYTES = 64 * 1024;
    private static final byte[] PROC_FD = "/proc/self/fd/".getBytes(StandardCharsets.US_ASCII);

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final NativeMemory path = NativeMemory.allocate(PATH_BYTES);
    private final NativeMemory path2 = NativeMemory.allocate(PATH_BYTES);
    private final NativeMemory statx = NativeMemory.allocate(Statx.BYTES);
    private final NativeMemory small = NativeMemory.allocate(SMALL_BYTES);
    private int statxStamp;
    private NativeMemory proc;
    private NativeMemory directory;
    private NativeMemory large;

    private Scratch() {}

    /** The calling thread's. */
    public static Scratch get() {
        return OF_THREAD.get();
    }

    /** Address of a C string with these bytes, at most 4096. */
    public long path(byte[] bytes, int at, int length) {
        return path.putCString(0, bytes, at, length);
    }

    /** Address of a second C string with these bytes, at most 4096. */
    public long path2(byte[] bytes, int at, int length) {
        return path2.putCString(0, bytes, at, length);
    }

    /** Address of an empty C string; overwritten by {@link #path}. */
    public long emptyPath() {
        path.putByte(0, (byte) 0);
        return path.address();
    }

    /** Address of the decimal digits of {@code number} &ge; 0 as a C string. */
    public long decimal(int number) {
        return decimal(0, number);
    }

    /**
     * Address of the path, as a C string, that leads to what descriptor {@code fd} refers to, also
     * where it was opened with O_PATH, and to a symbolic link itself.
     */
    public long procPath(int fd) {
        path.put(0, PROC_FD, 0, PROC_FD.length);
        decimal(PROC_FD.length, fd);
        return path.address();
    }

    private long decimal(int at, int number) {
        int digits = 1;
        for (int rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        path.putByte(at + digits, (byte) 0);
        int rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            path.putByte(at + i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
        return path.address(at);
    }

    /** 4097 bytes, the memory behind {@link #path}. */
    public NativeMemory pathBlock() {
        return path;
    }

    /** A {@code struct statx}. */
    public NativeMemory statx() {
        return statx;
    }

    /** How often statx(2) has written to the block; counted only where assertions are on. */
    public int statxStamp() {
        return statxStamp;
    }

    /** Notes that a call writes to {@code statxbuf}. True, so that it can be asserted. */
    static boolean noteStatx(long statxbuf) {
        Scratch scratch = get();
        if (statxbuf == scratch.statx.address()) {
            scratch.statxStamp++;
        }
        return true;
    }

    /** 256 bytes for small structures. */
    public NativeMemory small() {
        return small;
    }

    /** 256 bytes for what /proc says of a thread, and the path that leads there. */
    public NativeMemory proc() {
        if (proc == null) {
            proc = NativeMemory.allocate(PROC_BYTES);
        }
        return proc;
    }

    /** 32 KiB for directory entries. */
    public NativeMemory directory() {
        if (directory == null) {
            directory = NativeMemory.allocate(DIRECTORY_BYTES);
        }
        return directory;
    }

    /** 64 KiB for values and lists of extended attributes, or pages of a file. */
    public NativeMemory large() {
        if (large == null) {
            large = NativeMemory.allocate(LARGE_BYTES);
        }
        return large;
    }
}
