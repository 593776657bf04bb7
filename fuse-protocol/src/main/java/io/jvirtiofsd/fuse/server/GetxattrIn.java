package io.jvirtiofsd.fuse.server;

/**
 * FUSE_GETXATTR and FUSE_LISTXATTR: {@code struct fuse_getxattr_in}, 8 bytes (fuse.h); for GETXATTR
 * the name follows.
 *
 * @param size most bytes wanted, unsigned; 0 asks only for their number
 */
record GetxattrIn(int size) {
    static final int BYTES = 8;

    static GetxattrIn read(WireReader in) {
        int size = in.u32();
        in.skip(4); // padding
        return new GetxattrIn(size);
    }
}
