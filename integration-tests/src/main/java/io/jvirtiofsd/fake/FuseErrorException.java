package io.jvirtiofsd.fake;

/** The back-end answered a request with an errno. */
public final class FuseErrorException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int errno;

    public FuseErrorException(int errno) {
        super("errno " + errno);
        this.errno = errno;
    }

    /** Positive errno. */
    public int errno() {
        return errno;
    }
}
