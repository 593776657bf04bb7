package io.jvirtiofsd.fuse;

/** FUSE_COPY_FILE_RANGE: {@code struct fuse_copy_file_range_in}, 56 bytes (fuse.h). */
public record CopyRequest(
        long fhIn, long offIn, long nodeidOut, long fhOut, long offOut, long len, long flags) {
    static final int BYTES = 56;

    static CopyRequest read(WireReader in) {
        return new CopyRequest(
                in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64());
    }

    /** The same with at most {@code max} bytes to copy; the guest asks again for the rest. */
    CopyRequest limited(long max) {
        long less = Long.compareUnsigned(len, max) > 0 ? max : len;
        return new CopyRequest(fhIn, offIn, nodeidOut, fhOut, offOut, less, flags);
    }
}
