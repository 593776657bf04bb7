package io.jvirtiofsd.fuse.server;

/**
 * FUSE_LINK: {@code struct fuse_link_in}, 8 bytes (fuse.h); the header names the new parent, the
 * new name follows.
 */
record LinkIn(long oldnodeid) {
    static final int BYTES = 8;

    static LinkIn read(WireReader in) {
        return new LinkIn(in.u64());
    }
}
