package io.jvirtiofsd.fuse;

import java.util.function.IntConsumer;

/**
 * A lock that others have and that is to be waited for, without keeping the thread that serves the
 * request. Given by {@link LockOperations#setlkw} to the server, which starts it.
 *
 * <p><i>Thread-safe.</i>
 */
public interface LockWait {
    /**
     * Begins to wait. {@code done} is called exactly once, on any thread, perhaps this one: with 0
     * when the lock is had, or with an errno.
     */
    void start(IntConsumer done);

    /** Gives up: {@code done} has been called, or is being called by another thread. */
    void cancel();
}
