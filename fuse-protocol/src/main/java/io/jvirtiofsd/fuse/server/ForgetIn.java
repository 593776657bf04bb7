package io.jvirtiofsd.fuse.server;

/** FUSE_FORGET: {@code struct fuse_forget_in}, 8 bytes (fuse.h). */
record ForgetIn(long nlookup) {
    static final int BYTES = 8;

    static ForgetIn read(WireReader in) {
        return new ForgetIn(in.u64());
    }
}
