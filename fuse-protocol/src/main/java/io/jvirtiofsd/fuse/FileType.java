package io.jvirtiofsd.fuse;

/** The file types in a mode (linux/stat.h). */
public final class FileType {
    public static final int MASK = 0170000; // linux/stat.h S_IFMT
    public static final int REGULAR = 0100000; // linux/stat.h S_IFREG
    public static final int DIRECTORY = 0040000; // linux/stat.h S_IFDIR
    public static final int SYMLINK = 0120000; // linux/stat.h S_IFLNK
    public static final int SOCKET = 0140000; // linux/stat.h S_IFSOCK
    public static final int PERMISSIONS = 07777; // linux/stat.h: S_ISUID to S_IXOTH
    public static final int SET_USER_ID = 04000; // linux/stat.h S_ISUID
    public static final int SET_GROUP_ID = 02000; // linux/stat.h S_ISGID
    public static final int GROUP_EXECUTE = 0010; // linux/stat.h S_IXGRP

    /** Bit {@code n} is set if {@code n << 12} is a type: fifo, chr, dir, blk, reg, lnk, sock. */
    private static final int TYPES = 1 << 1 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 12;

    /** Types that mknod(2) makes: fifo, chr, blk, reg, sock. */
    private static final int MKNOD_TYPES = 1 << 1 | 1 << 2 | 1 << 6 | 1 << 8 | 1 << 12;

    private FileType() {}

    /** Whether {@code mode} has one of the seven types. */
    public static boolean isValid(int mode) {
        return (TYPES >>> ((mode & MASK) >> 12) & 1) != 0;
    }

    /** Whether {@code mode} has a type that MKNOD may make. */
    public static boolean isMknod(int mode) {
        return (MKNOD_TYPES >>> ((mode & MASK) >> 12) & 1) != 0;
    }

    /** The type as directory entries carry it. */
    public static int ofEntry(int mode) {
        return (mode & MASK) >> 12;
    }
}
