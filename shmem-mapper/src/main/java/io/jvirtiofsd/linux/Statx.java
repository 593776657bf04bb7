package io.jvirtiofsd.linux;

/** Field offsets of {@code struct statx} (256 bytes), its masks and mode bits. Source: stat.h. */
public final class Statx {
    // spotless:off
    public static final int BYTES      = 256;
    public static final int MASK       = 0;   // u32
    public static final int BLKSIZE    = 4;   // u32
    public static final int ATTRIBUTES = 8;   // u64
    public static final int ATTRIBUTES_MASK = 56; // u64
    public static final int NLINK      = 16;  // u32
    public static final int UID        = 20;  // u32
    public static final int GID        = 24;  // u32
    public static final int MODE       = 28;  // u16
    public static final int INO        = 32;  // u64
    public static final int SIZE       = 40;  // u64
    public static final int BLOCKS     = 48;  // u64, 512-byte units
    public static final int ATIME      = 64;  // s64 seconds, u32 nanoseconds
    public static final int BTIME      = 80;  // s64 seconds, u32 nanoseconds
    public static final int CTIME      = 96;  // s64 seconds, u32 nanoseconds
    public static final int MTIME      = 112; // s64 seconds, u32 nanoseconds
    public static final int RDEV_MAJOR = 128; // u32
    public static final int RDEV_MINOR = 132; // u32
    public static final int DEV_MAJOR  = 136; // u32
    public static final int DEV_MINOR  = 140; // u32
    public static final int MNT_ID     = 144; // u64

    public static final long STATX_ATTR_MOUNT_ROOT = 0x2000;

    public static final int STATX_TYPE        = 0x1;
    public static final int STATX_NLINK       = 0x4;
    public static final int STATX_INO         = 0x100;
    public static final int STATX_BASIC_STATS = 0x7ff;
    public static final int STATX_BTIME       = 0x800;
    public static final int STATX_MNT_ID      = 0x1000;

    public static final int S_IFMT   = 0xf000;
    public static final int S_IFSOCK = 0xc000;
    public static final int S_IFLNK  = 0xa000;
    public static final int S_IFREG  = 0x8000;
    public static final int S_IFBLK  = 0x6000;
    public static final int S_IFDIR  = 0x4000;
    public static final int S_IFCHR  = 0x2000;
    public static final int S_IFIFO  = 0x1000;
    public static final int S_ISUID  = 0x800;
    public static final int S_ISGID  = 0x400;
    // spotless:on

    private static final long NANOS_A_SECOND = 1_000_000_000;

    private Statx() {}

    /**
     * What statx(2) says of the open descriptor {@code fd}, in the thread's block.
     *
     * @param failure what to say if it fails
     */
    public static NativeMemory of(Syscalls syscalls, Fd fd, String failure) throws LinuxException {
        Scratch scratch = Scratch.get();
        LinuxException.check(
                syscalls.statx(
                        fd.number(),
                        scratch.emptyPath(),
                        Fcntl.AT_EMPTY_PATH,
                        STATX_BASIC_STATS,
                        scratch.statx().address()),
                failure);
        return scratch.statx();
    }

    /** The device number in a {@code struct statx}, as one value. */
    public static long device(NativeMemory statx) {
        return (long) statx.getInt(DEV_MAJOR) << 32 | statx.getInt(DEV_MINOR) & 0xffffffffL;
    }

    /** The mount id in a {@code struct statx}; 0 if the kernel has not filled it in. */
    public static long mountId(NativeMemory statx) {
        return (statx.getInt(MASK) & STATX_MNT_ID) != 0 ? statx.getLong(MNT_ID) : 0;
    }

    /** The birth time in a {@code struct statx}, in nanoseconds; 0 if there is none. */
    public static long birth(NativeMemory statx) {
        boolean told = (statx.getInt(MASK) & STATX_BTIME) != 0;
        return told ? statx.getLong(BTIME) * NANOS_A_SECOND + statx.getInt(BTIME + 8) : 0;
    }
}
