package io.jvirtiofsd.fuse;

/** FUSE_WRITE: {@code struct fuse_write_in}, 40 bytes (fuse.h); the data follows. */
public record WriteIn(
        long fh,
        long offset,
        int size,
        @Flags(FlagSet.WRITE) int writeFlags,
        long lockOwner,
        @Flags(FlagSet.OPEN) int flags) {
    static final int BYTES = 40;

    public static final int WRITE_CACHE = 1; // fuse.h FUSE_WRITE_CACHE
    public static final int WRITE_LOCKOWNER = 2; // fuse.h FUSE_WRITE_LOCKOWNER
    public static final int WRITE_KILL_SUIDGID = 4; // fuse.h FUSE_WRITE_KILL_SUIDGID

    /**
     * Whether a WRITE with these flags belongs behind the last byte, wherever that is now. Its
     * offset is where the guest believes the file to end, and others may have written since. What a
     * guest writes from its cache, stored by mmap(2) or kept under write-back, belongs to its
     * offset, whatever the file was opened for.
     */
    public static boolean appends(int writeFlags, int openFlags) {
        return (openFlags & OpenFlags.O_APPEND) != 0 && (writeFlags & WRITE_CACHE) == 0;
    }

    static WriteIn read(WireReader in) {
        long fh = in.u64();
        long offset = in.u64();
        int size = in.u32();
        int writeFlags = in.u32();
        long lockOwner = in.u64();
        int flags = in.u32();
        in.skip(4); // padding
        return new WriteIn(fh, offset, size, writeFlags, lockOwner, flags);
    }
}
