package io.jvirtiofsd.bench;

/**
 * What one process of the guest does over and over: an operation of one or several requests, each
 * after the answer to the one before. It checks what comes back. <i>Confined to the thread of its
 * {@link Lane}.</i>
 */
abstract class Chain {
    /** The first request of an operation. */
    abstract Call begin();

    /**
     * The request after {@code answered}; null if the operation is at its end. Many are of one
     * request only.
     *
     * @throws IllegalStateException if the answer is not what it must be
     */
    Call next(Call answered) {
        return null;
    }

    /** How many requests an operation has; known after the first. */
    int requests() {
        return 1;
    }

    /** Looks, after the measuring, at what is in the share now. */
    void finish() throws java.io.IOException {}

    static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(otherwise);
        }
    }
}
