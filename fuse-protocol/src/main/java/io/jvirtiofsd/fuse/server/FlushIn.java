package io.jvirtiofsd.fuse.server;

/** FUSE_FLUSH: {@code struct fuse_flush_in}, 24 bytes (fuse.h). */
record FlushIn(long fh, long lockOwner) {
    static final int BYTES = 24;

    static FlushIn read(WireReader in) {
        long fh = in.u64();
        in.skip(4); // unused
        in.skip(4); // padding
        long lockOwner = in.u64();
        return new FlushIn(fh, lockOwner);
    }
}
