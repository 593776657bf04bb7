package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.ControlOperations;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectoryOperations;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileOperations;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.LockOperations;
import io.jvirtiofsd.fuse.MappingOperations;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.XattrOperations;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A directory of the host as a file system for the guest. Owned by the program; makes what stays
 * the same while the directory is shared, and for each session the parts that serve it.
 *
 * <p>Requests must run between {@link Reclaimer.Reader#enter} and {@link Reclaimer.Reader#exit} of
 * the reclaimer it was opened with: that is what keeps a descriptor from being closed, and its
 * number from being used for another file, while a request uses it.
 *
 * <p><i>Thread-safe.</i>
 */
public final class PassthroughFileSystem implements FileSystem {
    private final HostDirectory share;
    private final Reclaimer reclaimer;
    private final HostWindow window;
    private final Credentials credentials;
    private final Umask umask;
    private final FileCapability capability;
    private final LockWaiters waiters;
    private final SpareDescriptors spares;

    private PassthroughFileSystem(
            Syscalls syscalls,
            Reclaimer reclaimer,
            HostDirectory share,
            PassthroughOptions options,
            Optional<DaxPolicy> dax) {
        this.share = share;
        this.reclaimer = reclaimer;
        this.window = new HostWindow(share, dax);
        this.credentials = new Credentials(syscalls, options.ids());
        this.umask = new Umask(syscalls);
        this.capability = new FileCapability(syscalls, options.xattrs());
        this.waiters = new LockWaiters(syscalls);
        this.spares = new SpareDescriptors(syscalls, share.root());
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
        try (Parts parts = new Parts()) {
            HostDirectory share = HostDirectory.open(syscalls, directory, options);
            parts.add(share::close);
            PassthroughFileSystem opened =
                    new PassthroughFileSystem(syscalls, reclaimer, share, options, dax);
            parts.complete();
            return opened;
        }
    }

    @Override
    public Session begin(DaxMode mode) {
        return parts(session(mode, HostSession.Numbering.fresh()));
    }

    private HostSession session(DaxMode mode, HostSession.Numbering numbering) {
        Fd root;
        try {
            root = share.newRootPath();
        } catch (ErrnoException e) {
            throw new IllegalStateException("cannot open the shared directory again", e);
        }
        PathDescriptors descriptors = new PathDescriptors(share, reclaimer, spares);
        return new HostSession(
                share, root, descriptors, reclaimer, credentials, window, mode, numbering);
    }

    private HostParts parts(HostSession session) {
        Lookups lookups = new Lookups(share, session, window);
        HostXattrs xattrs = new HostXattrs(share, session, credentials);
        HostLocks locks = new HostLocks(share, session, waiters);
        HostDirectories directories = new HostDirectories(share, session, lookups);
        Creation creation = new Creation(share, session, lookups, credentials, umask, xattrs);
        return new HostParts(
                this,
                session,
                new HostNodes(share, session, window, credentials, capability),
                new HostNames(share, session, lookups, creation),
                new HostFiles(
                        share, session, lookups, creation, window, credentials, capability, locks),
                directories,
                xattrs,
                locks,
                window.isPresent()
                        ? new HostMappings(share, session, window)
                        : MappingOperations.NONE,
                new HostControls(share, session, window, directories));
    }

    @Override
    public boolean isMigratable() {
        return true;
    }

    @Override
    public Session resume(DataInput in) throws IOException {
        HostSession session = session(DaxMode.NEVER, SessionLoader.numbering(in));
        try (Parts parts = new Parts()) {
            parts.add(session::end);
            new SessionLoader(share, session, reclaimer, in).load();
            parts.complete();
            return parts(session);
        }
    }

    private void save(HostSession session, DataOutput out) throws IOException {
        new SessionSaver(share, session, reclaimer, out).save();
    }

    /** A session, all of whose parts work on {@code known}. */
    record HostParts(
            PassthroughFileSystem fileSystem,
            HostSession known,
            NodeOperations nodes,
            NameOperations names,
            FileOperations files,
            DirectoryOperations directories,
            XattrOperations xattrs,
            LockOperations locks,
            MappingOperations mappings,
            ControlOperations controls)
            implements Session {
        @Override
        public void forget(long nodeId, long lookups) {
            known.forget(nodeId, lookups);
        }

        @Override
        public void save(DataOutput out) throws IOException {
            fileSystem.save(known, out);
        }

        @Override
        public void close() {
            known.end();
        }
    }

    @Override
    public String report() {
        return window.report();
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
    public boolean mapsFiles() {
        return window.isAttached();
    }

    @Override
    public void close() {
        waiters.close();
        spares.close();
        share.close();
    }
}
