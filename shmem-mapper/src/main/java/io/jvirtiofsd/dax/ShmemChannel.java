package io.jvirtiofsd.dax;

/**
 * Asks the front-end to place file pages in the guest's shared memory region and to take them out
 * again. Implemented by the transport; used by {@link DaxWindow} one request at a time, on whatever
 * thread. <i>Thread-safe.</i>
 *
 * <p>Source: vhost-user.rst, VHOST_USER_BACKEND_SHMEM_MAP and SHMEM_UNMAP.
 */
public interface ShmemChannel {
    /** What has become of a request. */
    enum Outcome {
        /** The front-end has done it. */
        DONE,
        /** The front-end has refused it, and nothing has changed. */
        REFUSED,
        /** It was not sent: the device does not run, or the front-end is gone. */
        NOT_SENT,
        /** It was sent, but nobody waits for the answer any more: it may or may not be done. */
        UNKNOWN
    }

    /**
     * Maps {@code length} bytes at {@code fileOffset} of an open file, read-write, to {@code
     * windowOffset}, which must be free.
     *
     * @param fd a descriptor open for reading and writing, borrowed for the call
     */
    Outcome map(int fd, long fileOffset, long windowOffset, long length);

    /** Unmaps exactly what one {@link #map} mapped. */
    Outcome unmap(long windowOffset, long length);

    /** The process that maps: its number here, or 0 if that is not known. */
    int process();
}
