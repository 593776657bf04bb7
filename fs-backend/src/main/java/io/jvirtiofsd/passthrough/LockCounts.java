package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.util.concurrent.atomic.AtomicInteger;

/** How many owners of locks, and locked ranges, a session has in all files. <i>Thread-safe.</i> */
final class LockCounts {
    /** Most owners of locks on ranges in a session, a descriptor each. */
    static final int MAX_OWNERS = 16_384;

    /** Most locked ranges in a session: 192 bytes each of the host's kernel. */
    static final int MAX_RANGES = 65_536;

    private final AtomicInteger owners = new AtomicInteger();
    private final AtomicInteger ranges = new AtomicInteger();

    /**
     * Counts one more owner.
     *
     * @throws ErrnoException ENOLCK if there would be too many
     */
    void addOwner() throws ErrnoException {
        add(owners, 1, MAX_OWNERS);
    }

    /** Whether anybody has locked a range, or waits for one. */
    boolean isAnyOwner() {
        return owners.get() > 0;
    }

    void removeOwner() {
        owners.decrementAndGet();
    }

    /**
     * Counts {@code count} more ranges.
     *
     * @throws ErrnoException ENOLCK if there would be too many
     */
    void addRanges(int count) throws ErrnoException {
        add(ranges, count, MAX_RANGES);
    }

    void removeRanges(int count) {
        ranges.addAndGet(-count);
    }

    private static void add(AtomicInteger counter, int count, int most) throws ErrnoException {
        if (counter.addAndGet(count) > most && count > 0) {
            counter.addAndGet(-count);
            throw ErrnoException.of(Errno.ENOLCK);
        }
    }
}
