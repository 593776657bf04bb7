package io.jvirtiofsd.vhost;

/** The front-end broke the protocol in a way that ends the session. */
final class SessionException extends Exception {
    private static final long serialVersionUID = 1L;

    SessionException(String message) {
        super(message);
    }
}
