package io.jvirtiofsd.fuse.server;

/** Answer to FUSE_POLL: {@code struct fuse_poll_out}, 8 bytes (fuse.h). */
record PollOut(int revents) {
    static final int BYTES = 8;

    static void write(WireWriter out, int revents) {
        out.u32(revents);
        out.zero(4); // padding
    }

    static PollOut read(WireReader in) {
        int revents = in.u32();
        in.skip(4); // padding
        return new PollOut(revents);
    }
}
