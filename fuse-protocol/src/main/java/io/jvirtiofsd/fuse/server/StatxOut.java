package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.FullAttributes;

/** Answer to FUSE_STATX: {@code struct fuse_statx_out}, 288 bytes (fuse.h 7.39). */
record StatxOut(long attrValid, int attrValidNsec, int flags, FuseStatx stat) {
    static final int BYTES = 288;

    static void write(WireWriter out, FullAttributes from) {
        long validNanos = from.validNanos();
        out.u64(Timeout.seconds(validNanos));
        out.u32(Timeout.nanos(validNanos));
        out.zero(4); // flags: none are known
        out.zero(2 * 8); // spare
        FuseStatx.write(out, from);
    }

    static StatxOut read(WireReader in) {
        long attrValid = in.u64();
        int attrValidNsec = in.u32();
        int flags = in.u32();
        in.skip(2 * 8); // spare
        return new StatxOut(attrValid, attrValidNsec, flags, FuseStatx.read(in));
    }
}
