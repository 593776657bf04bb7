package io.jvirtiofsd.linux;

import java.io.IOException;

/** A system call of the control plane failed; the message is a sentence for people. */
public final class LinuxException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    /** {@code what} was tried and failed with {@code errno} &gt; 0. */
    public LinuxException(String what, int errno) {
        super(what + ": " + LinuxErrno.describe(errno));
        this.errno = errno;
    }

    /** Positive errno. */
    public int errno() {
        return errno;
    }

    /** Passes a result &ge; 0 through and throws for a negated errno. */
    public static int check(int result, String what) throws LinuxException {
        if (result < 0) {
            throw new LinuxException(what, -result);
        }
        return result;
    }

    /** Passes a result through and throws for a negated errno. */
    public static long check(long result, String what) throws LinuxException {
        if (result < 0 && result > -4096) {
            throw new LinuxException(what, (int) -result);
        }
        return result;
    }
}
