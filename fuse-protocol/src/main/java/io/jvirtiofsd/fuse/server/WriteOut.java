package io.jvirtiofsd.fuse.server;

/**
 * Answer to FUSE_WRITE and FUSE_COPY_FILE_RANGE: {@code struct fuse_write_out}, 8 bytes (fuse.h).
 */
record WriteOut(int size) {
    static final int BYTES = 8;

    static void write(WireWriter out, int size) {
        out.u32(size);
        out.zero(4); // padding
    }

    static WriteOut read(WireReader in) {
        int size = in.u32();
        in.skip(4); // padding
        return new WriteOut(size);
    }
}
