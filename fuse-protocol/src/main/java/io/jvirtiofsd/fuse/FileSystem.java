package io.jvirtiofsd.fuse;

import java.util.List;
import java.util.Optional;

/**
 * A file system that {@code FuseServer} exports to a guest: one method per FUSE operation, with
 * everything checked that can be checked without knowing the file system.
 *
 * <p>Rules for implementations:
 *
 * <ul>
 *   <li>Nodes are named by nodeIds; {@link #ROOT} exists always. Each {@link Entry} returned with a
 *       nodeId &ne; 0 counts as one lookup, which {@link #forget} takes back; a nodeId stays valid
 *       until its count is 0 or the session ends. Unknown nodeIds are {@code ENOENT}, unknown file
 *       handles {@code EBADF}.
 *   <li>Every method may be called by several threads at once, in any order: the guest is not
 *       trusted to release before it forgets, or to release once.
 *   <li>Failures are {@link ErrnoException}s. Anything else thrown is a bug: the guest gets EIO.
 *   <li>An operation that is not supported keeps its default, ENOSYS, which tells the guest never
 *       to ask again; EOPNOTSUPP refuses one case.
 * </ul>
 *
 * <p>Permission checks are the guest kernel's (virtio-fs mounts with default_permissions); an
 * implementation only has to create objects with the caller's identity.
 */
public interface FileSystem extends AutoCloseable {
    /** The root directory's nodeId. */
    long ROOT = 1; // fuse.h FUSE_ROOT_ID

    /** Begins a session: everything of an earlier one is dropped first. */
    void init();

    /** The same for a guest that maps files by {@code mode}. */
    default void init(DaxMode mode) {
        init();
    }

    /**
     * Ends the session: all lookup counts drop to 0, all handles close. Requests may still be
     * running and may then fail with any error.
     */
    void destroy();

    /** What is worth logging of a session, for people; asked before it ends. Empty for nothing. */
    default String report() {
        return "";
    }

    /** Ends the file system for good. */
    @Override
    void close();

    /** Looks {@code name} up; a name that does not exist gives an entry with nodeId 0 or ENOENT. */
    Entry lookup(Caller context, long parent, Name name) throws ErrnoException;

    /** Takes {@code lookups} counts back; more than there are takes all; unknown nodes are fine. */
    void forget(long nodeId, long lookups);

    /** Attributes of a node; by {@code fh} if {@code hasHandle}, so that an open file is seen. */
    Attributes getattr(Caller context, long nodeId, boolean hasHandle, long fh)
            throws ErrnoException;

    /**
     * Attributes as statx(2) has them, of which the guest wants {@code mask} (STATX_ bits); more or
     * fewer may be given.
     */
    default FullAttributes statx(Caller context, long nodeId, boolean hasHandle, long fh, int mask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Changes what {@code change.valid()} names; returns the attributes after that. */
    default Attributes setattr(Caller context, long nodeId, AttributeChange change)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The target of a symbolic link, 1 to 4095 bytes without NUL; EINVAL for other nodes. */
    default byte[] readlink(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a symbolic link. */
    default Entry symlink(Caller context, long parent, Name name, Name target)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Makes a file, fifo, socket or device node; {@code mode} has the type. {@code umask} is still
     * to be applied, unless the directory has a default ACL; here and wherever else it occurs.
     */
    default Entry mknod(Caller context, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a directory. */
    default Entry mkdir(Caller context, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes a name of anything but a directory. */
    default void unlink(Caller context, long parent, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes an empty directory. */
    default void rmdir(Caller context, long parent, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Renames; {@code flags} as renameat2(2): 1 NOREPLACE, 2 EXCHANGE, 4 WHITEOUT, or 0. */
    default void rename(
            Caller context, long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Gives {@code nodeId} another name; the entry is of the same node. */
    default Entry link(Caller context, long nodeId, long newParent, Name newName)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Opens a regular file. {@code flags} are the guest's O_ flags without O_CREAT and O_EXCL;
     * {@code killSuidgid} asks to clear suid and sgid when O_TRUNC truncates.
     */
    default OpenReply open(Caller context, long nodeId, int flags, boolean killSuidgid)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes and opens a regular file, or opens what is there unless {@code O_EXCL}. */
    default CreateReply create(Caller context, long parent, Name name, NewFile in)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes and opens a regular file without a name, in the file system of {@code directory}. */
    default CreateReply tmpfile(Caller context, long directory, NewFile in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Reads up to {@code target.size()} bytes at {@code offset}; fewer only at the end of the file.
     *
     * @return number of bytes put at the front of {@code target}
     */
    default int read(Caller context, long nodeId, long fh, long offset, GuestData target)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Writes {@code source} at {@code offset}.
     *
     * @param writeFlags WRITE_ flags of {@link WriteFlags}
     * @param openFlags the file's O_ flags at this time; O_SYNC and O_DSYNC count for this write,
     *     and O_APPEND as {@link WriteFlags#appends} says
     * @return number of bytes written
     */
    default int write(
            Caller context,
            long nodeId,
            long fh,
            long offset,
            int writeFlags,
            int openFlags,
            GuestData source)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Called for each close of a duplicate; reports delayed errors. */
    default void flush(Caller context, long nodeId, long fh, long lockOwner) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Ends a handle of {@link #open} or {@link #create}. */
    default void release(Caller context, long nodeId, long fh) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a file durable; only what is needed to read its data back if {@code dataOnly}. */
    default void fsync(Caller context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Opens a directory. */
    default OpenReply opendir(Caller context, long nodeId, int flags) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Puts entries from position {@code offset} (0, or the position given with an earlier entry)
     * into {@code sink} until it is full or the directory ends; with {@code plus}, names other than
     * "." and ".." are looked up (and counted) for each entry that the sink took.
     */
    default void readdir(
            Caller context, long nodeId, long fh, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Ends a handle of {@link #opendir}. */
    default void releasedir(Caller context, long nodeId, long fh) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes a directory durable. */
    default void fsyncdir(Caller context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Figures of the file system that holds the node. */
    default Statfs statfs(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Checks {@code mask} (4 R, 2 W, 1 X) for the caller. */
    default void access(Caller context, long nodeId, int mask) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Finds data ({@code whence} 3) or a hole (4) at or after {@code offset}. */
    default long lseek(Caller context, long nodeId, long fh, long offset, int whence)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** fallocate(2) with {@code mode} as there. */
    default void fallocate(Caller context, long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Makes the whole file system that holds the node durable. */
    default void syncfs(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * The answer of an ioctl(2) that reads {@code bytes} bytes; {@code command} is FS_IOC_GETFLAGS
     * or FS_IOC_FSGETXATTR.
     */
    default byte[] ioctlGet(Caller context, long nodeId, long fh, int command, int bytes)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Makes an ioctl(2) that is given {@code value}; {@code command} is FS_IOC_SETFLAGS or
     * FS_IOC_FSSETXATTR.
     */
    default void ioctlSet(Caller context, long nodeId, long fh, int command, byte[] value)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Which of {@code events} (poll(2)) an open file is ready for now. */
    default int poll(Caller context, long nodeId, long fh, int events) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Sets an extended attribute to {@code value}, at most 65536 bytes.
     *
     * @param flags as setxattr(2): 1 CREATE, 2 REPLACE, or 0
     * @param killSgid clear set-group-ID as chmod(2) would; only with access ACLs
     */
    default void setxattr(
            Caller context, long nodeId, Name name, byte[] value, int flags, boolean killSgid)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The whole value of an extended attribute, at most 65536 bytes; ENODATA if there is none. */
    default byte[] getxattr(Caller context, long nodeId, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** The names of all extended attributes, each with a NUL, at most 65536 bytes in all. */
    default byte[] listxattr(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Removes an extended attribute; ENODATA if there is none. */
    default void removexattr(Caller context, long nodeId, Name name) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** A lock that keeps the one of {@code in}, on a range of bytes, from being had, if any. */
    default FileLock getlk(Caller context, long nodeId, LockRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Sets or drops a lock at once. Those on ranges belong to {@link LockRequest#owner} and go with
     * a {@link #flush} of it; those of {@link LockRequest#isFlock} belong to the handle.
     *
     * @throws ErrnoException EAGAIN if another has it
     */
    default void setlk(Caller context, long nodeId, LockRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Does the same, or else gives what waits for the lock; ENOLCK refuses to wait. Waiting ends,
     * with ENOLCK, when the session does.
     */
    default Optional<LockWait> setlkw(Caller context, long nodeId, LockRequest in)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Copies between two open files, at most 64 MiB; returns the number of bytes copied. */
    default long copyFileRange(Caller context, long nodeId, CopyRequest in) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /**
     * Whether directories need not be opened: {@link #readdir}, {@link #fsyncdir} and ioctl take
     * handle 0 then, and a position is good without what it was given in.
     */
    default boolean listsByNode() {
        return false;
    }

    /**
     * Whether nodes that were forgotten can be found again by nodeId, as a guest must that exports
     * them by NFS: {@link #find} and {@link #parent}.
     */
    default boolean findsForgotten() {
        return false;
    }

    /**
     * Looks up a node that the guest once knew; the entry is of the same nodeId and generation.
     *
     * @throws ErrnoException ESTALE if it is there no more, or was forgotten too long ago
     */
    default Entry find(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ESTALE);
    }

    /** Looks up the directory that a directory is in; {@link #ROOT} is in itself. */
    default Entry parent(Caller context, long nodeId) throws ErrnoException {
        throw ErrnoException.of(Errno.ESTALE);
    }

    /** A request has found no memory and gets ENOMEM: lets go of what the next ones may need. */
    default void outOfMemory() {}

    /**
     * Whether there is a DAX window just now that files can be mapped in; asked at INIT. If so,
     * {@link Attributes#ATTR_DAX} tells the guest for which nodes to use it.
     */
    default boolean mapsFiles() {
        return false;
    }

    /**
     * Shows the file's bytes from {@code fileOffset} on in a range of the DAX window, in place of
     * whatever was there, until the range is removed or set up again.
     *
     * @param writing whether the guest is going to store there
     * @param range the window's range; the file's has the same length
     */
    default void setupMapping(
            Caller context, long nodeId, long fileOffset, boolean writing, WindowRange range)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Takes ranges out of the DAX window, all or, if one cannot be, none. */
    default void removeMappings(Caller context, List<WindowRange> ranges) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
