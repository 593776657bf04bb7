package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;

/** Attributes with given values. */
record FakeAttributes(
        long ino,
        long size,
        long blocks,
        long atimeSeconds,
        int atimeNanos,
        long mtimeSeconds,
        int mtimeNanos,
        long ctimeSeconds,
        int ctimeNanos,
        int mode,
        int nlink,
        int uid,
        int gid,
        int rdev,
        int blksize,
        int flags,
        long validNanos)
        implements Attributes {

    /** Of a file with {@code mode}; every other field has a value of its own. */
    static FakeAttributes of(int mode) {
        return new FakeAttributes(
                101,
                102,
                103,
                104,
                105,
                106,
                107,
                108,
                109,
                mode,
                111,
                112,
                113,
                114,
                115,
                2,
                1_500_000_000L);
    }
}
