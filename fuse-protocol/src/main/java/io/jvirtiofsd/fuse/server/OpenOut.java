package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.OpenReply;

/** Answer to FUSE_OPEN and FUSE_OPENDIR: {@code struct fuse_open_out}, 16 bytes (fuse.h). */
record OpenOut(long fh, @Flags(FlagSet.FOPEN) int openFlags) {
    static final int BYTES = 16;

    static void write(WireWriter out, OpenReply from) {
        out.u64(from.fh());
        out.u32(from.openFlags());
        out.zero(4); // padding; backing_id since 7.40
    }

    static OpenOut read(WireReader in) {
        long fh = in.u64();
        int openFlags = in.u32();
        in.skip(4); // padding; backing_id since 7.40
        return new OpenOut(fh, openFlags);
    }
}
