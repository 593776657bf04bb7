package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FileLock;

/** Answer to FUSE_GETLK: {@code struct fuse_lk_out}, a {@code fuse_file_lock}, 24 bytes (fuse.h). */
record LkOut(FileLock lk) {
    static final int BYTES = 24;

    static void write(WireWriter out, FileLock lock) {
        out.u64(lock.start());
        out.u64(lock.end());
        out.u32(lock.type());
        out.u32(lock.pid());
    }

    static LkOut read(WireReader in) {
        return new LkOut(readLock(in));
    }

    /** A {@code struct fuse_file_lock}. */
    static FileLock readLock(WireReader in) {
        return new FileLock(in.u64(), in.u64(), in.u32(), in.u32());
    }
}
