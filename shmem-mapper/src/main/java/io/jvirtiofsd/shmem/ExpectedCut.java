package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.BlockedCall;

/**
 * Another program has been told that it may cut a file, and may not have done it yet.
 *
 * <p><i>Immutable.</i>
 *
 * @param size the file's size to be
 * @param sizeBefore its size when the program was told
 * @param call what the program's thread waited in
 * @param since {@link System#nanoTime} then
 */
record ExpectedCut(long size, long sizeBefore, BlockedCall call, long since) {
    private static final long LIMIT_NANOS = 1_000_000_000;

    /**
     * Whether it may still come.
     *
     * @param now the file's size
     * @param alone whether no other cut is expected: then a smaller size is this one's work
     */
    boolean isPending(long now, boolean alone) {
        return now > size
                && !(alone && now < sizeBefore)
                && System.nanoTime() - since < LIMIT_NANOS
                && !call.isOver();
    }
}
