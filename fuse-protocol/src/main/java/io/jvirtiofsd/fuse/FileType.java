package io.jvirtiofsd.fuse;

/** The file types in a mode (linux/stat.h). */
final class FileType {
    static final int MASK = 0170000; // linux/stat.h S_IFMT
    static final int REGULAR = 0100000; // linux/stat.h S_IFREG
    static final int PERMISSIONS = 07777; // linux/stat.h: S_ISUID to S_IXOTH

    /** Bit {@code n} is set if {@code n << 12} is a type: fifo, chr, dir, blk, reg, lnk, sock. */
    private static final int TYPES = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 12;

    /** Types that mknod(2) makes: fifo, chr, blk, reg, sock. */
    private static final int MKNOD_TYPES = 1 << 1 | 1 << 2 | 1 << 6 | 1 << 8 | 1 << 12;

    private FileType() {}

    /** Whether {@code mode} has one of the seven types. */
    static boolean isValid(int mode) {
        return (TYPES >>> ((mode & MASK) >> 12) & 1) != 0;
    }

    /** Whether {@code mode} has a type that MKNOD may make. */
    static boolean isMknod(int mode) {
        return (MKNOD_TYPES >>> ((mode & MASK) >> 12) & 1) != 0;
    }

    /** The type as directory entries carry it. */
    static int ofEntry(int mode) {
        return (mode & MASK) >> 12;
    }
}
