package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.SlotTable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * What the guest knows between INIT and DESTROY: nodes and open handles. Used by all parts of a
 * session.
 *
 * <p>A request that goes by a path holds the lock of names, shared, so that the path keeps leading
 * to the same object. A request that takes a name away holds it alone. Reading and writing need
 * neither. <i>Thread-safe.</i>
 */
final class NioSession {
    /** Most files and directories that are open at a time. */
    static final int MAX_HANDLES = 65_536;

    /** Most bytes of an archive's entries that are unpacked beside it at a time. */
    static final long MAX_UNPACKED_BYTES = 16L << 30;

    /** What runs under the lock of names. */
    @FunctionalInterface
    interface Step<T> {
        T run() throws ErrnoException;
    }

    private final NioTree share;
    private final NodeTree nodes;
    private final SlotTable<NioHandle> handles = new SlotTable<>(MAX_HANDLES);
    private final ReadWriteLock names = new ReentrantReadWriteLock();
    private final Allowance memory;
    private final Allowance disk = Allowance.ofDisk(MAX_UNPACKED_BYTES);
    private volatile boolean ended;

    NioSession(NioTree share) throws IOException {
        this.share = share;
        this.memory = Allowance.ofMemory(share.options().openBytes());
        this.nodes = new NodeTree(share.root(), share.views().read(share.root()), share.options());
    }

    NodeTree nodes() {
        return nodes;
    }

    /** What open files and directories may take of the heap. */
    Allowance memory() {
        return memory;
    }

    /** What open files may take of the disk. */
    Allowance disk() {
        return disk;
    }

    /** Runs {@code step} while no name goes away. */
    <T> T withNames(Step<T> step) throws ErrnoException {
        return locked(names.readLock(), step);
    }

    /** Runs {@code step} while nobody else goes by a name. */
    <T> T changingNames(Step<T> step) throws ErrnoException {
        return locked(names.writeLock(), step);
    }

    private static <T> T locked(Lock lock, Step<T> step) throws ErrnoException {
        lock.lock();
        try {
            return step.run();
        } finally {
            lock.unlock();
        }
    }

    /** A directory as it is found now: the same object the guest has looked up, or ENOENT. */
    record Directory(Node node, Path path, NioAttributes attributes) {}

    /**
     * Finds a directory again, so that what has taken its place, a symbolic link above all, is
     * never walked through.
     */
    Directory directory(long nodeId) throws ErrnoException {
        Node node = nodes.node(nodeId);
        if (!node.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        Path path = nodes.path(node);
        if (node.key() == null) {
            checkAbove(node);
        }
        NioAttributes seen = NioErrno.call(() -> share.views().read(path));
        if (!node.is(seen)) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return new Directory(node, path, node.saw(seen));
    }

    /** Without keys a directory is known by all above it being directories. */
    private void checkAbove(Node node) throws ErrnoException {
        for (Node above = nodes.parent(node); above != nodes.root(); above = nodes.parent(above)) {
            Path path = nodes.path(above);
            if (!NioErrno.call(() -> share.views().read(path)).isDirectory()) {
                throw ErrnoException.of(Errno.ENOENT);
            }
        }
    }

    /** An object as it is found now, by a name it has. */
    record Place(Path path, NioAttributes attributes) {}

    /** Where {@code node} is, or null if it cannot be reached by any known name. */
    Place find(Node node) throws ErrnoException {
        if (node == nodes.root()) {
            NioAttributes seen = NioErrno.call(() -> share.views().read(share.root()));
            return new Place(share.root(), node.saw(seen));
        }
        for (Node.Link link : nodes.links(node)) {
            try {
                Path path = nodes.path(link);
                if (node.key() == null) {
                    checkAbove(link.parent());
                    if (!NioErrno.call(() -> share.views().read(path.getParent())).isDirectory()) {
                        continue;
                    }
                }
                NioAttributes seen = NioErrno.call(() -> share.views().read(path));
                if (node.is(seen)) {
                    return new Place(path, node.saw(sized(node, seen)));
                }
            } catch (ErrnoException e) {
                if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR) {
                    throw e;
                }
            }
        }
        return null;
    }

    /** The size of a file that is being written may be known to the channel alone, as in zip. */
    NioAttributes sized(Node node, NioAttributes seen) {
        OpenFile open = share.views().isHost() ? null : node.anyOpen();
        if (open == null || !open.writable()) {
            return seen;
        }
        try {
            return seen.withSize(open.channel().size());
        } catch (IOException e) {
            return seen; // closed meanwhile
        }
    }

    /** Takes {@code handle}; gives its fh. */
    long add(NioHandle handle) throws ErrnoException {
        long fh = handles.add(handle);
        if (fh == 0) {
            NioErrno.run(handle::close);
            throw ErrnoException.of(Errno.ENFILE);
        }
        if (ended) {
            release(fh);
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        return fh;
    }

    /**
     * What is open as {@code fh}.
     *
     * @throws ErrnoException EBADF if the handle does not exist, or is of another node
     */
    NioHandle handle(long nodeId, long fh) throws ErrnoException {
        NioHandle handle = handles.get(fh);
        if (handle == null || handle.node() != nodes.node(nodeId)) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return handle;
    }

    /**
     * The regular file that is open as {@code fh}.
     *
     * @throws ErrnoException EBADF if there is none, it is of another node, or it is a directory
     */
    OpenFile file(long nodeId, long fh) throws ErrnoException {
        if (handle(nodeId, fh) instanceof OpenFile file) {
            return file;
        }
        throw ErrnoException.of(Errno.EBADF);
    }

    /**
     * The directory that is open as {@code fh}.
     *
     * @throws ErrnoException EBADF if there is none, it is of another node, or it is a file
     */
    OpenDirectory openDirectory(long nodeId, long fh) throws ErrnoException {
        if (handle(nodeId, fh) instanceof OpenDirectory directory) {
            return directory;
        }
        throw ErrnoException.of(Errno.EBADF);
    }

    /** Ends a handle, whatever node it is of, so that nothing stays open. */
    void release(long fh) throws ErrnoException {
        NioHandle handle = handles.remove(fh);
        if (handle == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        NioErrno.run(handle::close);
    }

    /** Closes everything. */
    void end() {
        ended = true;
        handles.forEach(
                handle -> {
                    try {
                        handle.close();
                    } catch (IOException | RuntimeException e) {
                        // nobody is left to be told
                    }
                });
    }
}
