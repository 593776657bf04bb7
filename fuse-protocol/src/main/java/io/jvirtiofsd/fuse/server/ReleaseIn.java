package io.jvirtiofsd.fuse.server;

/** FUSE_RELEASE, FUSE_RELEASEDIR: {@code struct fuse_release_in}, 24 bytes (fuse.h). */
record ReleaseIn(
        long fh,
        @Flags(FlagSet.OPEN) int flags,
        @Flags(FlagSet.RELEASE) int releaseFlags,
        long lockOwner) {
    static final int BYTES = 24;

    static final int RELEASE_FLUSH = 1; // fuse.h FUSE_RELEASE_FLUSH
    static final int RELEASE_FLOCK_UNLOCK = 2; // fuse.h FUSE_RELEASE_FLOCK_UNLOCK

    static ReleaseIn read(WireReader in) {
        return new ReleaseIn(in.u64(), in.u32(), in.u32(), in.u64());
    }
}
