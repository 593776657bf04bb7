package io.jvirtiofsd.backend;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.server.Feature;
import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.nio.NioFileSystem;
import io.jvirtiofsd.nio.NioOptions;
import io.jvirtiofsd.passthrough.CacheOptions;
import io.jvirtiofsd.passthrough.CachePolicy;
import io.jvirtiofsd.passthrough.DaxPolicy;
import io.jvirtiofsd.passthrough.PassthroughFileSystem;
import io.jvirtiofsd.passthrough.PassthroughOptions;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.Listener;
import io.jvirtiofsd.vhost.TransportOptions;
import io.jvirtiofsd.vhost.VhostUserServer;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shared directory with everything that serves it: file system, device, server. Owned by the
 * program, or by whoever embeds it.
 *
 * <p><i>Confined to the caller's thread</i>, but for {@link #end}, which any may call.
 */
public final class BackEnd implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackEnd.class);

    private final Optional<DaxWindow> window;
    private final FileSystem fileSystem;
    private final VhostUserServer server;

    private BackEnd(Optional<DaxWindow> window, FileSystem fileSystem, VhostUserServer server) {
        this.window = window;
        this.fileSystem = fileSystem;
        this.server = server;
    }

    /**
     * Opens the directory and the socket with the system calls of this machine.
     *
     * @throws IOException if either cannot be used; the message is one sentence for people
     */
    public static BackEnd open(BackEndOptions options) throws IOException {
        return open(Syscalls.load(), options);
    }

    /**
     * Opens the directory and the socket. A directory of the host is shared by its descriptors; one
     * of any other {@code java.nio.file} provider through that provider. Whatever is thrown, what
     * was opened is closed.
     *
     * @throws IOException if either cannot be used; the message is one sentence for people
     */
    public static BackEnd open(Syscalls syscalls, BackEndOptions options) throws IOException {
        Reclaimer reclaimer = new Reclaimer();
        try (Parts parts = new Parts()) {
            Optional<DaxWindow> window = window(syscalls, options);
            window.ifPresent(opened -> parts.add(opened::close));
            FileSystem fileSystem = fileSystem(syscalls, reclaimer, options, window);
            parts.add(fileSystem::close);
            VirtioFsDevice device =
                    new VirtioFsDevice(
                            new FuseServer(
                                    fileSystem,
                                    fuseOptions(options)
                                            .with(Feature.NO_OPENDIR, fileSystem.listsByNode())
                                            .with(Feature.EXPORT, fileSystem.findsForgotten())),
                            options.tag(),
                            window);
            TransportOptions transport =
                    new TransportOptions(
                            options.threadPoolSize(), options.keepListening(), options.trace());
            Listener listener =
                    options.socketPath() != null
                            ? Listener.bind(
                                    syscalls,
                                    options.socketPath(),
                                    options.socketGroup(),
                                    options.process())
                            : Listener.adopt(syscalls, options.fd());
            parts.add(listener);
            VhostUserServer server =
                    new VhostUserServer(syscalls, listener, device, transport, reclaimer);
            parts.complete();
            return new BackEnd(window, fileSystem, server);
        }
    }

    private static Optional<DaxWindow> window(Syscalls syscalls, BackEndOptions options)
            throws IOException {
        DaxOptions dax = options.dax();
        return dax.windowBytes() == 0 || !isOnHost(options)
                ? Optional.empty()
                : Optional.of(DaxWindow.open(syscalls, dax.windowBytes(), dax.guard()));
    }

    private static FileSystem fileSystem(
            Syscalls syscalls,
            Reclaimer reclaimer,
            BackEndOptions options,
            Optional<DaxWindow> window)
            throws IOException {
        if (!isOnHost(options)) {
            return NioFileSystem.open(options.sharedDir(), nioOptions(syscalls, options));
        }
        return PassthroughFileSystem.open(
                syscalls,
                reclaimer,
                options.sharedDir(),
                options.files(),
                window.map(present -> new DaxPolicy(present, options.dax().threshold())));
    }

    private static boolean isOnHost(BackEndOptions options) {
        return options.sharedDir().getFileSystem() == FileSystems.getDefault();
    }

    /**
     * The most nodes of another provider: each takes heap, which may allow fewer than the option.
     */
    private static int maxNodes(BackEndOptions options) {
        return Math.min(options.files().maxInodes(), NioOptions.defaultMaxNodes());
    }

    /** Options for another provider: a file without an owner belongs to the daemon's user. */
    private static NioOptions nioOptions(Syscalls syscalls, BackEndOptions options) {
        CachePolicy policy = options.files().cache().policy();
        return new NioOptions(
                syscalls.geteuid(),
                syscalls.getegid(),
                options.files().readOnly(),
                policy.validNanos(),
                options.files().cache().negativeNanos(),
                maxNodes(options),
                NioOptions.defaultOpenBytes(),
                policy.fileFlags(),
                policy.directoryFlags());
    }

    private static FuseOptions fuseOptions(BackEndOptions options) {
        // Other providers know neither access lists nor labels.
        XattrOptions xattrs = isOnHost(options) ? options.files().xattrs() : XattrOptions.off();
        PassthroughOptions files = options.files();
        CacheOptions cache = files.cache();
        FuseOptions fuse =
                FuseOptions.defaults()
                        .withPosixAcl(xattrs.posixAcl())
                        .withSecurityLabel(xattrs.securityLabel())
                        .withLocks(isOnHost(options) ? files.locks() : LockOptions.NONE)
                        .with(Feature.READDIRPLUS, cache.usesReaddirplus())
                        .with(Feature.KEPT_SYMLINKS, cache.policy().cachesSymlinks())
                        .with(Feature.SUBMOUNTS, files.announceSubmounts())
                        .with(Feature.WRITEBACK, isOnHost(options) && files.writesBack())
                        .with(Feature.SHARED_MMAP, cache.sharedMmap())
                        .with(Feature.KILLPRIV, isOnHost(options) && files.killpriv());
        if (cache.writeback() && !fuse.features().contains(Feature.WRITEBACK)) {
            LOG.warn("--writeback means nothing here: the guest has nothing to keep");
        }
        return options.trace() == null ? fuse : fuse.withTrace(options.trace());
    }

    /** Serves front-ends until there is to be no other, or until {@link #end}. */
    public void serve() throws IOException {
        server.serve();
    }

    /** Makes {@link #serve} return soon, also in the middle of a session; removes the socket. */
    public void end() {
        server.end();
    }

    /** Closes everything; {@link #serve} must have returned. */
    @Override
    public void close() {
        server.close();
        fileSystem.close();
        window.ifPresent(DaxWindow::close);
    }
}
