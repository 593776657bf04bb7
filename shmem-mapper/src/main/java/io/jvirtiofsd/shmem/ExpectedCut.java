package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.BlockedCall;

/**
 * Another program has been told that it may cut a file, and may not have done it yet. The file may
 * become longer meanwhile: what would have cut nothing when it was asked for cuts then.
 *
 * <p><i>Immutable.</i>
 *
 * @param call what the program's thread waited in
 * @param proof the call is over once the file is shorter than this; 0 if that proves nothing
 * @param since {@link System#nanoTime} when the program was told
 */
record ExpectedCut(BlockedCall call, long proof, long since) {
    /** A thread that has its answer goes on at once, unless the machine is overloaded. */
    private static final long LIMIT_NANOS = 10_000_000_000L;

    /** The same when others may make the file shorter, too. */
    ExpectedCut withoutProof() {
        return new ExpectedCut(call, 0, since);
    }

    /** Bytes from the file's start that it spares. */
    long size() {
        return call.keeps();
    }

    /** Whether it may still come, the file having {@code now} bytes. */
    boolean isPending(long now) {
        return now >= proof && System.nanoTime() - since < LIMIT_NANOS && !call.isOver();
    }
}
