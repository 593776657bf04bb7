package io.jvirtiofsd.virtio;

/** The driver broke a rule of its ring; the ring cannot be trusted any more. */
public final class RingException extends Exception {
    private static final long serialVersionUID = 1L;

    public RingException(String message) {
        super(message);
    }
}
