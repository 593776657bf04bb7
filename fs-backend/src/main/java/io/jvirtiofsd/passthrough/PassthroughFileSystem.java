package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.fuse.LockWait;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.Statfs;
import io.jvirtiofsd.fuse.WindowRange;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A directory of the host as a file system for the guest. Owned by the program; delegates to one
 * class per kind of operation, each working on the current session.
 *
 * <p>Requests must run between {@link Reclaimer.Reader#enter} and {@link Reclaimer.Reader#exit} of
 * the reclaimer it was opened with: that is what keeps a descriptor from being closed, and its
 * number from being used for another file, while a request uses it.
 *
 * <p><i>Thread-safe.</i>
 */
public final class PassthroughFileSystem implements FileSystem {
    private static final int RENAME_FLAGS = 1 | 2 | 4; // NOREPLACE, EXCHANGE, WHITEOUT

    private final HostDirectory share;
    private final HostNodes nodes;
    private final HostFiles files;
    private final HostDirectories directories;
    private final HostControls controls;
    private volatile HostSession session;

    private PassthroughFileSystem(HostDirectory share) {
        this.share = share;
        this.nodes = new HostNodes(share);
        this.files = new HostFiles(share);
        this.directories = new HostDirectories(share);
        this.controls = new HostControls(share, directories);
    }

    /**
     * Opens {@code directory} to be shared.
     *
     * @param dax which files are mapped in the DAX window; empty for none
     * @throws IOException if it cannot be used; the message is one sentence for people
     */
    public static PassthroughFileSystem open(
            Syscalls syscalls,
            Reclaimer reclaimer,
            Path directory,
            PassthroughOptions options,
            Optional<DaxPolicy> dax)
            throws IOException {
        return new PassthroughFileSystem(
                HostDirectory.open(syscalls, reclaimer, directory, options, dax));
    }

    private HostSession session() throws ErrnoException {
        HostSession current = session;
        if (current == null) {
            throw ErrnoException.of(Errno.ENOTCONN);
        }
        assert share.credentials().areOurs() : "the last request of this thread has left its own";
        return current;
    }

    @Override
    public void init() {
        init(DaxMode.NEVER);
    }

    @Override
    public synchronized void init(DaxMode mode) {
        destroy();
        share.mappings().ifPresent(mappings -> mappings.begin(mode));
        try {
            session = new HostSession(share, share.newRootPath());
        } catch (ErrnoException e) {
            throw new IllegalStateException("cannot open the shared directory again", e);
        }
    }

    @Override
    public synchronized void destroy() {
        HostSession old = session;
        session = null;
        if (old != null) {
            old.end();
        }
    }

    @Override
    public void close() {
        destroy();
        share.close();
    }

    @Override
    public Entry lookup(Caller context, long parent, Name name) throws ErrnoException {
        HostSession current = session();
        int directory = current.directory(parent);
        Entry entry = Lookups.lookup(current, directory, name);
        if (entry.nodeId() == 0) {
            current.requireName(current.inode(parent), directory);
        }
        return entry;
    }

    @Override
    public void forget(long nodeId, long lookups) {
        HostSession current = session;
        if (current != null) {
            current.forget(nodeId, lookups);
        }
    }

    @Override
    public Attributes getattr(Caller context, long nodeId, boolean hasHandle, long fh)
            throws ErrnoException {
        return nodes.getattr(session(), nodeId, hasHandle, fh);
    }

    @Override
    public FullAttributes statx(Caller context, long nodeId, boolean hasHandle, long fh, int mask)
            throws ErrnoException {
        return nodes.statx(session(), nodeId, hasHandle, fh, mask);
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
        return nodes.symlink(session(), context, parent, name, target);
    }

    @Override
    public Entry mknod(Caller context, long parent, Name name, int mode, int rdev, int umask)
            throws ErrnoException {
        return nodes.mknod(session(), context, parent, name, mode, rdev, umask);
    }

    @Override
    public Entry mkdir(Caller context, long parent, Name name, int mode, int umask)
            throws ErrnoException {
        return nodes.mkdir(session(), context, parent, name, mode, umask);
    }

    @Override
    public void unlink(Caller context, long parent, Name name) throws ErrnoException {
        nodes.unlink(session(), parent, name, 0);
    }

    @Override
    public void rmdir(Caller context, long parent, Name name) throws ErrnoException {
        nodes.unlink(session(), parent, name, Fcntl.AT_REMOVEDIR);
    }

    @Override
    public void rename(
            Caller context, long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        if ((flags & ~RENAME_FLAGS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        nodes.rename(session(), parent, name, newParent, newName, flags);
    }

    @Override
    public Entry link(Caller context, long nodeId, long newParent, Name newName)
            throws ErrnoException {
        return nodes.link(session(), nodeId, newParent, newName);
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
    public CreateReply tmpfile(Caller context, long directory, NewFile in) throws ErrnoException {
        return files.tmpfile(session(), context, directory, in);
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

    @Override
    public void flush(Caller context, long nodeId, long fh, long lockOwner) throws ErrnoException {
        files.flush(session(), nodeId, fh, lockOwner);
    }

    @Override
    public void release(Caller context, long nodeId, long fh) throws ErrnoException {
        files.release(session(), fh);
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
        directories.fsync(session(), nodeId, fh, dataOnly);
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

    @Override
    public void fallocate(Caller context, long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        files.fallocate(session(), nodeId, fh, offset, length, mode);
    }

    @Override
    public long copyFileRange(Caller context, long nodeId, CopyRequest in) throws ErrnoException {
        return files.copyFileRange(session(), nodeId, in);
    }

    @Override
    public void syncfs(Caller context, long nodeId) throws ErrnoException {
        controls.syncfs(session(), nodeId);
    }

    @Override
    public byte[] ioctlGet(Caller context, long nodeId, long fh, int command, int bytes)
            throws ErrnoException {
        return controls.get(session(), nodeId, fh, command, bytes);
    }

    @Override
    public void ioctlSet(Caller context, long nodeId, long fh, int command, byte[] value)
            throws ErrnoException {
        controls.set(session(), nodeId, fh, command, value);
    }

    @Override
    public int poll(Caller context, long nodeId, long fh, int events) throws ErrnoException {
        return controls.poll(session(), nodeId, fh, events);
    }

    @Override
    public FileLock getlk(Caller context, long nodeId, LockRequest in) throws ErrnoException {
        return share.locks().getlk(session(), nodeId, in);
    }

    @Override
    public void setlk(Caller context, long nodeId, LockRequest in) throws ErrnoException {
        share.locks().setlk(session(), nodeId, in, false);
    }

    @Override
    public Optional<LockWait> setlkw(Caller context, long nodeId, LockRequest in)
            throws ErrnoException {
        return share.locks().setlk(session(), nodeId, in, true);
    }

    @Override
    public void setxattr(
            Caller context, long nodeId, Name name, byte[] value, int flags, boolean killSgid)
            throws ErrnoException {
        share.xattrs().set(session(), nodeId, name, value, flags, killSgid);
    }

    @Override
    public byte[] getxattr(Caller context, long nodeId, Name name) throws ErrnoException {
        return share.xattrs().get(session(), nodeId, name);
    }

    @Override
    public byte[] listxattr(Caller context, long nodeId) throws ErrnoException {
        return share.xattrs().list(session(), context, nodeId);
    }

    @Override
    public void removexattr(Caller context, long nodeId, Name name) throws ErrnoException {
        share.xattrs().remove(session(), nodeId, name);
    }

    @Override
    public String report() {
        return share.mappings().map(HostMappings::report).orElse("");
    }

    @Override
    public boolean listsByNode() {
        return share.listsByNode();
    }

    @Override
    public boolean findsForgotten() {
        return share.mount().opensHandles();
    }

    @Override
    public Entry find(Caller context, long nodeId) throws ErrnoException {
        return Lookups.find(session(), nodeId);
    }

    @Override
    public Entry parent(Caller context, long nodeId) throws ErrnoException {
        return Lookups.parent(session(), nodeId);
    }

    @Override
    public boolean mapsFiles() {
        return share.mappings().map(HostMappings::isPossible).orElse(false);
    }

    @Override
    public void setupMapping(
            Caller context, long nodeId, long fileOffset, boolean writing, WindowRange range)
            throws ErrnoException {
        share.requireMappings().setup(session(), nodeId, fileOffset, range);
    }

    @Override
    public void removeMappings(Caller context, List<WindowRange> ranges) throws ErrnoException {
        share.requireMappings().remove(ranges);
    }
}
