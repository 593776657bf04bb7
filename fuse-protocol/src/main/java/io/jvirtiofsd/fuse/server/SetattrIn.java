package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.AttributeChange;

/** FUSE_SETATTR: {@code struct fuse_setattr_in}, 88 bytes (fuse.h). */
record SetattrIn(
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

    static SetattrIn read(WireReader in) {
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
        return new SetattrIn(
                valid, fh, size, lockOwner, atime, mtime, ctime, atimensec, mtimensec, ctimensec,
                mode, uid, gid);
    }

    /** What a file system is asked to change. */
    AttributeChange change() {
        return new AttributeChange(
                valid, fh, size, lockOwner, atime, mtime, ctime, atimensec, mtimensec, ctimensec,
                mode, uid, gid);
    }
}
