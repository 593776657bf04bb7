package io.jvirtiofsd.vhost;

/**
 * A message that is refused: a non-zero acknowledgement if one is wanted, else the session's end.
 */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    Refusal(String message) {
        super(message);
    }

    Refusal(String message, Throwable cause) {
        super(message, cause);
    }
}
