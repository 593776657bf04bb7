package io.jvirtiofsd.fuse.server;

/**
 * FUSE_SETXATTR: {@code struct fuse_setxattr_in}, 16 bytes, of which only the first 8 are sent
 * unless SETXATTR_EXT was negotiated (fuse.h); name and value follow.
 */
record SetxattrIn(
        int size, @Flags(FlagSet.XATTR) int flags, @Flags(FlagSet.SETXATTR) int setxattrFlags) {
    static final int BYTES = 16;
    static final int SHORT_BYTES = 8; // fuse.h FUSE_COMPAT_SETXATTR_IN_SIZE

    static final int XATTR_CREATE = 1; // linux/xattr.h
    static final int XATTR_REPLACE = 2; // linux/xattr.h
    static final int SETXATTR_ACL_KILL_SGID = 1; // fuse.h FUSE_SETXATTR_ACL_KILL_SGID

    static SetxattrIn read(WireReader in) {
        int size = in.u32();
        int flags = in.u32();
        int setxattrFlags = in.u32();
        in.skip(4); // padding
        return new SetxattrIn(size, flags, setxattrFlags);
    }
}
