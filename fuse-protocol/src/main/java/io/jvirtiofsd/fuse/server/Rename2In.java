package io.jvirtiofsd.fuse.server;

/** FUSE_RENAME2: {@code struct fuse_rename2_in}, 16 bytes (fuse.h); old and new name follow. */
record Rename2In(long newdir, @Flags(FlagSet.RENAME) int flags) {
    static final int BYTES = 16;

    static final int RENAME_NOREPLACE = 1; // linux/fs.h
    static final int RENAME_EXCHANGE = 2; // linux/fs.h
    static final int RENAME_WHITEOUT = 4; // linux/fs.h

    static Rename2In read(WireReader in) {
        long newdir = in.u64();
        int flags = in.u32();
        in.skip(4); // padding
        return new Rename2In(newdir, flags);
    }
}
