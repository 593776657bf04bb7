package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.Statx;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.concurrent.atomic.AtomicLongFieldUpdater;
import java.util.concurrent.atomic.AtomicReferenceFieldUpdater;

/**
 * A host object that the guest knows by nodeId, and how often it has looked it up. Owned by the
 * inode table.
 *
 * <p>Either {@code path} (an O_PATH descriptor) or {@code handle} is there, so that the object can
 * be reached; while the descriptor is open, no other object can get its inode number.
 *
 * <p><i>Thread-safe.</i>
 */
final class Inode {
    private static final long ROOT_LOOKUPS = Long.MAX_VALUE / 2;
    // Not objects of their own: a guest may know millions of inodes.
    private static final AtomicLongFieldUpdater<Inode> LOOKUPS =
            AtomicLongFieldUpdater.newUpdater(Inode.class, "lookups");
    private static final AtomicReferenceFieldUpdater<Inode, Fd> PATH =
            AtomicReferenceFieldUpdater.newUpdater(Inode.class, Fd.class, "path");
    private static final AtomicReferenceFieldUpdater<Inode, Opens> MADE_OPENS =
            AtomicReferenceFieldUpdater.newUpdater(Inode.class, Opens.class, "opens");

    /** How often the guest has a file open, and one descriptor of it. <i>Thread-safe.</i> */
    private static final class Opens {
        private static final AtomicIntegerFieldUpdater<Opens> COUNT =
                AtomicIntegerFieldUpdater.newUpdater(Opens.class, "count");
        private static final AtomicReferenceFieldUpdater<Opens, Fd> ANY =
                AtomicReferenceFieldUpdater.newUpdater(Opens.class, Fd.class, "any");

        private volatile int count;
        private volatile Fd any; // null also where others than the first are still open

        void add(Fd fd) {
            COUNT.incrementAndGet(this);
            ANY.compareAndSet(this, null, fd);
        }

        void remove(Fd fd) {
            ANY.compareAndSet(this, fd, null);
            COUNT.decrementAndGet(this);
        }
    }

    private final long device;
    private final long ino;
    private FileId id; // made when somebody asks
    private final Mount mount;
    private final long mountId; // the mount's: a lookup compares it
    private final int type;
    private volatile long lookups = 1;
    private volatile Fd path;
    private volatile FileHandle handle;
    private volatile InodeLocks locks;
    private volatile Inode next;
    private volatile boolean used;
    private volatile boolean nameless;
    private volatile boolean writtenLate;
    private volatile Opens opens; // null until the guest opens it
    private boolean marked;
    private long birth; // 0 as long as it is not known
    private long nodeId;

    /**
     * Takes {@code path}; begins with one lookup.
     *
     * @param mount the mount through which the guest has got here
     */
    Inode(long device, long ino, Mount mount, int type, Fd path) {
        this.device = device;
        this.ino = ino;
        this.mount = mount;
        this.mountId = mount.id();
        this.type = type;
        this.path = path;
    }

    /** Set once, before any other thread can find the inode. */
    void setNodeId(long nodeId) {
        this.nodeId = nodeId;
    }

    long nodeId() {
        return nodeId;
    }

    /** The object's identity on the host, whatever mount leads to it. */
    FileId id() {
        FileId known = id;
        if (known == null) {
            known = new FileId(device, ino);
            id = known;
        }
        return known;
    }

    /** Whether it stands for the object that statx(2) says this of. */
    boolean isThat(long device, long ino, long mountId) {
        return this.ino == ino && this.device == device && this.mountId == mountId;
    }

    long device() {
        return device;
    }

    long ino() {
        return ino;
    }

    Mount mount() {
        return mount;
    }

    /** The mount's id; 0 if the host's kernel does not tell. */
    long mountId() {
        return mountId;
    }

    /** S_IFMT bits. */
    int type() {
        return type;
    }

    boolean isDirectory() {
        return type == Statx.S_IFDIR;
    }

    boolean isRegular() {
        return type == Statx.S_IFREG;
    }

    boolean isSymlink() {
        return type == Statx.S_IFLNK;
    }

    /** Set before any other thread can find the inode: whether the guest is to map it. */
    void mark(boolean daxWanted) {
        marked = daxWanted;
    }

    /** Whether the guest is told to map it in the DAX window; the same for the inode's life. */
    boolean isMarked() {
        return marked;
    }

    /** Notes when the object was made; nothing that gets its inode number later has this birth. */
    void setBirth(long birth) {
        this.birth = birth; // the same whoever finds it out
    }

    /** Whether {@code birth}, or 0 for not known, is what was noted. */
    boolean wasBorn(long birth) {
        return birth != 0 && this.birth == birth;
    }

    /** The locks on it, or null if the guest never asked for one. */
    InodeLocks locks() {
        return locks;
    }

    /**
     * The locks on it, which are made if there are none.
     *
     * @param counts of all inodes together
     */
    synchronized InodeLocks locks(LockCounts counts) {
        if (locks == null) {
            locks = new InodeLocks(counts);
        }
        return locks;
    }

    /** Drops all locks; to be called when it has been forgotten. */
    void closeLocks() {
        InodeLocks present = locks;
        if (present != null) {
            present.close();
        }
    }

    /** Notes that its descriptor is of use; writes only what changes. */
    void use() {
        if (!used) {
            used = true;
        }
    }

    /** Whether {@link #use} was called since this was asked before. */
    boolean wasUsed() {
        boolean was = used;
        used = false;
        return was;
    }

    /** Notes that the guest has opened the file as {@code fd}, which nobody has closed yet. */
    void opened(Fd fd) {
        if (opens == null) {
            MADE_OPENS.compareAndSet(this, null, new Opens());
        }
        opens.add(fd);
    }

    /** Notes that the guest has closed {@code fd}, which is retired afterwards. */
    void closed(Fd fd) {
        opens.remove(fd);
    }

    /**
     * A descriptor by which the guest has the file open, for calls that take no O_PATH descriptor;
     * borrowed for the request.
     *
     * @return null if there is none, or none is known
     */
    Fd data() {
        Opens known = opens;
        return known == null ? null : known.any;
    }

    /**
     * Notes that there is nothing to be learnt from its having no name: the guest has removed it,
     * or its file system does not count names.
     */
    void allowNameless() {
        nameless = true;
    }

    /** Whether the guest has removed it, or its file system does not count names. */
    boolean isRemoved() {
        return nameless;
    }

    /** Whether the guest goes on using it without a name. */
    boolean mayBeNameless() {
        Opens known = opens;
        return nameless || known != null && known.count > 0 || isPinned();
    }

    /**
     * Notes that the guest writes back what it has cached: by any handle, whichever of them it was
     * stored through.
     */
    void writeLate() {
        if (!writtenLate) {
            writtenLate = true;
        }
    }

    /** Whether some of the file was ever written back from the guest's cache. */
    boolean isWrittenLate() {
        return writtenLate;
    }

    /** The next inode in the same bucket. */
    Inode next() {
        return next;
    }

    void setNext(Inode next) {
        this.next = next;
    }

    /** The O_PATH descriptor, or null while only {@link #handle} is there. */
    Fd path() {
        return path;
    }

    /** Puts a reopened descriptor in place; false if another thread was faster. */
    boolean offerPath(Fd fd) {
        return PATH.compareAndSet(this, null, fd);
    }

    /** Gives the descriptor away; null if there is none. */
    Fd takePath() {
        return PATH.getAndSet(this, null);
    }

    FileHandle handle() {
        return handle;
    }

    /** Sets the file handle, by which the object is opened when the descriptor is closed. */
    void setHandle(FileHandle handle) {
        this.handle = handle;
    }

    /** Never forgotten. */
    void pin() {
        lookups = ROOT_LOOKUPS;
    }

    /** Whether it is never forgotten: the shared directory itself. */
    boolean isPinned() {
        return lookups >= ROOT_LOOKUPS / 2;
    }

    long lookups() {
        return lookups;
    }

    /** Set before any other thread can find the inode: those counted in another process. */
    void setLookups(long lookups) {
        this.lookups = lookups;
    }

    boolean isForgotten() {
        return lookups == 0;
    }

    /** Counts one lookup, unless the inode has been forgotten: a count never rises from zero. */
    boolean addLookup() {
        long count = lookups;
        while (count > 0) {
            if (LOOKUPS.compareAndSet(this, count, count + 1)) {
                return true;
            }
            count = lookups;
        }
        return false;
    }

    /** Takes lookups back if more remain; false, changing nothing, if none would. */
    boolean takeLookupsLeavingSome(long taken) {
        long count = lookups;
        while (count > taken) {
            if (LOOKUPS.compareAndSet(this, count, count - taken)) {
                return true;
            }
            count = lookups;
        }
        return false;
    }

    /** Takes lookups back, at most all; true if that left none. */
    boolean takeLookups(long taken) {
        while (true) {
            long count = lookups;
            long left = Math.max(0, count - taken);
            if (LOOKUPS.compareAndSet(this, count, left)) {
                return left == 0 && count > 0;
            }
        }
    }
}
