package io.jvirtiofsd.posix;

/** What stat(2) tells, as far as tests ask; times are nanoseconds since 1970. */
record Stat(
        int mode,
        long size,
        int nlink,
        int uid,
        int gid,
        long ino,
        long atime,
        long mtime,
        long ctime) {
    static final int S_IFMT = 0170000;
    static final int S_IFREG = 0100000;
    static final int S_IFDIR = 0040000;
    static final int S_IFLNK = 0120000;
    static final int S_IFIFO = 0010000;

    static final long NANOS = 1_000_000_000L;

    int type() {
        return mode & S_IFMT;
    }

    boolean isDirectory() {
        return type() == S_IFDIR;
    }

    /** Permission bits, special ones included. */
    int permissions() {
        return mode & 07777;
    }
}
