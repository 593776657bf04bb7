package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.virtio.GuestBuffers;

/**
 * What of a ring's writes to the guest's memory is marked in the front-end's log, while a migration
 * runs; a new one for each change. Used in a bracket of the reclaimer, after what was written.
 *
 * <p><i>Immutable.</i> Source: vhost-user.rst, "Migration".
 *
 * @param log the bitmap, borrowed
 * @param changed signalled after marking, borrowed; null for nobody
 * @param data whether buffers are marked
 * @param usedGpa where the used area is for the guest; {@link #NOT_USED} if it is not marked
 * @param usedBytes its length
 */
record WriteLog(DirtyLog log, EventFd changed, boolean data, long usedGpa, int usedBytes) {
    static final long NOT_USED = -1;

    /** Marks all that a request may have written to, also where it has failed. */
    void markBuffers(GuestBuffers writable) {
        if (data) {
            writable.mark(log);
            signal();
        }
    }

    /** Marks the used area: all of it, which is a page or two. */
    void markUsed() {
        if (usedGpa != NOT_USED) {
            log.mark(usedGpa, usedBytes);
            signal();
        }
    }

    private void signal() {
        if (changed != null) {
            changed.signal();
        }
    }
}
