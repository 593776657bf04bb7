package io.jvirtiofsd.fuse.server;

/** FUSE_MKNOD: {@code struct fuse_mknod_in}, 16 bytes (fuse.h); the name follows. */
record MknodIn(@Flags(FlagSet.MODE) int mode, int rdev, @Flags(FlagSet.MODE) int umask) {
    static final int BYTES = 16;

    static MknodIn read(WireReader in) {
        int mode = in.u32();
        int rdev = in.u32();
        int umask = in.u32();
        in.skip(4); // padding
        return new MknodIn(mode, rdev, umask);
    }
}
