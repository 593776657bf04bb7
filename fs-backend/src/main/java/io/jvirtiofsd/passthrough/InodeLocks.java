package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The locks on ranges of one file, by owner, and all who wait for any lock on it. Owned by the
 * inode; filled by {@link Locks}.
 *
 * <p>Each owner has an open file description of its own, which the host's kernel takes for the
 * owner. <i>Guarded by its own monitor</i>, except for {@link #close} and {@link #ended}, which
 * take it.
 */
final class InodeLocks {
    /** One owner's description, kept while it may have locks or get some. */
    static final class Owner {
        private final Fd fd;
        private int waiting;
        private boolean locking;

        private Owner(Fd fd) {
            this.fd = fd;
        }

        /** Borrowed, under the monitor. */
        int fd() {
            return fd.number();
        }

        /** Tells that a lock was set, or that none is left. */
        void setLocking(boolean any) {
            locking = any;
        }
    }

    private final Map<Long, Owner> owners = new HashMap<>();
    private final Set<BlockedLock> waits = new HashSet<>();
    private final AtomicInteger total;

    /**
     * @param total counts the owners of all files
     */
    InodeLocks(AtomicInteger total) {
        this.total = total;
    }

    /** The owner with this id, or null. */
    Owner owner(long id) {
        return owners.get(id);
    }

    /** Takes {@code fd}, counted already. */
    Owner add(long id, Fd fd) {
        Owner owner = new Owner(fd);
        owners.put(id, owner);
        return owner;
    }

    /** Lets go of an owner that has nothing, and waits for nothing. */
    void discardIfUnused(long id) {
        Owner owner = owners.get(id);
        if (owner != null && !owner.locking && owner.waiting == 0) {
            owners.remove(id);
            discard(owner);
        }
    }

    private void discard(Owner owner) {
        owner.fd.close();
        total.decrementAndGet();
    }

    /** Notes that {@code wait} is under way; {@code owner} is null if it is for flock(2). */
    void waiting(BlockedLock wait, Owner owner) {
        waits.add(wait);
        if (owner != null) {
            owner.waiting++;
        }
    }

    /** Notes that it is not any more. */
    synchronized void ended(BlockedLock wait, Long id, Owner owner, boolean locked) {
        waits.remove(wait);
        if (owner != null) {
            owner.waiting--;
            owner.locking |= locked;
            if (owners.get(id) == owner) {
                discardIfUnused(id);
            }
        }
    }

    /** Drops all locks and ends all waiting: the guest does not know the file any more. */
    void close() {
        List<BlockedLock> ending;
        synchronized (this) {
            owners.values().forEach(this::discard);
            owners.clear();
            ending = new ArrayList<>(waits);
        }
        ending.forEach(BlockedLock::cancel); // which answers, and must not hold the monitor
    }
}
