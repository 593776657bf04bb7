package io.jvirtiofsd.vhost;

/**
 * A message that is refused: a non-zero acknowledgement if one is wanted, else the session's end.
 */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1L;

    private final boolean expected;

    Refusal(String message) {
        this(message, null, false);
    }

    Refusal(String message, Throwable cause) {
        this(message, cause, false);
    }

    private Refusal(String message, Throwable cause, boolean expected) {
        super(message, cause);
        this.expected = expected;
    }

    /** A refusal that the front-end expects: it is not logged and never ends the session. */
    static Refusal expected(String message) {
        return new Refusal(message, null, true);
    }

    boolean isExpected() {
        return expected;
    }
}
