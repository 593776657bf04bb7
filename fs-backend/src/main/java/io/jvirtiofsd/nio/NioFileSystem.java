package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.Statfs;
import java.io.IOException;
import java.nio.file.Path;

/**
 * A tree of any {@code java.nio.file} provider as a file system for the guest. Owned by the
 * program; borrows the provider's file system; delegates to one class per kind of operation, each
 * working on the current session.
 *
 * <p><i>Thread-safe.</i>
 */
public final class NioFileSystem implements FileSystem {
    private final NioTree share;
    private final NioNames names;
    private final NioNodes nodes;
    private final NioFiles files;
    private final NioDirectories directories;
    private volatile NioSession session;

    private NioFileSystem(NioTree share) {
        this.share = share;
        this.names = new NioNames(share);
        this.nodes = new NioNodes(share);
        this.files = new NioFiles(share, names, nodes);
        this.directories = new NioDirectories(share, names);
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

    private NioSession session() throws ErrnoException {
        NioSession current = session;
        if (current == null) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        return current;
    }

    @Override
    public synchronized void init() {
        destroy();
        try {
            session = new NioSession(share);
        } catch (IOException e) {
            throw new IllegalStateException("cannot open the shared directory again", e);
        }
    }

    @Override
    public synchronized void destroy() {
        NioSession old = session;
        session = null;
        if (old != null) {
            old.end();
        }
    }

    @Override
    public void outOfMemory() {
        share.reserve().spend();
    }

    @Override
    public void close() {
        destroy();
    }

    @Override
    public Entry lookup(Caller context, long parent, Name name) throws ErrnoException {
        return names.lookup(session(), parent, name);
    }

    @Override
    public void forget(long nodeId, long lookups) {
        NioSession current = session;
        if (current != null) {
            current.nodes().forget(nodeId, lookups);
        }
    }

    @Override
    public Attributes getattr(Caller context, long nodeId, boolean hasHandle, long fh)
            throws ErrnoException {
        return nodes.getattr(session(), nodeId, hasHandle, fh);
    }

    @Override
    public Attributes setattr(Caller context, long nodeId, AttributeChange change)
            throws ErrnoException {
        return nodes.setattr(session(), nodeId, change);
    }

    @Override
    public byte[] readlink(Caller context, long nodeId) throws ErrnoException {
        return nodes.readlink(session(), nodeId);
    }

    @Override
    public Entry symlink(Caller context, long parent, Name name, Name target)
            throws ErrnoException {
        return names.symlink(session(), context, parent, name, target);
    }

    @Override
    public Entry mknod(Caller context, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        return names.mknod(session(), context, parent, name, mode & ~umask);
    }

    @Override
    public Entry mkdir(Caller context, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        return names.mkdir(session(), context, parent, name, mode & ~umask);
    }

    @Override
    public void unlink(Caller context, long parent, Name name) throws ErrnoException {
        names.remove(session(), parent, name, false);
    }

    @Override
    public void rmdir(Caller context, long parent, Name name) throws ErrnoException {
        names.remove(session(), parent, name, true);
    }

    @Override
    public void rename(
            Caller context, long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        names.rename(session(), parent, name, newParent, newName, flags);
    }

    @Override
    public Entry link(Caller context, long nodeId, long newParent, Name newName)
            throws ErrnoException {
        return names.link(session(), nodeId, newParent, newName);
    }

    @Override
    public OpenReply open(Caller context, long nodeId, int flags, boolean killSuidgid)
            throws ErrnoException {
        return files.open(session(), nodeId, flags, killSuidgid);
    }

    @Override
    public CreateReply create(Caller context, long parent, Name name, NewFile in)
            throws ErrnoException {
        return files.create(session(), context, parent, name, in);
    }

    @Override
    public int read(Caller context, long nodeId, long fh, long offset, GuestData target)
            throws ErrnoException {
        return files.read(session(), nodeId, fh, offset, target);
    }

    @Override
    public int write(
            Caller context,
            long nodeId,
            long fh,
            long offset,
            int writeFlags,
            int openFlags,
            GuestData source)
            throws ErrnoException {
        return files.write(session(), nodeId, fh, offset, writeFlags, openFlags, source);
    }

    /** Channels put nothing off that closing a duplicate would report. */
    @Override
    public void flush(Caller context, long nodeId, long fh, long lockOwner) throws ErrnoException {
        session().file(nodeId, fh);
    }

    @Override
    public void release(Caller context, long nodeId, long fh) throws ErrnoException {
        session().release(fh);
    }

    @Override
    public void fsync(Caller context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        files.fsync(session(), nodeId, fh, dataOnly);
    }

    @Override
    public OpenReply opendir(Caller context, long nodeId, int flags) throws ErrnoException {
        return directories.opendir(session(), nodeId);
    }

    @Override
    public void readdir(
            Caller context, long nodeId, long fh, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        directories.readdir(session(), nodeId, fh, offset, plus, sink);
    }

    @Override
    public void releasedir(Caller context, long nodeId, long fh) throws ErrnoException {
        session().release(fh);
    }

    @Override
    public void fsyncdir(Caller context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        files.fsync(session(), nodeId, fh, dataOnly);
    }

    @Override
    public Statfs statfs(Caller context, long nodeId) throws ErrnoException {
        return nodes.statfs(session(), nodeId);
    }

    @Override
    public void access(Caller context, long nodeId, int mask) throws ErrnoException {
        nodes.access(session(), context, nodeId, mask);
    }

    @Override
    public long lseek(Caller context, long nodeId, long fh, long offset, int whence)
            throws ErrnoException {
        return files.lseek(session(), nodeId, fh, offset, whence);
    }

    /** No provider can reserve room or punch holes. */
    @Override
    public void fallocate(Caller context, long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        session().file(nodeId, fh);
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    @Override
    public long copyFileRange(Caller context, long nodeId, CopyRequest in) throws ErrnoException {
        return files.copyFileRange(session(), nodeId, in);
    }
}
