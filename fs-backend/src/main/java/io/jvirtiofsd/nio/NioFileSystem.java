package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.CopyFileRangeIn;
import io.jvirtiofsd.fuse.CreateIn;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.RequestContext;
import io.jvirtiofsd.fuse.SetattrIn;
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
    private final Share share;
    private final NameOperations names;
    private final NodeOperations nodes;
    private final FileOperations files;
    private final Directories directories;
    private volatile Session session;

    private NioFileSystem(Share share) {
        this.share = share;
        this.names = new NameOperations(share);
        this.nodes = new NodeOperations(share);
        this.files = new FileOperations(share, names, nodes);
        this.directories = new Directories(share, names);
    }

    /**
     * A file system of all below {@code root}, a directory of any provider.
     *
     * @throws IOException if it cannot be used; the message is one sentence for people
     */
    public static NioFileSystem open(Path root, NioOptions options) throws IOException {
        try {
            return new NioFileSystem(Share.open(root, options));
        } catch (IOException | RuntimeException e) {
            throw new IOException("cannot share " + root.toUri() + ": " + e, e);
        }
    }

    private Session session() throws ErrnoException {
        Session current = session;
        if (current == null) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        return current;
    }

    @Override
    public synchronized void init() {
        destroy();
        try {
            session = new Session(share);
        } catch (IOException e) {
            throw new IllegalStateException("cannot open the shared directory again", e);
        }
    }

    @Override
    public synchronized void destroy() {
        Session old = session;
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
    public Entry lookup(RequestContext context, long parent, Name name) throws ErrnoException {
        return names.lookup(session(), parent, name);
    }

    @Override
    public void forget(long nodeId, long lookups) {
        Session current = session;
        if (current != null) {
            current.nodes().forget(nodeId, lookups);
        }
    }

    @Override
    public Attributes getattr(RequestContext context, long nodeId, boolean hasHandle, long fh)
            throws ErrnoException {
        return nodes.getattr(session(), nodeId, hasHandle, fh);
    }

    @Override
    public Attributes setattr(RequestContext context, long nodeId, SetattrIn change)
            throws ErrnoException {
        return nodes.setattr(session(), nodeId, change);
    }

    @Override
    public byte[] readlink(RequestContext context, long nodeId) throws ErrnoException {
        return nodes.readlink(session(), nodeId);
    }

    @Override
    public Entry symlink(RequestContext context, long parent, Name name, Name target)
            throws ErrnoException {
        return names.symlink(session(), context, parent, name, target);
    }

    @Override
    public Entry mknod(
            RequestContext context, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        return names.mknod(session(), context, parent, name, mode & ~umask);
    }

    @Override
    public Entry mkdir(RequestContext context, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        return names.mkdir(session(), context, parent, name, mode & ~umask);
    }

    @Override
    public void unlink(RequestContext context, long parent, Name name) throws ErrnoException {
        names.remove(session(), parent, name, false);
    }

    @Override
    public void rmdir(RequestContext context, long parent, Name name) throws ErrnoException {
        names.remove(session(), parent, name, true);
    }

    @Override
    public void rename(
            RequestContext context, long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        names.rename(session(), parent, name, newParent, newName, flags);
    }

    @Override
    public Entry link(RequestContext context, long nodeId, long newParent, Name newName)
            throws ErrnoException {
        return names.link(session(), nodeId, newParent, newName);
    }

    @Override
    public OpenReply open(RequestContext context, long nodeId, int flags, boolean killSuidgid)
            throws ErrnoException {
        return files.open(session(), nodeId, flags, killSuidgid);
    }

    @Override
    public CreateReply create(RequestContext context, long parent, Name name, CreateIn in)
            throws ErrnoException {
        return files.create(session(), context, parent, name, in);
    }

    @Override
    public int read(RequestContext context, long nodeId, long fh, long offset, GuestData target)
            throws ErrnoException {
        return files.read(session(), nodeId, fh, offset, target);
    }

    @Override
    public int write(
            RequestContext context,
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
    public void flush(RequestContext context, long nodeId, long fh, long lockOwner)
            throws ErrnoException {
        session().file(nodeId, fh);
    }

    @Override
    public void release(RequestContext context, long nodeId, long fh) throws ErrnoException {
        session().release(fh);
    }

    @Override
    public void fsync(RequestContext context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        files.fsync(session(), nodeId, fh, dataOnly);
    }

    @Override
    public OpenReply opendir(RequestContext context, long nodeId, int flags) throws ErrnoException {
        return directories.opendir(session(), nodeId);
    }

    @Override
    public void readdir(
            RequestContext context,
            long nodeId,
            long fh,
            long offset,
            boolean plus,
            DirectorySink sink)
            throws ErrnoException {
        directories.readdir(session(), nodeId, fh, offset, plus, sink);
    }

    @Override
    public void releasedir(RequestContext context, long nodeId, long fh) throws ErrnoException {
        session().release(fh);
    }

    @Override
    public void fsyncdir(RequestContext context, long nodeId, long fh, boolean dataOnly)
            throws ErrnoException {
        files.fsync(session(), nodeId, fh, dataOnly);
    }

    @Override
    public Statfs statfs(RequestContext context, long nodeId) throws ErrnoException {
        return nodes.statfs(session(), nodeId);
    }

    @Override
    public void access(RequestContext context, long nodeId, int mask) throws ErrnoException {
        nodes.access(session(), context, nodeId, mask);
    }

    @Override
    public long lseek(RequestContext context, long nodeId, long fh, long offset, int whence)
            throws ErrnoException {
        return files.lseek(session(), nodeId, fh, offset, whence);
    }

    /** No provider can reserve room or punch holes. */
    @Override
    public void fallocate(
            RequestContext context, long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        session().file(nodeId, fh);
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    @Override
    public long copyFileRange(RequestContext context, long nodeId, CopyFileRangeIn in)
            throws ErrnoException {
        return files.copyFileRange(session(), nodeId, in);
    }
}
