package io.jvirtiofsd.fuse;

import java.io.DataInput;
import java.io.IOException;

/**
 * A file system that {@code FuseServer} exports to a guest. Each time a guest mounts it, it gives a
 * {@link Session}, which is asked from then on.
 *
 * <p><i>Thread-safe</i>, except that sessions begin and end one after another.
 */
public interface FileSystem extends AutoCloseable {
    /** The root directory's nodeId. */
    long ROOT = 1; // fuse.h FUSE_ROOT_ID

    /**
     * Begins a session; the one before has been closed.
     *
     * @param mode for which files the guest uses the DAX window
     */
    Session begin(DaxMode mode);

    /** Figures of a session for the log, as text for people; asked before it ends, may be empty. */
    default String report() {
        return "";
    }

    /**
     * Whether directories need not be opened: {@link DirectoryOperations#readdir}, {@link
     * DirectoryOperations#fsyncdir} and ioctl take handle 0 then, and a position is good without
     * what it was given in.
     */
    default boolean listsByNode() {
        return false;
    }

    /**
     * Whether nodes that were forgotten can be found again by nodeId, as a guest must that exports
     * them by NFS: {@link NameOperations#find} and {@link NameOperations#parent}.
     */
    default boolean findsForgotten() {
        return false;
    }

    /**
     * Whether there is a DAX window just now that files can be mapped in; asked at INIT. If so,
     * {@link Attributes#ATTR_DAX} tells the guest for which nodes to use it.
     */
    default boolean mapsFiles() {
        return false;
    }

    /** Whether a session can go on in another process: {@link Session#save} and {@link #resume}. */
    default boolean isMigratable() {
        return false;
    }

    /**
     * Begins a session where {@link Session#save} of another process has ended; the one before has
     * been closed. The guest uses no DAX window.
     *
     * @param in what was saved, perhaps by a hostile process, and more after it; reads to the end
     *     of what was saved
     * @throws IOException if that cannot be used, in one sentence for people, and nothing has begun
     */
    default Session resume(DataInput in) throws IOException {
        throw new IOException("sessions of this file system cannot come from another process");
    }

    /** A request has found no memory and gets ENOMEM: lets go of what the next ones may need. */
    default void outOfMemory() {}

    /** Ends the file system for good; its last session has been closed. */
    @Override
    void close();
}
