package io.jvirtiofsd.fuse.server;

/** FUSE_RENAME: {@code struct fuse_rename_in}, 8 bytes (fuse.h); old and new name follow. */
record RenameIn(long newdir) {
    static final int BYTES = 8;

    static RenameIn read(WireReader in) {
        return new RenameIn(in.u64());
    }
}
