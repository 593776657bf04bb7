package io.jvirtiofsd.dax;

/**
 * Another program has been told that it may cut a file, and may not have done it yet. The file may
 * become longer meanwhile: what would have cut nothing when it was asked for cuts then. How long it
 * may take is not known: the thread may wait for a processor, a lock, or somebody else's guard.
 *
 * <p><i>Immutable.</i>
 *
 * @param call what the program's thread waited in
 * @param proof the call is over once the file is shorter than this; 0 if that proves nothing
 */
record ExpectedCut(BlockedCall call, long proof) {
    /** The same when others may make the file shorter, too. */
    ExpectedCut withoutProof() {
        return new ExpectedCut(call, 0);
    }

    /** Whether it may still come, the file having {@code now} bytes. */
    boolean isPending(long now) {
        return now >= proof && !call.isOver();
    }
}
