package io.jvirtiofsd.fuse.server;

/** FUSE_MKDIR: {@code struct fuse_mkdir_in}, 8 bytes (fuse.h); the name follows. */
record MkdirIn(@Flags(FlagSet.MODE) int mode, @Flags(FlagSet.MODE) int umask) {
    static final int BYTES = 8;

    static MkdirIn read(WireReader in) {
        return new MkdirIn(in.u32(), in.u32());
    }
}
