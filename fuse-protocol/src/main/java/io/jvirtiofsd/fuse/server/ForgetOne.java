package io.jvirtiofsd.fuse.server;

/** One item of FUSE_BATCH_FORGET: {@code struct fuse_forget_one}, 16 bytes (fuse.h). */
record ForgetOne(long nodeid, long nlookup) {
    static final int BYTES = 16;

    static ForgetOne read(WireReader in) {
        return new ForgetOne(in.u64(), in.u64());
    }
}
