package io.jvirtiofsd.fuse.server;

/** FUSE_INTERRUPT: {@code struct fuse_interrupt_in}, 8 bytes (fuse.h). */
record InterruptIn(long unique) {
    static final int BYTES = 8;

    static InterruptIn read(WireReader in) {
        return new InterruptIn(in.u64());
    }
}
