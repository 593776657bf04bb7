package io.jvirtiofsd.fuse;

/**
 * The way a {@link FileSystem} refuses a request: an errno for the guest, without stack trace.
 *
 * <p><i>Immutable</i>; one shared instance per errno, so throwing allocates nothing.
 */
public final class ErrnoException extends Exception {
    private static final long serialVersionUID = 1L;
    private static final ErrnoException[] SHARED = new ErrnoException[Errno.LIMIT];

    static {
        for (int errno = 0; errno < SHARED.length; errno++) {
            SHARED[errno] = new ErrnoException(errno);
        }
    }

    private final int errno;

    private ErrnoException(int errno) {
        super(Errno.name(errno), null, false, false);
        this.errno = errno;
    }

    /** The exception for {@code errno}; anything outside 1&hellip;511 becomes EIO. */
    public static ErrnoException of(int errno) {
        return errno > 0 && errno < SHARED.length ? SHARED[errno] : SHARED[Errno.EIO];
    }

    /** A result &ge; 0 as it is; throws for a negated errno, as system calls give on failure. */
    public static int check(int result) throws ErrnoException {
        if (result < 0) {
            throw of(-result);
        }
        return result;
    }

    /** As {@link #check(int)}, for results that may be large. */
    public static long check(long result) throws ErrnoException {
        if (result < 0) {
            throw of((int) -result);
        }
        return result;
    }

    /** Positive errno. */
    public int errno() {
        return errno;
    }
}
