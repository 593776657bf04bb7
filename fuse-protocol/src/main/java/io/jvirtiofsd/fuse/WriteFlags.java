package io.jvirtiofsd.fuse;

/** The flags of a WRITE, and what they mean for where it goes. Source: fuse.h. */
public final class WriteFlags {
    public static final int WRITE_CACHE = 1; // fuse.h FUSE_WRITE_CACHE
    public static final int WRITE_LOCKOWNER = 2; // fuse.h FUSE_WRITE_LOCKOWNER
    public static final int WRITE_KILL_SUIDGID = 4; // fuse.h FUSE_WRITE_KILL_SUIDGID

    private WriteFlags() {}

    /**
     * Whether a WRITE with these flags belongs behind the last byte, wherever that is now. Its
     * offset is where the guest believes the file to end, and others may have written since. What a
     * guest writes from its cache, stored by mmap(2) or kept under write-back, belongs to its
     * offset, whatever the file was opened for.
     */
    public static boolean appends(int writeFlags, int openFlags) {
        return (openFlags & OpenFlags.O_APPEND) != 0 && (writeFlags & WRITE_CACHE) == 0;
    }
}
