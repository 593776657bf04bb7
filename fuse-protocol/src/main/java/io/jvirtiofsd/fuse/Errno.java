package io.jvirtiofsd.fuse;

import java.lang.reflect.Field;
import java.lang.reflect.Modifier;

/**
 * Error numbers as FUSE replies carry them: Linux's, the same on every architecture in use.
 *
 * <p>Source: asm-generic/errno-base.h and errno.h.
 */
public final class Errno {
    /** Errors in replies lie below this. */
    public static final int LIMIT = 512; // fuse: error is 0 or -511..-1

    // spotless:off
    public static final int EPERM = 1;
    public static final int ENOENT = 2;
    public static final int EINTR = 4;
    public static final int EIO = 5;
    public static final int ENXIO = 6;
    public static final int E2BIG = 7;
    public static final int EBADF = 9;
    public static final int EAGAIN = 11;
    public static final int ENOMEM = 12;
    public static final int EACCES = 13;
    public static final int EFAULT = 14;
    public static final int EBUSY = 16;
    public static final int EEXIST = 17;
    public static final int EXDEV = 18;
    public static final int ENODEV = 19;
    public static final int ENOTDIR = 20;
    public static final int EISDIR = 21;
    public static final int EINVAL = 22;
    public static final int ENFILE = 23;
    public static final int EMFILE = 24;
    public static final int ENOTTY = 25;
    public static final int ETXTBSY = 26;
    public static final int EFBIG = 27;
    public static final int ENOSPC = 28;
    public static final int ESPIPE = 29;
    public static final int EROFS = 30;
    public static final int EMLINK = 31;
    public static final int ERANGE = 34;
    public static final int EDEADLK = 35;
    public static final int ENAMETOOLONG = 36;
    public static final int ENOLCK = 37;
    public static final int ENOSYS = 38;
    public static final int ENOTEMPTY = 39;
    public static final int ELOOP = 40;
    public static final int ENODATA = 61;
    public static final int EPROTO = 71;
    public static final int EOVERFLOW = 75;
    public static final int EILSEQ = 84;
    public static final int EOPNOTSUPP = 95;
    public static final int ENOTCONN = 107;
    public static final int ETIMEDOUT = 110;
    public static final int ESTALE = 116;
    public static final int EDQUOT = 122;
    // spotless:on

    private static final String[] NAMES = names();

    private Errno() {}

    /** The constant's name, or "errno N" for one that has none here. */
    public static String name(int errno) {
        String name = errno >= 0 && errno < LIMIT ? NAMES[errno] : null;
        return name != null ? name : "errno " + errno;
    }

    private static String[] names() {
        String[] names = new String[LIMIT];
        for (Field field : Errno.class.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getName().startsWith("E")) {
                try {
                    names[field.getInt(null)] = field.getName();
                } catch (IllegalAccessException e) {
                    throw new AssertionError(e);
                }
            }
        }
        return names;
    }
}
