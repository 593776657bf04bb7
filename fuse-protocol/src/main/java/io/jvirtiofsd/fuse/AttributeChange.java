package io.jvirtiofsd.fuse;

/**
 * What SETATTR is to change: each value counts only if its bit is in {@code valid}.
 * <i>Immutable.</i>
 *
 * @param valid FATTR_ bits
 * @param fh an open file of the node, with FATTR_FH
 * @param size bytes, not negative
 * @param lockOwner as WRITE has it, with FATTR_LOCKOWNER
 * @param atime seconds; with FATTR_ATIME_NOW the host's clock counts instead
 * @param mtime seconds; with FATTR_MTIME_NOW the host's clock counts instead
 * @param ctime seconds
 * @param atimensec 0 to 999,999,999
 * @param mtimensec 0 to 999,999,999
 * @param ctimensec 0 to 999,999,999
 * @param mode permission bits, with or without the type
 */
public record AttributeChange(
        int valid,
        long fh,
        long size,
        long lockOwner,
        long atime,
        long mtime,
        long ctime,
        int atimensec,
        int mtimensec,
        int ctimensec,
        int mode,
        int uid,
        int gid) {
    // spotless:off
    public static final int FATTR_MODE         = 1;       // fuse.h
    public static final int FATTR_UID          = 1 << 1;  // fuse.h
    public static final int FATTR_GID          = 1 << 2;  // fuse.h
    public static final int FATTR_SIZE         = 1 << 3;  // fuse.h
    public static final int FATTR_ATIME        = 1 << 4;  // fuse.h
    public static final int FATTR_MTIME        = 1 << 5;  // fuse.h
    public static final int FATTR_FH           = 1 << 6;  // fuse.h
    public static final int FATTR_ATIME_NOW    = 1 << 7;  // fuse.h
    public static final int FATTR_MTIME_NOW    = 1 << 8;  // fuse.h
    public static final int FATTR_LOCKOWNER    = 1 << 9;  // fuse.h
    public static final int FATTR_CTIME        = 1 << 10; // fuse.h
    public static final int FATTR_KILL_SUIDGID = 1 << 11; // fuse.h
    // spotless:on

    /** Whether all of {@code bits} are set in {@link #valid}. */
    public boolean has(int bits) {
        return (valid & bits) == bits;
    }
}
