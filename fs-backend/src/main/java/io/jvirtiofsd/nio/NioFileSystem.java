package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectoryOperations;
import io.jvirtiofsd.fuse.FileOperations;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Session;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A tree of any {@code java.nio.file} provider as a file system for the guest: four kinds of
 * operations, no extended attributes, locks of its own, maps or controls. Owned by the program;
 * borrows the provider's file system; makes the parts that serve a session.
 *
 * <p><i>Thread-safe.</i>
 */
public final class NioFileSystem implements FileSystem {
    private final NioTree share;

    private NioFileSystem(NioTree share) {
        this.share = share;
    }

    /**
     * A file system of all below {@code root}, a directory of any provider.
     *
     * @throws IOException if it cannot be used; the message is one sentence for people
     */
    public static NioFileSystem open(Path root, NioOptions options) throws IOException {
        try {
            return new NioFileSystem(NioTree.open(root, options));
        } catch (IOException | RuntimeException e) {
            throw new IOException("cannot share " + root.toUri() + ": " + e, e);
        }
    }

    @Override
    public Session begin(DaxMode mode) {
        NioSession session;
        try {
            session = new NioSession(share);
        } catch (IOException e) {
            throw new IllegalStateException("cannot open the shared directory again", e);
        }
        NioNames names = new NioNames(share, session);
        NioNodes nodes = new NioNodes(share, session);
        NioFiles files = new NioFiles(share, session, names, nodes);
        return new NioParts(
                session, nodes, names, files, new NioDirectories(share, session, names));
    }

    /** A session, all of whose parts work on {@code known}. */
    record NioParts(
            NioSession known,
            NodeOperations nodes,
            NameOperations names,
            FileOperations files,
            DirectoryOperations directories)
            implements Session {
        @Override
        public void forget(long nodeId, long lookups) {
            known.nodes().forget(nodeId, lookups);
        }

        @Override
        public void close() {
            known.end();
        }
    }

    @Override
    public void outOfMemory() {
        share.reserve().spend();
    }

    @Override
    public void close() {
        // the provider's file system is the program's, and sessions have ended
    }
}
