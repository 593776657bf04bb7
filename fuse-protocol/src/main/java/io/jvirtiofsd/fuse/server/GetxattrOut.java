package io.jvirtiofsd.fuse.server;

/**
 * Answer to FUSE_GETXATTR and FUSE_LISTXATTR that asked for the size only: {@code struct
 * fuse_getxattr_out}, 8 bytes (fuse.h).
 */
record GetxattrOut(int size) {
    static final int BYTES = 8;

    static void write(WireWriter out, int size) {
        out.u32(size);
        out.zero(4); // padding
    }

    static GetxattrOut read(WireReader in) {
        int size = in.u32();
        in.skip(4); // padding
        return new GetxattrOut(size);
    }
}
