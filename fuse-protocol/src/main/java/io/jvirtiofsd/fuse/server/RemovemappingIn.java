package io.jvirtiofsd.fuse.server;

/**
 * FUSE_REMOVEMAPPING: {@code struct fuse_removemapping_in}, 4 bytes (fuse.h 7.31); {@code count}
 * items follow at once, unaligned.
 */
record RemovemappingIn(int count) {
    static final int BYTES = 4;

    static RemovemappingIn read(WireReader in) {
        return new RemovemappingIn(in.u32());
    }

    /** One item: {@code struct fuse_removemapping_one}, 16 bytes. */
    record One(long moffset, long len) {
        static final int BYTES = 16;

        static One read(WireReader in) {
            return new One(in.u64(), in.u64());
        }
    }
}
