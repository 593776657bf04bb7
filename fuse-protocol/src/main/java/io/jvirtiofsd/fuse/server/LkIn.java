package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FileLock;

/**
 * FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW: {@code struct fuse_lk_in}, 48 bytes (fuse.h).
 *
 * @param fh an open file
 * @param owner whose lock it is: as the guest numbers its processes, or its open files
 * @param lk the lock that is wanted
 * @param lkFlags {@link #LK_FLOCK}: of the open file as a whole, as flock(2) has it
 */
record LkIn(long fh, long owner, FileLock lk, @Flags(FlagSet.LK) int lkFlags) {
    static final int BYTES = 48;

    static final int LK_FLOCK = 1; // fuse.h FUSE_LK_FLOCK

    static LkIn read(WireReader in) {
        long fh = in.u64();
        long owner = in.u64();
        FileLock lk = LkOut.readLock(in);
        int lkFlags = in.u32();
        in.skip(4); // padding
        return new LkIn(fh, owner, lk, lkFlags);
    }
}
