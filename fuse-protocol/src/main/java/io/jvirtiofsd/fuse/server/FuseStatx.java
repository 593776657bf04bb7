package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FullAttributes;

/** {@code struct fuse_statx}, 256 bytes (fuse.h 7.39): the wire form of {@link FullAttributes}. */
record FuseStatx(
        int mask,
        int blksize,
        long attributes,
        int nlink,
        int uid,
        int gid,
        @Flags(FlagSet.MODE) int mode,
        long ino,
        long size,
        long blocks,
        long attributesMask,
        SxTime atime,
        SxTime btime,
        SxTime ctime,
        SxTime mtime,
        int rdevMajor,
        int rdevMinor,
        int devMajor,
        int devMinor) {
    static final int BYTES = 256;

    private static final int SPARE_BYTES = 14 * 8;

    static void write(WireWriter out, FullAttributes from) {
        out.u32(from.mask());
        out.u32(from.blksize());
        out.u64(from.attributes());
        out.u32(from.nlink());
        out.u32(from.uid());
        out.u32(from.gid());
        out.u16(from.mode());
        out.zero(2); // spare
        out.u64(from.ino());
        out.u64(from.size());
        out.u64(from.blocks());
        out.u64(from.attributesMask());
        SxTime.write(out, from.atimeSeconds(), from.atimeNanos());
        SxTime.write(out, from.btimeSeconds(), from.btimeNanos());
        SxTime.write(out, from.ctimeSeconds(), from.ctimeNanos());
        SxTime.write(out, from.mtimeSeconds(), from.mtimeNanos());
        out.u32(from.rdevMajor());
        out.u32(from.rdevMinor());
        out.u32(from.devMajor());
        out.u32(from.devMinor());
        out.zero(SPARE_BYTES);
    }

    static FuseStatx read(WireReader in) {
        int mask = in.u32();
        int blksize = in.u32();
        long attributes = in.u64();
        int nlink = in.u32();
        int uid = in.u32();
        int gid = in.u32();
        int mode = in.u16();
        in.skip(2); // spare
        FuseStatx statx =
                new FuseStatx(
                        mask,
                        blksize,
                        attributes,
                        nlink,
                        uid,
                        gid,
                        mode,
                        in.u64(),
                        in.u64(),
                        in.u64(),
                        in.u64(),
                        SxTime.read(in),
                        SxTime.read(in),
                        SxTime.read(in),
                        SxTime.read(in),
                        in.u32(),
                        in.u32(),
                        in.u32(),
                        in.u32());
        in.skip(SPARE_BYTES);
        return statx;
    }
}
