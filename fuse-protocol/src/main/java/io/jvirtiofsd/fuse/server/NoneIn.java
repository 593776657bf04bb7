package io.jvirtiofsd.fuse.server;

/** The argument structure of operations that have none. */
record NoneIn() {
    static final int BYTES = 0;

    private static final NoneIn NONE = new NoneIn();

    static NoneIn read(WireReader in) {
        return NONE;
    }
}
