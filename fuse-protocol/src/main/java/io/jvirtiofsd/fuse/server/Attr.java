package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.FileType;

/** {@code struct fuse_attr}, 88 bytes (fuse.h): the wire form of {@link Attributes}. */
record Attr(
        long ino,
        long size,
        long blocks,
        long atime,
        long mtime,
        long ctime,
        int atimensec,
        int mtimensec,
        int ctimensec,
        @Flags(FlagSet.MODE) int mode,
        int nlink,
        int uid,
        int gid,
        int rdev,
        int blksize,
        @Flags(FlagSet.ATTR) int flags) {
    static final int BYTES = 88;

    /** Writes {@code from}; of its flags only those in {@code knownFlags}. */
    static void write(WireWriter out, Attributes from, int knownFlags) {
        out.u64(from.ino());
        out.u64(from.size());
        out.u64(from.blocks());
        out.u64(from.atimeSeconds());
        out.u64(from.mtimeSeconds());
        out.u64(from.ctimeSeconds());
        out.u32(from.atimeNanos());
        out.u32(from.mtimeNanos());
        out.u32(from.ctimeNanos());
        out.u32(from.mode());
        out.u32(from.nlink());
        out.u32(from.uid());
        out.u32(from.gid());
        out.u32(from.rdev());
        out.u32(from.blksize());
        out.u32(from.flags() & knownFlags);
    }

    static Attr read(WireReader in) {
        return new Attr(
                in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u32(), in.u32(),
                in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32());
    }

    /**
     * Whether the guest will take {@code attributes}: it marks an inode bad for good when the type
     * is none of the seven or the size is beyond 2⁶³&minus;1.
     */
    static boolean isValid(Attributes attributes) {
        return FileType.isValid(attributes.mode()) && attributes.size() >= 0;
    }
}
