package io.jvirtiofsd.fuse;

import java.io.DataOutput;
import java.io.IOException;

/**
 * What a guest knows of a file system between INIT and DESTROY, and what it may do with it: one
 * method per FUSE operation, by kind, with everything checked that can be checked without knowing
 * the file system. Begun by a {@link FileSystem}; owned by the server, which calls it.
 *
 * <p><i>Thread-safe</i>, as are all parts. Rules for implementations:
 *
 * <ul>
 *   <li>Nodes are named by nodeIds; {@link FileSystem#ROOT} exists always. Each {@link Entry}
 *       returned with a nodeId &ne; 0 counts as one lookup, which {@link #forget} takes back; a
 *       nodeId stays valid until its count is 0 or the session ends. Unknown nodeIds are {@code
 *       ENOENT}, unknown file handles, and those of another node than the request's, {@code EBADF}.
 *   <li>Every method may be called by several threads at once, in any order: the guest is not
 *       trusted to release before it forgets, or to release once.
 *   <li>Failures are {@link ErrnoException}s. Anything else thrown is a bug: the guest gets EIO.
 *   <li>An operation that is not supported keeps its default, ENOSYS, which tells the guest never
 *       to ask again; EOPNOTSUPP refuses one case.
 *   <li>The parts are asked for with each request: each is the same object all the time.
 * </ul>
 *
 * <p>Permission checks are the guest kernel's (virtio-fs mounts with default_permissions); an
 * implementation only has to create objects with the caller's identity.
 */
public interface Session extends AutoCloseable {
    /** The operations on nodes. */
    default NodeOperations nodes() {
        return NodeOperations.NONE;
    }

    /** The operations on names. */
    default NameOperations names() {
        return NameOperations.NONE;
    }

    /** The operations on open files. */
    default FileOperations files() {
        return FileOperations.NONE;
    }

    /** The operations on open directories. */
    default DirectoryOperations directories() {
        return DirectoryOperations.NONE;
    }

    /** The operations on extended attributes. */
    default XattrOperations xattrs() {
        return XattrOperations.NONE;
    }

    /** The operations on locks; none if the guest keeps its own. */
    default LockOperations locks() {
        return LockOperations.NONE;
    }

    /** The operations on the DAX window; none without a window. */
    default MappingOperations mappings() {
        return MappingOperations.NONE;
    }

    /** The operations that fit nowhere else: ioctl(2), poll(2), syncfs(2). */
    default ControlOperations controls() {
        return ControlOperations.NONE;
    }

    /**
     * Takes {@code lookups}, unsigned, counts of a node back; all if there are fewer. An unknown
     * node is no error.
     */
    void forget(long nodeId, long lookups);

    /**
     * Writes all there is to know of the session, so that {@link FileSystem#resume} of another
     * process can go on with it. It stays as it is: the other process may fail. No request is
     * running.
     *
     * @throws IOException if it cannot go to another process, in one sentence for people; or that
     *     of {@code out}
     */
    default void save(DataOutput out) throws IOException {
        throw new IOException("sessions of this file system cannot go to another process");
    }

    /**
     * Ends the session: all lookup counts drop to 0, all handles close. Requests may still be
     * running and may then fail with any error.
     */
    @Override
    void close();
}
