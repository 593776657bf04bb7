package io.jvirtiofsd.fuse.server;

/** FUSE_OPEN, FUSE_OPENDIR: {@code struct fuse_open_in}, 8 bytes (fuse.h). */
record OpenIn(@Flags(FlagSet.OPEN) int flags, @Flags(FlagSet.OPEN_IN) int openFlags) {
    static final int BYTES = 8;

    static OpenIn read(WireReader in) {
        return new OpenIn(in.u32(), in.u32());
    }
}
