package io.jvirtiofsd.fuse.server;

/** Answer to FUSE_IOCTL: {@code struct fuse_ioctl_out}, 16 bytes (fuse.h); data may follow. */
record IoctlOut(int result, int flags, int inIovs, int outIovs) {
    static final int BYTES = 16;

    /** Success, with nothing to be tried again. */
    static void write(WireWriter out) {
        out.zero(BYTES);
    }

    static IoctlOut read(WireReader in) {
        return new IoctlOut(in.u32(), in.u32(), in.u32(), in.u32());
    }
}
