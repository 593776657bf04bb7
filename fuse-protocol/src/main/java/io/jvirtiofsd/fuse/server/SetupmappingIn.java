package io.jvirtiofsd.fuse.server;

/** FUSE_SETUPMAPPING: {@code struct fuse_setupmapping_in}, 40 bytes (fuse.h 7.31). */
record SetupmappingIn(
        long fh, long foffset, long len, @Flags(FlagSet.SETUPMAPPING) int flags, long moffset) {
    static final int BYTES = 40;

    static final int SETUPMAPPING_WRITE = 1; // fuse.h FUSE_SETUPMAPPING_FLAG_WRITE
    static final int SETUPMAPPING_READ = 2; // fuse.h FUSE_SETUPMAPPING_FLAG_READ

    /** Bits that no flag has, of the 64 on the wire, make {@link #flags} what no guest sends. */
    private static final int UNKNOWN = 1 << 31;

    static SetupmappingIn read(WireReader in) {
        long fh = in.u64();
        long foffset = in.u64();
        long len = in.u64();
        long flags = in.u64();
        long moffset = in.u64();
        boolean wide = flags >>> 31 != 0;
        return new SetupmappingIn(fh, foffset, len, wide ? UNKNOWN : (int) flags, moffset);
    }
}
