package io.jvirtiofsd.fuse.server;

/** FUSE_WRITE: {@code struct fuse_write_in}, 40 bytes (fuse.h); the data follows. */
record WriteIn(
        long fh,
        long offset,
        int size,
        @Flags(FlagSet.WRITE) int writeFlags,
        long lockOwner,
        @Flags(FlagSet.OPEN) int flags) {
    static final int BYTES = 40;

    static WriteIn read(WireReader in) {
        long fh = in.u64();
        long offset = in.u64();
        int size = in.u32();
        int writeFlags = in.u32();
        long lockOwner = in.u64();
        int flags = in.u32();
        in.skip(4); // padding
        return new WriteIn(fh, offset, size, writeFlags, lockOwner, flags);
    }
}
