package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.virtio.GuestBuffers;
import io.jvirtiofsd.virtio.Ring;

/**
 * What of a ring's writes to the guest's memory is marked in the front-end's log, while a migration
 * runs; a new one for each change. Used in a bracket of the reclaimer, after what was written.
 *
 * <p><i>Immutable.</i> Source: vhost-user.rst, "Migration".
 *
 * @param log the bitmap, borrowed
 * @param changed signalled after marking, borrowed; null for nobody
 * @param data whether buffers are marked
 * @param usedGpa where the used area is for the guest; {@link #NOT_USED} if what the device writes
 *     to the ring itself is not marked
 */
record WriteLog(DirtyLog log, EventFd changed, boolean data, long usedGpa) {
    static final long NOT_USED = -1;

    /** Marks all that a request may have written to, also where it has failed. */
    void markBuffers(GuestBuffers writable) {
        if (data) {
            writable.mark(log);
            signal();
        }
    }

    /** Marks all that the device writes to of {@code ring}: some pages. */
    void markUsed(Ring ring) {
        if (usedGpa != NOT_USED) {
            ring.markUsed(log, usedGpa);
            signal();
        }
    }

    private void signal() {
        if (changed != null) {
            changed.signal();
        }
    }
}
