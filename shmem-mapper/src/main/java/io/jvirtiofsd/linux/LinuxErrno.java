package io.jvirtiofsd.linux;

/**
 * Error numbers that this side of the project decides on. Source: asm-generic/errno-base.h,
 * errno.h.
 */
public final class LinuxErrno {
    // spotless:off
    public static final int EPERM      = 1;
    public static final int ENOENT     = 2;
    public static final int ESRCH      = 3;
    public static final int EINTR      = 4;
    public static final int EIO        = 5;
    public static final int EBADF      = 9;
    public static final int EAGAIN     = 11;
    public static final int ENOMEM     = 12;
    public static final int EACCES     = 13;
    public static final int EFAULT     = 14;
    public static final int EEXIST     = 17;
    public static final int ENODEV     = 19;
    public static final int ENOTDIR    = 20;
    public static final int EISDIR     = 21;
    public static final int EINVAL     = 22;
    public static final int ENFILE     = 23;
    public static final int EMFILE     = 24;
    public static final int ETXTBSY    = 26;
    public static final int ENOSPC     = 28;
    public static final int EROFS      = 30;
    public static final int EPIPE      = 32;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOSYS     = 38;
    public static final int ELOOP      = 40;
    public static final int EOPNOTSUPP = 95;
    public static final int ECONNABORTED = 103;
    public static final int ECONNRESET = 104;
    public static final int ENOBUFS    = 105;
    public static final int ETOOMANYREFS = 109;
    public static final int ECONNREFUSED = 111;
    public static final int ESTALE     = 116;
    // spotless:on

    private LinuxErrno() {}

    /** Words for a positive errno, for messages to people. */
    public static String describe(int errno) {
        return switch (errno) {
            case EPERM -> "operation not permitted";
            case ENOENT -> "no such file or directory";
            case EIO -> "input/output error";
            case EBADF -> "bad file descriptor";
            case EAGAIN -> "resource temporarily unavailable";
            case ENOMEM -> "out of memory";
            case EACCES -> "permission denied";
            case EEXIST -> "file exists";
            case ENODEV -> "not supported by the device";
            case ETXTBSY -> "it is being executed";
            case EROFS -> "read-only file system";
            case ENOTDIR -> "not a directory";
            case EISDIR -> "is a directory";
            case EINVAL -> "invalid argument";
            case ENFILE -> "too many open files in the system";
            case EMFILE -> "too many open files";
            case ENOSPC -> "no space left on device";
            case EPIPE -> "broken pipe";
            case ENAMETOOLONG -> "name too long";
            case ELOOP -> "too many levels of symbolic links";
            case EOPNOTSUPP -> "operation not supported";
            case ECONNRESET -> "connection reset by peer";
            case ENOBUFS -> "no buffer space available";
            case ETOOMANYREFS -> "too many references";
            default -> "error " + errno;
        };
    }
}
