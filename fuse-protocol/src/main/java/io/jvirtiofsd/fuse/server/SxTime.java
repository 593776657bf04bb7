package io.jvirtiofsd.fuse.server;

/** A point in time: {@code struct fuse_sx_time}, 16 bytes (fuse.h 7.39). */
record SxTime(long tvSec, int tvNsec) {
    static final int BYTES = 16;

    static void write(WireWriter out, long seconds, int nanos) {
        out.u64(seconds);
        out.u32(nanos);
        out.zero(4); // reserved
    }

    static SxTime read(WireReader in) {
        long seconds = in.u64();
        int nanos = in.u32();
        in.skip(4); // reserved
        return new SxTime(seconds, nanos);
    }
}
