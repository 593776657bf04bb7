package io.jvirtiofsd.fuse.server;

/** FUSE_SYNCFS: {@code struct fuse_syncfs_in}, 8 bytes without meaning (fuse.h 7.34). */
record SyncfsIn() {
    static final int BYTES = 8;

    static SyncfsIn read(WireReader in) {
        in.skip(8); // padding
        return new SyncfsIn();
    }
}
