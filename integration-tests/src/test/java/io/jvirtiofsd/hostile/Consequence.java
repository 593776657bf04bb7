package io.jvirtiofsd.hostile;

/**
 * What comes of something hostile, as its peer sees it. <i>Immutable.</i>
 *
 * @param what in words; two consequences with the same words are the same
 */
record Consequence(String what) {
    /** It is done: acknowledged with 0, or answered without an error. */
    static final Consequence SERVED = new Consequence("served");

    /** A message is acknowledged with something else than 0; the session goes on. */
    static final Consequence REFUSED = new Consequence("refused");

    /** The connection is closed; the next front-end is served. */
    static final Consequence SESSION_ENDS = new Consequence("the session ends");

    /** The ring is served no more, its error descriptor is signalled, the status NEEDS_RESET. */
    static final Consequence RING_BREAKS = new Consequence("the ring breaks");

    /** The chain is given back with nothing in it. */
    static final Consequence UNANSWERED = new Consequence("no answer");

    /** The chain is given back, or the ring breaks, but soon. */
    static final Consequence ANYTHING = new Consequence("anything");

    /** Nothing happens: the chain stays in the ring. */
    static final Consequence LEFT_ALONE = new Consequence("left alone");

    /** The rings do not run any more; the session goes on. */
    static final Consequence RINGS_STOP = new Consequence("the rings stop");

    /** The answer is an error. */
    static Consequence errno(int errno) {
        return errno == 0 ? SERVED : new Consequence("errno " + errno);
    }

    /** A message has a reply of its own, with so much payload. */
    static Consequence reply(int bytes) {
        return new Consequence("a reply of " + bytes + " bytes");
    }

    /** Whether the same connection can show that requests are served. */
    boolean leavesRingsRunning() {
        return this != SESSION_ENDS && this != RINGS_STOP;
    }

    @Override
    public String toString() {
        return what;
    }
}
