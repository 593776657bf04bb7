package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Statx;
import java.util.HashMap;
import java.util.Map;

/**
 * The mounts below the shared directory on which the guest knows something. Each has one descriptor
 * as long as that is so: for open_by_handle_at(2), and so that the host's kernel gives its id to no
 * other mount. Owned by the session.
 *
 * <p>A guest comes to a mount by its root, so that is what the descriptor refers to. The share's
 * own mount is always there and not counted. <i>Thread-safe.</i>
 */
final class Mounts {
    private final HostDirectory share;
    private final PathDescriptors descriptors;
    private final Reclaimer reclaimer;
    private final Mount own;
    private final long ownKey;
    private final Map<Long, Mount> below = new HashMap<>();
    private boolean closed;

    Mounts(HostDirectory share, PathDescriptors descriptors, Reclaimer reclaimer) {
        this.share = share;
        this.descriptors = descriptors;
        this.reclaimer = reclaimer;
        this.own = share.mount();
        this.ownKey = key(own.id(), share.rootDevice());
    }

    /** Kernels before 5.8 do not tell mounts apart; there each device counts as one. */
    private static long key(long id, long device) {
        return id != 0 ? id : ~device;
    }

    /**
     * The mount of an object that the guest is about to know; {@link #leave} takes that back.
     *
     * @param path the object's O_PATH descriptor, borrowed
     * @param statx its attributes
     */
    Mount enter(int path, NativeMemory statx) throws ErrnoException {
        long id = Statx.mountId(statx);
        long key = key(id, Statx.device(statx));
        if (key == ownKey) {
            return own;
        }
        Mount known = find(key);
        if (known != null) {
            return known;
        }
        // Without the lock, since a file system that has lost its server may let us wait.
        int type = statx.getShort(Statx.MODE) & Statx.S_IFMT;
        FileSystemType of = FileSystemType.of(share.syscalls(), path);
        return add(key, new Mount(id, of, share.wantsHandles(of) ? open(path, type) : null));
    }

    private synchronized Mount find(long key) {
        Mount known = below.get(key);
        if (known != null) {
            known.count(1);
        }
        return known;
    }

    private synchronized Mount add(long key, Mount fresh) throws ErrnoException {
        Mount known = closed ? null : below.putIfAbsent(key, fresh);
        if ((closed || known != null) && fresh.opensHandles()) {
            fresh.fd().close();
        }
        if (closed) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        Mount added = known != null ? known : fresh;
        added.count(1);
        return added;
    }

    /** A descriptor for handles, or null if they cannot be opened. */
    private Fd open(int path, int type) throws ErrnoException {
        boolean harmless = type == Statx.S_IFDIR || type == Statx.S_IFREG;
        if (!harmless) {
            return null;
        }
        FileHandle handle = FileHandle.of(share.syscalls(), path);
        if (handle == null) {
            return null;
        }
        int directory = type == Statx.S_IFDIR ? Fcntl.O_DIRECTORY : 0;
        int fd = descriptors.opening(() -> share.reopen(path, Fcntl.O_RDONLY | directory));
        if (fd == -Errno.EMFILE || fd == -Errno.ENFILE) {
            throw ErrnoException.of(-fd); // which may pass
        }
        if (fd < 0) {
            return null;
        }
        Fd owned = Fd.own(share.syscalls(), fd);
        // Tried out: a file system may give handles that cannot be opened here.
        int same = descriptors.opening(() -> handle.open(share.syscalls(), fd));
        if (same >= 0) {
            share.syscalls().close(same);
            return owned;
        }
        owned.close();
        return null;
    }

    /** Takes back an {@link #enter}; the last one lets the host unmount it. */
    synchronized void leave(Mount mount) {
        if (mount != own && mount.count(-1) == 0) {
            below.values().remove(mount);
            retire(mount);
        }
    }

    /** Whether handles can still be opened on {@code mount}: the guest knows something there. */
    synchronized boolean has(Mount mount) {
        return mount == own || below.containsValue(mount);
    }

    /** Lets go of all mounts; none is entered after that. */
    synchronized void close() {
        closed = true;
        below.values().forEach(this::retire);
        below.clear();
    }

    private void retire(Mount mount) {
        if (mount.opensHandles()) {
            reclaimer.retire(mount.fd());
        }
    }
}
