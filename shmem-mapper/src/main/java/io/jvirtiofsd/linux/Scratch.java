package io.jvirtiofsd.linux;

/**
 * Native memory for the arguments and results of one thread's system calls; owned by the thread.
 *
 * <p>Each block is overwritten by the next use of the same block on the same thread.
 */
public final class Scratch {
    private static final int PATH_BYTES = 4096 + 1; // PATH_MAX and a terminator
    private static final int SMALL_BYTES = 256;
    private static final int DIRECTORY_BYTES = 32 * 1024;

    private static final ThreadLocal<Scratch> OF_THREAD = ThreadLocal.withInitial(Scratch::new);

    private final NativeMemory path = NativeMemory.allocate(PATH_BYTES);
    private final NativeMemory path2 = NativeMemory.allocate(PATH_BYTES);
    private final NativeMemory statx = NativeMemory.allocate(Statx.BYTES);
    private final NativeMemory small = NativeMemory.allocate(SMALL_BYTES);
    private NativeMemory directory;

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
        int digits = 1;
        for (int rest = number; rest >= 10; rest /= 10) {
            digits++;
        }
        path.putByte(digits, (byte) 0);
        int rest = number;
        for (int i = digits - 1; i >= 0; i--) {
            path.putByte(i, (byte) ('0' + rest % 10));
            rest /= 10;
        }
        return path.address();
    }

    /** 4097 bytes, the memory behind {@link #path}. */
    public NativeMemory pathBlock() {
        return path;
    }

    /** A {@code struct statx}. */
    public NativeMemory statx() {
        return statx;
    }

    /** 256 bytes for small structures. */
    public NativeMemory small() {
        return small;
    }

    /** 32 KiB for directory entries. */
    public NativeMemory directory() {
        if (directory == null) {
            directory = NativeMemory.allocate(DIRECTORY_BYTES);
        }
        return directory;
    }
}
