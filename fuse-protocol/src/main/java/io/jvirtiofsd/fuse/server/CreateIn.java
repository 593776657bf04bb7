package io.jvirtiofsd.fuse.server;

/**
 * FUSE_CREATE, FUSE_TMPFILE: {@code struct fuse_create_in}, 16 bytes (fuse.h).
 *
 * @param flags the guest's O_ flags
 * @param mode permission bits, with S_IFREG
 * @param umask the caller's umask
 * @param openFlags 1 (OPEN_KILL_SUIDGID) or 0
 */
record CreateIn(
        @Flags(FlagSet.OPEN) int flags,
        @Flags(FlagSet.MODE) int mode,
        @Flags(FlagSet.MODE) int umask,
        @Flags(FlagSet.OPEN_IN) int openFlags) {
    static final int BYTES = 16;

    static final int OPEN_KILL_SUIDGID = 1; // fuse.h FUSE_OPEN_KILL_SUIDGID

    static CreateIn read(WireReader in) {
        return new CreateIn(in.u32(), in.u32(), in.u32(), in.u32());
    }
}
