package io.jvirtiofsd.fuse.server;

/** FUSE_FALLOCATE: {@code struct fuse_fallocate_in}, 32 bytes (fuse.h). */
record FallocateIn(long fh, long offset, long length, @Flags(FlagSet.FALLOCATE) int mode) {
    static final int BYTES = 32;

    static final int FALLOC_KEEP_SIZE = 0x01; // linux/falloc.h
    static final int FALLOC_PUNCH_HOLE = 0x02; // linux/falloc.h
    static final int FALLOC_COLLAPSE_RANGE = 0x08; // linux/falloc.h
    static final int FALLOC_ZERO_RANGE = 0x10; // linux/falloc.h
    static final int FALLOC_INSERT_RANGE = 0x20; // linux/falloc.h
    static final int FALLOC_UNSHARE_RANGE = 0x40; // linux/falloc.h

    /**
     * Whether Linux sends this mode. Any other may take bytes out of the middle of a file that
     * another guest has mapped, which no guard sees.
     */
    boolean isAllowed() {
        return switch (mode) {
            case 0,
                    FALLOC_KEEP_SIZE,
                    FALLOC_PUNCH_HOLE | FALLOC_KEEP_SIZE,
                    FALLOC_ZERO_RANGE,
                    FALLOC_ZERO_RANGE | FALLOC_KEEP_SIZE ->
                    true;
            default -> false;
        };
    }

    static FallocateIn read(WireReader in) {
        long fh = in.u64();
        long offset = in.u64();
        long length = in.u64();
        int mode = in.u32();
        in.skip(4); // padding
        return new FallocateIn(fh, offset, length, mode);
    }
}
