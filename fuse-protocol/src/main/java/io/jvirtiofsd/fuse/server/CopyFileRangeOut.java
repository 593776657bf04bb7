package io.jvirtiofsd.fuse.server;

/**
 * Answer to FUSE_COPY_FILE_RANGE_64: {@code struct fuse_copy_file_range_out}, 8 bytes (fuse.h
 * 7.45).
 */
record CopyFileRangeOut(long bytesCopied) {
    static final int BYTES = 8;

    static void write(WireWriter out, long bytesCopied) {
        out.u64(bytesCopied);
    }

    static CopyFileRangeOut read(WireReader in) {
        return new CopyFileRangeOut(in.u64());
    }
}
