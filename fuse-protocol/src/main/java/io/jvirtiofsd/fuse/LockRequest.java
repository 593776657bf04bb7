package io.jvirtiofsd.fuse;

/**
 * FUSE_GETLK, FUSE_SETLK, FUSE_SETLKW: {@code struct fuse_lk_in}, 48 bytes (fuse.h).
 *
 * @param fh an open file
 * @param owner whose lock it is: as the guest numbers its processes, or its open files
 * @param lk the lock that is wanted; of type {@link #F_UNLCK} to drop it
 * @param lkFlags {@link #LK_FLOCK}: of the open file as a whole, as flock(2) has it
 */
public record LockRequest(long fh, long owner, FileLock lk, @Flags(FlagSet.LK) int lkFlags) {
    static final int BYTES = 48;

    public static final int LK_FLOCK = 1; // fuse.h FUSE_LK_FLOCK
    public static final int F_RDLCK = 0; // asm-generic/fcntl.h
    public static final int F_WRLCK = 1; // asm-generic/fcntl.h
    public static final int F_UNLCK = 2; // asm-generic/fcntl.h

    static LockRequest read(WireReader in) {
        long fh = in.u64();
        long owner = in.u64();
        FileLock lk = FileLock.read(in);
        int lkFlags = in.u32();
        in.skip(4); // padding
        return new LockRequest(fh, owner, lk, lkFlags);
    }

    /** What lets go of an open file's lock. */
    static LockRequest unlocking(long fh) {
        return new LockRequest(fh, 0, FileLock.WHOLE_FILE_UNLOCKED, LK_FLOCK);
    }

    public int type() {
        return lk.type();
    }

    /** First byte of the range. */
    public long start() {
        return lk.start();
    }

    /** Last byte of the range. */
    public long end() {
        return lk.end();
    }

    public boolean isFlock() {
        return (lkFlags & LK_FLOCK) != 0;
    }

    public boolean isUnlock() {
        return type() == F_UNLCK;
    }
}
