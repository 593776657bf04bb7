package io.jvirtiofsd.fuse.server;

/**
 * FUSE_COPY_FILE_RANGE, FUSE_COPY_FILE_RANGE_64: {@code struct fuse_copy_file_range_in}, 56 bytes
 * (fuse.h).
 */
record CopyFileRangeIn(
        long fhIn, long offIn, long nodeidOut, long fhOut, long offOut, long len, long flags) {
    static final int BYTES = 56;

    static CopyFileRangeIn read(WireReader in) {
        return new CopyFileRangeIn(
                in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64());
    }
}
