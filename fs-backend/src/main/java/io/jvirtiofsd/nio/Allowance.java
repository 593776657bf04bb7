package io.jvirtiofsd.nio;

import java.nio.file.FileSystemException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bytes that what a guest has open may take, of the heap or of the disk. What is taken is given
 * back when it is let go of. <i>Thread-safe.</i>
 */
final class Allowance {
    private final String exhausted;
    private final AtomicLong left;

    private Allowance(long bytes, String exhausted) {
        this.left = new AtomicLong(bytes);
        this.exhausted = exhausted;
    }

    /** An allowance of the heap, beyond which is ENOMEM. */
    static Allowance ofMemory(long bytes) {
        return new Allowance(bytes, "Cannot allocate memory");
    }

    /** An allowance of the disk, beyond which is ENOSPC. */
    static Allowance ofDisk(long bytes) {
        return new Allowance(bytes, "No space left on device");
    }

    /**
     * Takes {@code bytes}, or nothing.
     *
     * @throws FileSystemException if they are not there
     */
    void take(long bytes) throws FileSystemException {
        if (left.addAndGet(-bytes) < 0) {
            left.addAndGet(bytes);
            throw new FileSystemException(null, null, exhausted);
        }
    }

    void give(long bytes) {
        left.addAndGet(bytes);
    }
}
