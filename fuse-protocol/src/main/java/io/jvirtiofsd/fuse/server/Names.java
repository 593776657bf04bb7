package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;

/**
 * Which names follow an operation's fixed arguments, and how many bytes of them are worth copying:
 * a request with more has a name that is too long.
 */
enum Names {
    NONE(0),
    ONE(Names.NAME_BYTES + 1),
    /** One name, which may also be "." or "..". */
    ONE_OR_DOTS(Names.NAME_BYTES + 1),
    TWO(2 * (Names.NAME_BYTES + 1)),
    NAME_AND_TARGET(Names.NAME_BYTES + 1 + Names.TARGET_BYTES + 1),
    /** A name that is there but is not used. */
    UNUSED(Names.NAME_BYTES + 1),
    /** The name of an extended attribute: no path component. */
    XATTR(Names.NAME_BYTES + 1, Errno.ERANGE),
    /** The name of an extended attribute, and its value after it: any bytes. */
    XATTR_AND_VALUE(Names.NAME_BYTES + 1 + XattrRequests.MAX_BYTES, Errno.E2BIG);

    static final int NAME_BYTES = 255; // linux/limits.h NAME_MAX
    static final int TARGET_BYTES = 4095; // linux/limits.h PATH_MAX, without the NUL

    private final int maxBytes;
    private final int tooLong;

    Names(int maxBytes) {
        this(maxBytes, Errno.ENAMETOOLONG);
    }

    Names(int maxBytes, int tooLong) {
        this.maxBytes = maxBytes;
        this.tooLong = tooLong;
    }

    /** The errno for more bytes than {@link #maxBytes}. */
    int tooLong() {
        return tooLong;
    }

    /** The names at their longest, with their NULs. */
    int maxBytes() {
        return maxBytes;
    }

    /** Takes this many names from {@code in}, checked, into {@code first} and {@code second}. */
    void read(WireReader in, Name first, Name second) throws ErrnoException {
        if (this == NONE) {
            return;
        }
        if (in.remaining() > maxBytes) {
            throw ErrnoException.of(tooLong);
        }
        terminated(in, first);
        if (this == UNUSED) {
            return;
        }
        if (this == XATTR || this == XATTR_AND_VALUE) {
            if (first.length() == 0 || first.length() > NAME_BYTES) {
                throw ErrnoException.of(Errno.ERANGE); // setxattr(2)
            }
            return;
        }
        checkComponent(first);
        if (this != ONE_OR_DOTS) {
            refuseDots(first);
        }
        if (this == TWO || this == NAME_AND_TARGET) {
            terminated(in, second);
        }
        if (this == TWO) {
            checkComponent(second);
            refuseDots(second);
        } else if (this == NAME_AND_TARGET) {
            checkLength(second, TARGET_BYTES);
        }
    }

    private static void terminated(WireReader in, Name name) throws ErrnoException {
        if (!in.string(name)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void checkComponent(Name name) throws ErrnoException {
        checkLength(name, NAME_BYTES);
        byte[] bytes = name.array();
        int from = name.offset();
        int length = name.length();
        for (int i = from; i < from + length; i++) {
            if (bytes[i] == '/') {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }
    }

    private static void refuseDots(Name name) throws ErrnoException {
        if (name.isDots()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static void checkLength(Name name, int max) throws ErrnoException {
        if (name.length() == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (name.length() > max) {
            throw ErrnoException.of(Errno.ENAMETOOLONG);
        }
    }
}
