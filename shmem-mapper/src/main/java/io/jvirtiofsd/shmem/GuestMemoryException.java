package io.jvirtiofsd.shmem;

/** The front-end announced memory that cannot be right; the message says why, for people. */
public final class GuestMemoryException extends Exception {
    private static final long serialVersionUID = 1L;

    GuestMemoryException(String message) {
        super(message);
    }

    GuestMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}
