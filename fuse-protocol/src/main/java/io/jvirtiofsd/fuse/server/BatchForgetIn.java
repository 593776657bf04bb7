package io.jvirtiofsd.fuse.server;

/**
 * FUSE_BATCH_FORGET: {@code struct fuse_batch_forget_in}, 8 bytes (fuse.h); {@code count} items
 * follow.
 */
record BatchForgetIn(int count) {
    static final int BYTES = 8;

    static BatchForgetIn read(WireReader in) {
        int count = in.u32();
        in.skip(4); // dummy
        return new BatchForgetIn(count);
    }
}
