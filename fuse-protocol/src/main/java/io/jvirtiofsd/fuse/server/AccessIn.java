package io.jvirtiofsd.fuse.server;

/** FUSE_ACCESS: {@code struct fuse_access_in}, 8 bytes (fuse.h). */
record AccessIn(int mask) {
    static final int BYTES = 8;

    static AccessIn read(WireReader in) {
        int mask = in.u32();
        in.skip(4); // padding
        return new AccessIn(mask);
    }
}
