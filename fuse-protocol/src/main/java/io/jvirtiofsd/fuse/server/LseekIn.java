package io.jvirtiofsd.fuse.server;

/** FUSE_LSEEK: {@code struct fuse_lseek_in}, 24 bytes (fuse.h). */
record LseekIn(long fh, long offset, int whence) {
    static final int BYTES = 24;

    static final int SEEK_DATA = 3; // linux/fs.h
    static final int SEEK_HOLE = 4; // linux/fs.h

    static LseekIn read(WireReader in) {
        long fh = in.u64();
        long offset = in.u64();
        int whence = in.u32();
        in.skip(4); // padding
        return new LseekIn(fh, offset, whence);
    }
}
