package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.ErrnoException;

/** Turns results of system calls, which are negated errnos on failure, into exceptions. */
final class Failures {
    private Failures() {}

    static int check(int result) throws ErrnoException {
        if (result < 0) {
            throw ErrnoException.of(-result);
        }
        return result;
    }

    static long check(long result) throws ErrnoException {
        if (result < 0) {
            throw ErrnoException.of((int) -result);
        }
        return result;
    }
}
