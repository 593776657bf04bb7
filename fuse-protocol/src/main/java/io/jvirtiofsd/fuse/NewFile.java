package io.jvirtiofsd.fuse;

/**
 * FUSE_CREATE: {@code struct fuse_create_in}, 16 bytes (fuse.h).
 *
 * @param flags the guest's O_ flags
 * @param mode permission bits, with S_IFREG
 * @param umask what is still to be applied to {@code mode} unless the directory has a default ACL;
 *     on the wire, the caller's umask
 * @param openFlags 1 (OPEN_KILL_SUIDGID) or 0
 */
public record NewFile(
        @Flags(FlagSet.OPEN) int flags,
        @Flags(FlagSet.MODE) int mode,
        @Flags(FlagSet.MODE) int umask,
        @Flags(FlagSet.OPEN_IN) int openFlags) {
    static final int BYTES = 16;

    public static final int OPEN_KILL_SUIDGID = 1; // fuse.h FUSE_OPEN_KILL_SUIDGID

    NewFile with(int umask, boolean killing) {
        return new NewFile(flags, mode, umask, killing ? OPEN_KILL_SUIDGID : 0);
    }

    static NewFile read(WireReader in) {
        return new NewFile(in.u32(), in.u32(), in.u32(), in.u32());
    }
}
