package io.jvirtiofsd.fuse.server;

/** Answer to FUSE_LSEEK: {@code struct fuse_lseek_out}, 8 bytes (fuse.h). */
record LseekOut(long offset) {
    static final int BYTES = 8;

    static void write(WireWriter out, long offset) {
        out.u64(offset);
    }

    static LseekOut read(WireReader in) {
        return new LseekOut(in.u64());
    }
}
