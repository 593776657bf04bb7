package io.jvirtiofsd.fuse.server;

/** How long the guest may trust an answer: nanoseconds here, seconds and the rest on the wire. */
final class Timeout {
    private static final long NANOS_PER_SECOND = 1_000_000_000;

    private Timeout() {}

    /** Whole seconds; a negative timeout counts as none. */
    static long seconds(long nanos) {
        return Math.max(nanos, 0) / NANOS_PER_SECOND;
    }

    /** What {@link #seconds} leaves. */
    static int nanos(long nanos) {
        return (int) (Math.max(nanos, 0) % NANOS_PER_SECOND);
    }
}
