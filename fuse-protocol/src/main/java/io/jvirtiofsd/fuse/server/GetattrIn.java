package io.jvirtiofsd.fuse.server;

/** FUSE_GETATTR: {@code struct fuse_getattr_in}, 16 bytes (fuse.h). */
record GetattrIn(@Flags(FlagSet.GETATTR) int getattrFlags, long fh) {
    static final int BYTES = 16;

    static final int GETATTR_FH = 1; // fuse.h FUSE_GETATTR_FH

    static GetattrIn read(WireReader in) {
        int getattrFlags = in.u32();
        in.skip(4); // dummy
        long fh = in.u64();
        return new GetattrIn(getattrFlags, fh);
    }
}
