package io.jvirtiofsd.dax;

/**
 * What becomes of another program of the host that is about to make a mapped file shorter: a page
 * that vanishes under the guest's access ends the front-end (SIGBUS).
 */
public enum GuardMode {
    /** Nothing: it goes on at once, and what it cut off leaves the window afterwards. */
    OFF,

    /**
     * It waits until what it cuts off has left the window. Bytes that stay, but are mapped by the
     * same piece, are zeros to the guest for some milliseconds: no message replaces a piece. It is
     * refused after 5 s, and at once if the front-end is not known to have let go.
     */
    WAIT,

    /** Like {@link #WAIT}, but refused with ETXTBSY if bytes would stay whose piece has to go. */
    REFUSE,

    /** {@link #REFUSE} as far as the host lets us. */
    AUTO
}
