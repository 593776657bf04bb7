package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.SlotTable;
import io.jvirtiofsd.linux.FileId;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;

/**
 * All inodes the guest knows, by nodeId and by host identity (device, inode number and mount).
 * Owned by the session.
 *
 * <p>Finding takes no lock. Insertion and the removal of a forgotten inode exclude each other, so
 * an object never has two nodeIds at a time. What is forgotten is remembered for a while by its
 * file handle: a guest that exports the share by NFS asks for it by nodeId, and should get the same
 * one when it comes there by name. A reader that meets a table being resized may miss an inode; it
 * then looks again under the lock. <i>Thread-safe.</i>
 */
final class InodeTable {
    private static final int INITIAL_BUCKETS = 1 << 12;

    /** How many are remembered at most; each costs some 200 bytes. */
    private static final int MAX_REMEMBERED = 1 << 16;

    private final SlotTable<Inode> byNodeId;
    private volatile AtomicReferenceArray<Inode> buckets =
            new AtomicReferenceArray<>(INITIAL_BUCKETS);
    private int count;

    /** Inodes that are forgotten but keep their place, first the one forgotten first. */
    private final Set<Inode> remembered = new LinkedHashSet<>();

    /**
     * @param limit most inodes at a time, the remembered ones among them
     * @param mostUses that of the table which this one goes on from, 0 for none
     */
    InodeTable(int limit, int mostUses) {
        this.byNodeId = new SlotTable<>(limit, mostUses);
    }

    /** {@link SlotTable#mostUses} of the nodeIds. */
    int mostUses() {
        return byNodeId.mostUses();
    }

    /**
     * Takes an inode over with the nodeId that another process gave it. {@link #restored} ends
     * that.
     *
     * @return false, and nothing is added, if that cannot be its nodeId
     */
    synchronized boolean restore(long nodeId, Inode inode) {
        if (count >= buckets.length()) {
            grow();
        }
        if (!byNodeId.restore(nodeId, inode)) {
            return false;
        }
        inode.setNodeId(nodeId);
        // Two that were different objects may be one by now: the second is found by nodeId only.
        if (find(inode.device(), inode.ino(), inode.mountId()) == null) {
            add(inode);
        }
        return true;
    }

    /** Ends the taking over. */
    void restored() {
        byNodeId.restored();
    }

    /** Whether the guest can get to know no other object. */
    synchronized boolean isFull() {
        return remembered.isEmpty() && byNodeId.isFull();
    }

    /** The inode with this nodeId, or null if there is none or it has been forgotten. */
    Inode get(long nodeId) {
        Inode inode = byNodeId.get(nodeId);
        return inode == null || inode.isForgotten() ? null : inode;
    }

    /** What is remembered of the inode that had this nodeId and was forgotten, or null. */
    synchronized Inode forgotten(long nodeId) {
        Inode inode = byNodeId.get(nodeId);
        return remembered.contains(inode) ? inode : null;
    }

    /** The inode of this host object, or null; it may have been forgotten. */
    Inode find(long device, long ino, long mountId) {
        AtomicReferenceArray<Inode> table = buckets;
        Inode inode = table.get(bucket(table, device, ino));
        while (inode != null && !inode.isThat(device, ino, mountId)) {
            inode = inode.next();
        }
        return inode;
    }

    /** Whether the guest knows an inode of this file, in whatever mount. */
    synchronized boolean knows(FileId id) {
        AtomicReferenceArray<Inode> table = buckets;
        Inode inode = table.get(bucket(table, id.device(), id.ino()));
        for (; inode != null; inode = inode.next()) {
            boolean same = inode.ino() == id.ino() && inode.device() == id.device();
            if (same && !inode.isForgotten()) {
                return true;
            }
        }
        return false;
    }

    private static int bucket(AtomicReferenceArray<Inode> table, long device, long ino) {
        long mixed = (ino * 0x9E3779B97F4A7C15L) ^ (device * 0xC2B2AE3D27D4EB4FL);
        return (int) (mixed >>> 32) & (table.length() - 1);
    }

    /**
     * Counts one lookup of the object that {@code fresh} stands for: of the inode that is there, or
     * of {@code fresh}, which is then added.
     *
     * @return the inode that was counted; null if the table is full
     */
    synchronized Inode lookupOrAdd(Inode fresh) {
        Inode known = find(fresh.device(), fresh.ino(), fresh.mountId());
        if (known != null && isSame(known, fresh)) {
            if (known.addLookup()) {
                return known;
            }
            // Forgotten, but remembered: the same object gets its nodeId back.
            if (remembered.contains(known)) {
                takeOver(known, fresh);
                return fresh;
            }
        } else if (known != null) {
            disown(known);
        }
        if (count >= buckets.length()) {
            grow(); // first: it may find no memory
        }
        if (byNodeId.isFull() && !remembered.isEmpty()) {
            drop(remembered.iterator().next());
        }
        long nodeId = byNodeId.add(fresh);
        if (nodeId == 0) {
            return null;
        }
        fresh.setNodeId(nodeId);
        add(fresh);
        return fresh;
    }

    /**
     * Whether two of the same inode number are one object, while {@code fresh} is open. The numbers
     * of what is not open are given to others; handles are not.
     */
    private static boolean isSame(Inode known, Inode fresh) {
        return known.path() != null
                || known.type() == fresh.type()
                        && known.mount() == fresh.mount()
                        && known.handle() != null
                        && known.handle().equals(fresh.handle());
    }

    /** Puts {@code fresh} in the place of {@code known}, with its nodeId. */
    private void takeOver(Inode known, Inode fresh) {
        remembered.remove(known);
        unlink(known);
        fresh.setNodeId(known.nodeId());
        byNodeId.replace(known.nodeId(), fresh);
        add(fresh);
    }

    private void add(Inode fresh) {
        count++;
        link(buckets, fresh);
    }

    private static void link(AtomicReferenceArray<Inode> table, Inode inode) {
        int bucket = bucket(table, inode.device(), inode.ino());
        // The rest of the list first: readers take no lock.
        inode.setNext(table.get(bucket));
        table.set(bucket, inode);
    }

    private void grow() {
        AtomicReferenceArray<Inode> old = buckets;
        AtomicReferenceArray<Inode> larger = new AtomicReferenceArray<>(old.length() * 4);
        for (int i = 0; i < old.length(); i++) {
            Inode inode = old.get(i);
            while (inode != null) {
                Inode next = inode.next();
                // Moves the inode away from readers of the old table, who then may miss some: see
                // above.
                link(larger, inode);
                inode = next;
            }
        }
        buckets = larger;
    }

    /**
     * Takes lookups of an inode back. The last 65,536 forgotten that have a file handle are
     * remembered, so that they get their nodeIds back.
     *
     * @return whether none are left: it is there for nobody now
     */
    boolean forget(Inode inode, long lookups) {
        // Mostly some are left, and no lock is needed. A count falls to zero under the lock only.
        if (inode.takeLookupsLeavingSome(lookups)) {
            return false;
        }
        synchronized (this) {
            if (inode.isForgotten()) {
                return false; // by another thread meanwhile
            }
            boolean lasting = inode.handle() != null;
            if (lasting) {
                remembered.add(inode); // first: it may find no memory
            }
            // A lookup of the known inode takes no lock, and may have been counted since.
            if (!inode.takeLookups(lookups)) {
                remembered.remove(inode);
                return false;
            }
            if (!lasting) {
                drop(inode);
            } else if (remembered.size() > MAX_REMEMBERED) {
                drop(remembered.iterator().next());
            }
            return true;
        }
    }

    /** Takes a forgotten inode out for good: its nodeId means nothing any more. */
    private void drop(Inode inode) {
        remembered.remove(inode);
        byNodeId.remove(inode.nodeId());
        unlink(inode);
    }

    /**
     * Stops finding {@code inode} by its host identity, which another object may have got; its
     * nodeId stays until forgotten.
     */
    synchronized void disown(Inode inode) {
        if (remembered.contains(inode)) {
            drop(inode);
        } else {
            unlink(inode);
        }
    }

    private void unlink(Inode inode) {
        AtomicReferenceArray<Inode> table = buckets;
        int bucket = bucket(table, inode.device(), inode.ino());
        Inode before = null;
        for (Inode at = table.get(bucket); at != null; at = at.next()) {
            if (at == inode) {
                count--;
                if (before == null) {
                    table.set(bucket, inode.next());
                } else {
                    before.setNext(inode.next());
                }
                return;
            }
            before = at;
        }
    }

    /** Calls {@code action} with each inode that has a nodeId, forgotten or not. */
    void forEach(Consumer<Inode> action) {
        byNodeId.forEach(action);
    }
}
