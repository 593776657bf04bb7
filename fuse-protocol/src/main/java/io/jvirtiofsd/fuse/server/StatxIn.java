package io.jvirtiofsd.fuse.server;

/**
 * FUSE_STATX: {@code struct fuse_statx_in}, 24 bytes (fuse.h 7.39).
 *
 * @param getattrFlags as for GETATTR
 * @param sxFlags AT_STATX_ flags of statx(2)
 * @param sxMask STATX_ bits of what is wanted
 */
record StatxIn(@Flags(FlagSet.GETATTR) int getattrFlags, long fh, int sxFlags, int sxMask) {
    static final int BYTES = 24;

    static StatxIn read(WireReader in) {
        int getattrFlags = in.u32();
        in.skip(4); // reserved
        long fh = in.u64();
        return new StatxIn(getattrFlags, fh, in.u32(), in.u32());
    }
}
