package io.jvirtiofsd.fuse.server;

/**
 * FUSE_IOCTL: {@code struct fuse_ioctl_in}, 32 bytes (fuse.h); {@code inSize} bytes follow.
 *
 * @param cmd the command's number, with direction and size as ioctl(2) has it
 * @param arg the caller's address, which means nothing here
 * @param outSize bytes of data to answer, unsigned
 */
record IoctlIn(long fh, int flags, int cmd, long arg, int inSize, int outSize) {
    static final int BYTES = 32;

    static IoctlIn read(WireReader in) {
        return new IoctlIn(in.u64(), in.u32(), in.u32(), in.u64(), in.u32(), in.u32());
    }
}
