package io.jvirtiofsd.fuse;

/** FUSE_SETATTR: {@code struct fuse_setattr_in}, 88 bytes (fuse.h). */
public record AttributeChange(
        @Flags(FlagSet.FATTR) int valid,
        long fh,
        long size,
        long lockOwner,
        long atime,
        long mtime,
        long ctime,
        int atimensec,
        int mtimensec,
        int ctimensec,
        @Flags(FlagSet.MODE) int mode,
        int uid,
        int gid) {
    static final int BYTES = 88;

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

    static AttributeChange read(WireReader in) {
        int valid = in.u32();
        in.skip(4); // padding
        long fh = in.u64();
        long size = in.u64();
        long lockOwner = in.u64();
        long atime = in.u64();
        long mtime = in.u64();
        long ctime = in.u64();
        int atimensec = in.u32();
        int mtimensec = in.u32();
        int ctimensec = in.u32();
        int mode = in.u32();
        in.skip(4); // unused4
        int uid = in.u32();
        int gid = in.u32();
        in.skip(4); // unused5
        return new AttributeChange(
                valid, fh, size, lockOwner, atime, mtime, ctime, atimensec, mtimensec, ctimensec,
                mode, uid, gid);
    }

    /** Whether all of {@code bits} are set in {@link #valid}. */
    public boolean has(int bits) {
        return (valid & bits) == bits;
    }
}
