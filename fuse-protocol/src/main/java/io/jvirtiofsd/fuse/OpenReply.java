package io.jvirtiofsd.fuse;

/**
 * What OPEN, OPENDIR and CREATE answer about the handle.
 *
 * @param fh the handle, echoed by the guest with each request on it
 * @param openFlags FOPEN_ flags
 */
public record OpenReply(long fh, int openFlags) {
    // spotless:off
    public static final int FOPEN_DIRECT_IO              = 1;  // fuse.h
    public static final int FOPEN_KEEP_CACHE             = 2;  // fuse.h
    public static final int FOPEN_CACHE_DIR              = 8;  // fuse.h
    public static final int FOPEN_NOFLUSH                = 32; // fuse.h
    public static final int FOPEN_PARALLEL_DIRECT_WRITES = 64; // fuse.h
    // spotless:on
}
