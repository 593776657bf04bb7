package io.jvirtiofsd.fuse;

/** Answer to FUSE_GETLK: {@code struct fuse_lk_out}, 24 bytes (fuse.h). */
record LkOut(FileLock lk) {
    static final int BYTES = FileLock.BYTES;

    static void write(WireWriter out, FileLock lock) {
        lock.write(out);
    }

    static LkOut read(WireReader in) {
        return new LkOut(FileLock.read(in));
    }
}
