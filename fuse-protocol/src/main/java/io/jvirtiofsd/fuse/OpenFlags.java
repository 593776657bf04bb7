package io.jvirtiofsd.fuse;

/**
 * The guest's open(2) flags as OPEN, CREATE, READ and WRITE carry them; guest and host are of the
 * same architecture.
 *
 * <p>Order matters to the trace: flags that contain others come first. Source: asm-generic/fcntl.h,
 * and arch/arm64/include/uapi/asm/fcntl.h for the four that differ there.
 */
public final class OpenFlags {
    private static final boolean ARM64 = System.getProperty("os.arch").equals("aarch64");

    public static final int O_ACCMODE = 3; // asm-generic/fcntl.h, printed by accessMode
    // spotless:off
    public static final int O_CREAT     = 0100;
    public static final int O_EXCL      = 0200;
    public static final int O_NOCTTY    = 0400;
    public static final int O_TRUNC     = 01000;
    public static final int O_APPEND    = 02000;
    public static final int O_NONBLOCK  = 04000;
    public static final int O_SYNC      = 04010000;
    public static final int O_DSYNC     = 010000;
    public static final int O_ASYNC     = 020000;
    public static final int O_DIRECT    = ARM64 ? 0200000 : 040000;
    public static final int O_LARGEFILE = ARM64 ? 0400000 : 0100000;
    public static final int O_DIRECTORY = ARM64 ? 040000 : 0200000;
    public static final int O_NOFOLLOW  = ARM64 ? 0100000 : 0400000;
    public static final int O_NOATIME   = 01000000;
    public static final int O_CLOEXEC   = 02000000;
    public static final int O_PATH      = 010000000;
    // spotless:on

    private OpenFlags() {}

    /** The name of the access mode in {@code flags}. */
    public static String accessMode(int flags) {
        return switch (flags & O_ACCMODE) {
            case 0 -> "O_RDONLY";
            case 1 -> "O_WRONLY";
            case 2 -> "O_RDWR";
            default -> "O_ACCMODE";
        };
    }
}
