package io.jvirtiofsd.linux;

/** Constants of open(2), fcntl(2) and the *at(2) calls. Source: asm-generic/fcntl.h, fcntl.h. */
public final class Fcntl {
    // spotless:off
    public static final int O_RDONLY    = 0;
    public static final int O_WRONLY    = 1;
    public static final int O_RDWR      = 2;
    public static final int O_ACCMODE   = 3;
    public static final int O_CREAT     = 0x40;
    public static final int O_EXCL      = 0x80;
    public static final int O_NOCTTY    = 0x100;
    public static final int O_TRUNC     = 0x200;
    public static final int O_APPEND    = 0x400;
    public static final int O_NONBLOCK  = 0x800;
    public static final int O_DSYNC     = 0x1000;
    public static final int O_SYNC      = 0x101000;
    public static final int O_NOATIME   = 0x40000;
    public static final int O_CLOEXEC   = 0x80000;
    public static final int O_PATH      = 0x200000;
    // These differ between x86-64 and aarch64.
    public static final int O_DIRECTORY = Architecture.IS_AARCH64 ? 0x4000  : 0x10000;
    public static final int O_NOFOLLOW  = Architecture.IS_AARCH64 ? 0x8000  : 0x20000;
    public static final int O_DIRECT    = Architecture.IS_AARCH64 ? 0x10000 : 0x4000;
    public static final int O_LARGEFILE = Architecture.IS_AARCH64 ? 0x20000 : 0x8000;

    public static final int O_TMPFILE   = 0x400000 | O_DIRECTORY;

    public static final int AT_FDCWD            = -100;
    public static final int AT_SYMLINK_NOFOLLOW = 0x100;
    public static final int AT_EACCESS          = 0x200;
    public static final int AT_REMOVEDIR        = 0x200;
    public static final int AT_SYMLINK_FOLLOW   = 0x400;
    public static final int AT_NO_AUTOMOUNT     = 0x800;
    public static final int AT_EMPTY_PATH       = 0x1000;
    public static final int AT_STATX_FORCE_SYNC = 0x2000;

    public static final int RESOLVE_NO_MAGICLINKS = 2; // linux/openat2.h
    public static final int RESOLVE_NO_SYMLINKS   = 4; // linux/openat2.h
    public static final int RESOLVE_BENEATH       = 8; // linux/openat2.h

    public static final int F_GETFL         = 3;
    public static final int F_SETFL         = 4;
    public static final int F_OFD_GETLK     = 36;
    public static final int F_OFD_SETLK     = 37;
    public static final int F_OFD_SETLKW    = 38;
    public static final int F_RDLCK         = 0;
    public static final int F_WRLCK         = 1;
    public static final int F_UNLCK         = 2;
    public static final int LOCK_SH         = 1;
    public static final int LOCK_EX         = 2;
    public static final int LOCK_NB         = 4;
    public static final int LOCK_UN         = 8;
    public static final int F_DUPFD_CLOEXEC = 0x406;
    public static final int F_ADD_SEALS     = 0x409;
    public static final int F_GET_SEALS     = 0x40a;
    public static final int F_SEAL_SEAL     = 1;
    public static final int F_SEAL_SHRINK   = 2;
    public static final int F_SEAL_GROW     = 4;

    public static final int RWF_DSYNC = 2; // linux/fs.h
    public static final int RWF_SYNC  = 4; // linux/fs.h
    public static final int RWF_APPEND = 16; // linux/fs.h
    // spotless:on

    private Fcntl() {}
}
