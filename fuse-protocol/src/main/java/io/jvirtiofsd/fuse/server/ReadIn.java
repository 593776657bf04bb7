package io.jvirtiofsd.fuse.server;

/** FUSE_READ, FUSE_READDIR, FUSE_READDIRPLUS: {@code struct fuse_read_in}, 40 bytes (fuse.h). */
record ReadIn(
        long fh,
        long offset,
        int size,
        @Flags(FlagSet.READ) int readFlags,
        long lockOwner,
        @Flags(FlagSet.OPEN) int flags) {
    static final int BYTES = 40;

    static final int READ_LOCKOWNER = 2; // fuse.h FUSE_READ_LOCKOWNER

    static ReadIn read(WireReader in) {
        long fh = in.u64();
        long offset = in.u64();
        int size = in.u32();
        int readFlags = in.u32();
        long lockOwner = in.u64();
        int flags = in.u32();
        in.skip(4); // padding
        return new ReadIn(fh, offset, size, readFlags, lockOwner, flags);
    }
}
