package io.jvirtiofsd.fuse.server;

/** FUSE_FSYNC, FUSE_FSYNCDIR: {@code struct fuse_fsync_in}, 16 bytes (fuse.h). */
record FsyncIn(long fh, @Flags(FlagSet.FSYNC) int fsyncFlags) {
    static final int BYTES = 16;

    static final int FSYNC_FDATASYNC = 1; // fuse.h FUSE_FSYNC_FDATASYNC

    static FsyncIn read(WireReader in) {
        long fh = in.u64();
        int fsyncFlags = in.u32();
        in.skip(4); // padding
        return new FsyncIn(fh, fsyncFlags);
    }
}
