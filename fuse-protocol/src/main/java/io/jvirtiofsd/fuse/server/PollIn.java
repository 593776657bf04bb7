package io.jvirtiofsd.fuse.server;

/** FUSE_POLL: {@code struct fuse_poll_in}, 24 bytes (fuse.h). */
record PollIn(long fh, long kh, int flags, int events) {
    static final int BYTES = 24;

    static PollIn read(WireReader in) {
        return new PollIn(in.u64(), in.u64(), in.u32(), in.u32());
    }
}
