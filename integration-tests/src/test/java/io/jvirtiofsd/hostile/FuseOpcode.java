package io.jvirtiofsd.hostile;

/** The requests of fuse.h, with the bytes of their fixed arguments and of the largest answer. */
enum FuseOpcode {
    // spotless:off
    LOOKUP(1, 0, 128), FORGET(2, 8, 0), GETATTR(3, 16, 104), SETATTR(4, 88, 104),
    READLINK(5, 0, 4096), SYMLINK(6, 0, 128), MKNOD(8, 16, 128), MKDIR(9, 8, 128),
    UNLINK(10, 0, 0), RMDIR(11, 0, 0), RENAME(12, 8, 0), LINK(13, 8, 128),
    OPEN(14, 8, 16), READ(15, 40, 4096), WRITE(16, 40, 8), STATFS(17, 0, 80),
    RELEASE(18, 24, 0), FSYNC(20, 16, 0), SETXATTR(21, 16, 0), GETXATTR(22, 8, 4096),
    LISTXATTR(23, 8, 4096), REMOVEXATTR(24, 0, 0), FLUSH(25, 24, 0), INIT(26, 16, 64),
    OPENDIR(27, 8, 16), READDIR(28, 40, 4096), RELEASEDIR(29, 24, 0), FSYNCDIR(30, 16, 0),
    GETLK(31, 48, 24), SETLK(32, 48, 0), SETLKW(33, 48, 0), ACCESS(34, 8, 0),
    CREATE(35, 16, 144), INTERRUPT(36, 8, 0), BMAP(37, 16, 8), DESTROY(38, 0, 0),
    IOCTL(39, 32, 80), POLL(40, 24, 8), NOTIFY_REPLY(41, 0, 0), BATCH_FORGET(42, 8, 0),
    FALLOCATE(43, 32, 0), READDIRPLUS(44, 40, 4096), RENAME2(45, 16, 0), LSEEK(46, 24, 8),
    COPY_FILE_RANGE(47, 56, 8), SETUPMAPPING(48, 40, 0), REMOVEMAPPING(49, 4, 0),
    SYNCFS(50, 8, 0), TMPFILE(51, 16, 144), STATX(52, 24, 288), COPY_FILE_RANGE_64(53, 56, 8);
    // spotless:on

    final int code;
    final int arguments;
    final int answer;

    FuseOpcode(int code, int arguments, int answer) {
        this.code = code;
        this.arguments = arguments;
        this.answer = answer;
    }
}
