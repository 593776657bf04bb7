package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.linux.Fd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The locks on ranges of one file, by owner, and all who wait for any lock on it. Owned by the
 * inode; filled by {@link HostLocks}.
 *
 * <p>Each owner has an open file description of its own, which the host's kernel takes for the
 * owner. <i>Guarded by its own monitor</i>, except for {@link #close} and {@link #ended}, which
 * take it.
 */
final class InodeLocks {
    /** One owner's description, kept while it may have locks or get some. */
    static final class Owner {
        private final Fd fd;
        private final LockedRanges ranges = new LockedRanges();
        private int waiting;

        private Owner(Fd fd) {
            this.fd = fd;
        }

        /** Borrowed, under the monitor. */
        int fd() {
            return fd.number();
        }
    }

    private final Map<Long, Owner> owners = new HashMap<>();
    private final Set<BlockedLock> waits = new HashSet<>();
    private final LockCounts counts;

    /**
     * @param counts of all files together
     */
    InodeLocks(LockCounts counts) {
        this.counts = counts;
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

    /** A call of the kernel; 0 or a negated errno. */
    @FunctionalInterface
    interface Call {
        int run();
    }

    /**
     * Sets or drops {@code owner}'s lock by {@code call}, and counts what that adds.
     *
     * @return the call's result
     * @throws ErrnoException ENOLCK if there would be too many ranges
     */
    int set(Owner owner, LockRequest in, Call call) throws ErrnoException {
        // Counted as the most it may add before the call: afterwards there is no refusing.
        int most = owner.ranges.most(in.start(), in.end(), in.type());
        counts.addRanges(most);
        int result = call.run();
        int before = owner.ranges.size();
        if (result >= 0) {
            owner.ranges.set(in.start(), in.end(), in.type());
        }
        counts.removeRanges(most - (owner.ranges.size() - before));
        return result;
    }

    /** Lets go of the owner with this id if it has no lock and waits for none. */
    void discardIfUnused(long id) {
        Owner owner = owners.get(id);
        if (owner != null && owner.ranges.size() == 0 && owner.waiting == 0) {
            owners.remove(id);
            discard(owner);
        }
    }

    private void discard(Owner owner) {
        owner.fd.close();
        counts.removeRanges(owner.ranges.size());
        counts.removeOwner();
    }

    /** Notes that {@code wait}, for flock(2), is under way. */
    void waiting(BlockedLock wait) {
        waits.add(wait);
    }

    /**
     * Notes that {@code wait}, for a range of {@code owner}, is under way. The ranges that it may
     * add have been counted.
     */
    void waiting(BlockedLock wait, Owner owner) {
        waits.add(wait);
        owner.waiting++;
    }

    /** Notes that {@code wait}, for flock(2), has ended. */
    synchronized void ended(BlockedLock wait) {
        waits.remove(wait);
    }

    /**
     * Notes that {@code wait}, for a range, has ended.
     *
     * @param locked whether {@code owner} has got the range
     */
    synchronized void ended(BlockedLock wait, LockRequest in, Owner owner, boolean locked) {
        waits.remove(wait);
        counts.removeRanges(LockedRanges.MOST_ADDED);
        owner.waiting--;
        if (owners.get(in.owner()) != owner) {
            return; // it was let go of, and its locks with it
        }
        int before = owner.ranges.size();
        if (locked) {
            owner.ranges.set(in.start(), in.end(), in.type());
        }
        counts.removeRanges(before - owner.ranges.size());
        discardIfUnused(in.owner());
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
