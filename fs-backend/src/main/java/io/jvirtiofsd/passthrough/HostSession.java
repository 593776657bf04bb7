package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.SlotTable;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.ObjLongConsumer;

/**
 * What the guest knows between INIT and DESTROY: its inodes and open handles. Used by all parts of
 * a session; requests that still run in one that has ended fail or finish.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostSession {
    private final HostDirectory share;
    private final InodeTable inodes;
    private final SlotTable<HostHandle> handles;
    private final PathDescriptors descriptors;
    private final Mounts mounts;
    private final Reclaimer reclaimer;
    private final Credentials credentials;
    private final HostWindow window;
    private final DaxMode mode;
    private final ThreadLocal<EntryCursor> cursors = ThreadLocal.withInitial(this::newCursor);
    private final LockCounts lockCounts = new LockCounts();
    private final int generation;
    private volatile boolean ended;

    /**
     * What keeps numbers that the guest was given apart from those it will be given.
     *
     * @param generation that of all nodeIds, another one in each session: so handles that NFS
     *     clients of the guest kept from another session mean nothing
     * @param nodeUses {@link SlotTable#mostUses} of nodeIds when the session came from another
     *     process
     * @param handleUses that of file handles
     */
    record Numbering(int generation, int nodeUses, int handleUses) {
        /** Of a session that begins. */
        static Numbering fresh() {
            return new Numbering(ThreadLocalRandom.current().nextInt(1, Integer.MAX_VALUE), 0, 0);
        }
    }

    /**
     * Takes {@code rootPath}, an O_PATH descriptor of the shared directory.
     *
     * @param mode for which files the guest uses the window
     */
    HostSession(
            HostDirectory share,
            Fd rootPath,
            PathDescriptors descriptors,
            Reclaimer reclaimer,
            Credentials credentials,
            HostWindow window,
            DaxMode mode,
            Numbering numbering) {
        this.share = share;
        this.descriptors = descriptors;
        this.reclaimer = reclaimer;
        this.credentials = credentials;
        this.window = window;
        this.mode = mode;
        this.generation = numbering.generation();
        this.inodes = new InodeTable(share.options().maxInodes(), numbering.nodeUses());
        this.handles = // a descriptor each
                new SlotTable<>(OpenFileLimit.now(share.syscalls()), numbering.handleUses());
        this.mounts = new Mounts(share, descriptors, reclaimer);
        Inode root =
                new Inode(
                        share.rootDevice(),
                        share.rootIno(),
                        share.mount(),
                        share.rootType(),
                        rootPath);
        root.pin();
        inodes.restore(FileSystem.ROOT, root);
    }

    /** What a session that goes on from this one must keep apart. */
    Numbering numbering() {
        return new Numbering(generation, inodes.mostUses(), handles.mostUses());
    }

    /** The calling thread's cursor, which holds one answer: good until the thread's next one. */
    EntryCursor cursor() {
        return cursors.get();
    }

    /** A cursor keeps nothing of the session: a thread may keep it for longer. */
    private EntryCursor newCursor() {
        CacheOptions cache = share.options().cache();
        StatxAttributes attributes =
                new StatxAttributes(
                        Scratch.get(),
                        cache.policy(),
                        mode,
                        share.rootDevice(),
                        share.options().ids());
        return new EntryCursor(
                attributes, cache.policy().validNanos(), cache.negativeNanos(), generation);
    }

    InodeTable inodes() {
        return inodes;
    }

    /** For which files the guest uses the window. */
    DaxMode mode() {
        return mode;
    }

    PathDescriptors descriptors() {
        return descriptors;
    }

    Mounts mounts() {
        return mounts;
    }

    /**
     * Refuses to make what the guest could not get to know.
     *
     * @throws ErrnoException ENFILE
     */
    void requireRoom() throws ErrnoException {
        if (inodes.isFull()) {
            throw ErrnoException.of(Errno.ENFILE);
        }
    }

    /** Counts the locks on ranges in all files together. */
    LockCounts lockCounts() {
        return lockCounts;
    }

    /**
     * The inode that the guest knows by {@code nodeId}.
     *
     * @throws ErrnoException ENOENT if it knows none
     */
    Inode inode(long nodeId) throws ErrnoException {
        assert isItself();
        Inode inode = inodes.get(nodeId);
        if (inode == null) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return inode;
    }

    private boolean isItself() {
        assert credentials.areOurs() : "the last request of this thread has left its own";
        return true;
    }

    /**
     * The O_PATH descriptor of a directory, for calls by name; borrowed until the request ends.
     *
     * @throws ErrnoException ENOENT if there is no such inode, ENOTDIR if it is no directory,
     *     ESTALE if it cannot be opened any more
     */
    int directory(long nodeId) throws ErrnoException {
        Inode inode = inode(nodeId);
        if (!inode.isDirectory()) {
            throw ErrnoException.of(Errno.ENOTDIR);
        }
        return descriptors.of(inode);
    }

    /** A directory that the guest has not opened, open until the request ends; given. */
    Fd openDirectory(long nodeId) throws ErrnoException {
        int path = directory(nodeId);
        int flags = Fcntl.O_RDONLY | Fcntl.O_DIRECTORY;
        int fd = descriptors.opening(() -> share.reopen(path, flags));
        return Fd.own(share.syscalls(), ErrnoException.check(fd));
    }

    /** The O_PATH descriptor of any inode, borrowed until the request ends. */
    int path(long nodeId) throws ErrnoException {
        return descriptors.of(inode(nodeId));
    }

    /**
     * Refuses an object that has lost its last name on the host without the guest's doing: another
     * one may have taken its place, so the guest is to look the name up anew.
     *
     * @param path a descriptor of {@code inode}
     * @throws ErrnoException ESTALE, at which Linux looks up the whole path once more
     */
    void requireName(Inode inode, int path) throws ErrnoException {
        if (!inode.mayBeNameless() && share.isNameless(path)) {
            throw ErrnoException.of(Errno.ESTALE);
        }
    }

    /**
     * Checks the result of a call by a name in {@code directory}, which is open as {@code fd}.
     * ENOENT may also mean that the directory itself has been removed, of which the guest is told.
     *
     * @return {@code result}
     * @throws ErrnoException ESTALE if the directory has no name left; otherwise what the call
     *     failed with
     */
    int checkByName(long directory, int fd, int result) throws ErrnoException {
        if (result == -Errno.ENOENT) {
            requireName(inode(directory), fd);
        }
        return ErrnoException.check(result);
    }

    /**
     * FORGET: takes {@code lookups}, unsigned, back. With the last one the inode goes, and what is
     * mapped and locked of it.
     */
    void forget(long nodeId, long lookups) {
        Inode inode = inodes.get(nodeId);
        long taken = lookups < 0 ? Long.MAX_VALUE : lookups; // unsigned
        if (inode == null || inode.isPinned()) {
            return;
        }
        if (inode.lookups() <= taken) {
            descriptors.prepareToForget(inode);
        }
        if (inodes.forget(inode, taken)) {
            descriptors.closed(inode);
            mounts.leave(inode.mount());
            unmap(inode);
            inode.closeLocks();
        }
    }

    /** Unmaps the file of an inode that the guest has forgotten, if it knows it by no other. */
    void unmap(Inode inode) {
        if (window.file(inode) != null) {
            FileId id = inode.id();
            window.window().forget(id, () -> inodes.knows(id));
        }
    }

    /**
     * Notes that {@code inode} is new and its descriptor open; closes it if the session has ended.
     */
    void added(Inode inode) {
        descriptors.opened(inode);
        if (ended) {
            descriptors.closed(inode); // end() may have passed by before it was there
        }
    }

    /** Takes {@code handle}; gives its fh. */
    long add(HostHandle handle) throws ErrnoException {
        noteOpened(handle);
        long fh = handles.add(handle);
        if (fh == 0) {
            noteClosed(handle);
            reclaimer.retire(handle.fd()); // others may have found it at the inode
            throw ErrnoException.of(Errno.ENFILE);
        }
        if (ended) {
            release(fh);
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        return fh;
    }

    /**
     * Takes {@code handle}, which another process gave this {@code fh}.
     *
     * @return false, and it is closed, if that cannot be its number
     */
    boolean restore(long fh, HostHandle handle) {
        if (!handles.restore(fh, handle)) {
            handle.fd().close();
            return false;
        }
        noteOpened(handle);
        return true;
    }

    /** Ends the taking over of what another process has given. */
    void restored() {
        inodes.restored();
        handles.restored();
    }

    /** Calls {@code action} for each thing that the guest has open. */
    void forEachHandle(ObjLongConsumer<HostHandle> action) {
        handles.forEach(action);
    }

    private static void noteOpened(HostHandle handle) {
        if (handle instanceof HostHandle.OpenFile file) {
            file.inode().opened(file.fd());
        }
    }

    private static void noteClosed(HostHandle handle) {
        if (handle instanceof HostHandle.OpenFile file) {
            file.inode().closed(file.fd());
        }
    }

    /**
     * What is open as {@code fh}: descriptor and inode are always of the same object.
     *
     * @throws ErrnoException EBADF if the handle does not exist, or is of another node
     */
    HostHandle handle(long nodeId, long fh) throws ErrnoException {
        assert isItself();
        HostHandle handle = handles.get(fh);
        if (handle == null || handle.inode().nodeId() != nodeId) {
            throw ErrnoException.of(Errno.EBADF);
        }
        return handle;
    }

    /**
     * The regular file that is open as {@code fh}.
     *
     * @throws ErrnoException EBADF if there is none, it is of another node, or it is a directory
     */
    HostHandle.OpenFile file(long nodeId, long fh) throws ErrnoException {
        if (handle(nodeId, fh) instanceof HostHandle.OpenFile file) {
            return file;
        }
        throw ErrnoException.of(Errno.EBADF);
    }

    /**
     * The directory that is open as {@code fh}.
     *
     * @throws ErrnoException EBADF if there is none, it is of another node, or it is a file
     */
    HostHandle.OpenDirectory openDirectoryHandle(long nodeId, long fh) throws ErrnoException {
        if (handle(nodeId, fh) instanceof HostHandle.OpenDirectory directory) {
            return directory;
        }
        throw ErrnoException.of(Errno.EBADF);
    }

    /**
     * Ends a handle, whatever node it is of, so that nothing stays open.
     *
     * @return what it was; its descriptor is closed when the requests that may use it have ended
     * @throws ErrnoException EBADF if there is none
     */
    HostHandle release(long fh) throws ErrnoException {
        HostHandle handle = handles.remove(fh);
        if (handle == null) {
            throw ErrnoException.of(Errno.EBADF);
        }
        noteClosed(handle);
        reclaimer.retire(handle.fd());
        return handle;
    }

    /** Ends the session: all handles and inodes go, with what is mapped and locked. */
    void end() {
        ended = true;
        handles.forEach(handle -> reclaimer.retire(handle.fd()));
        inodes.forEach(
                inode -> {
                    inode.takeLookups(Long.MAX_VALUE);
                    descriptors.closed(inode);
                    unmap(inode);
                    inode.closeLocks();
                });
        mounts.close();
        descriptors.close();
    }
}
