package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Statfs;

/** Answer to FUSE_STATFS: {@code struct fuse_kstatfs}, 80 bytes (fuse.h). */
record Kstatfs(
        long blocks,
        long bfree,
        long bavail,
        long files,
        long ffree,
        int bsize,
        int namelen,
        int frsize) {
    static final int BYTES = 80;

    static void write(WireWriter out, Statfs from) {
        out.u64(from.blocks());
        out.u64(from.freeBlocks());
        out.u64(from.availableBlocks());
        out.u64(from.files());
        out.u64(from.freeFiles());
        out.u32(from.blockBytes());
        out.u32(from.nameBytes());
        out.u32(from.fragmentBytes());
        out.zero(4); // padding
        out.zero(6 * 4); // spare
    }

    static Kstatfs read(WireReader in) {
        long blocks = in.u64();
        long bfree = in.u64();
        long bavail = in.u64();
        long files = in.u64();
        long ffree = in.u64();
        int bsize = in.u32();
        int namelen = in.u32();
        int frsize = in.u32();
        in.skip(4); // padding
        in.skip(6 * 4); // spare
        return new Kstatfs(blocks, bfree, bavail, files, ffree, bsize, namelen, frsize);
    }
}
