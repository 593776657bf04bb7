package io.jvirtiofsd.backend;

import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.server.Feature;
import io.jvirtiofsd.fuse.server.FuseOptions;
import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.linux.Listener;
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
import io.jvirtiofsd.vhost.TransportOptions;
import io.jvirtiofsd.vhost.VhostUserServer;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A shared directory with everything that serves it: file system, device, server. Owned by the
 * program, or by whoever embeds it.
 *
 * <pre>{@code
 * BackEndOptions options = BackEndOptions.builder(tree).socketPath(socket).build();
 * try (BackEnd backEnd = BackEnd.open(options)) {
 *     backEnd.serve(); // returns when the front-end has left, or after end()
 * }
 * }</pre>
 *
 * <p>It is opened, serves once, and is closed. {@link #serve} keeps the caller waiting while
 * threads of the back-end's own do the work: they alone change their identity, umask and system
 * call state. The process's umask, signal handlers, limits, system call filter and log stay as they
 * are, but for what docs/library.md lists of shares on the host. Several back-ends may serve in one
 * process, each on a socket of its own.
 *
 * <p><i>Thread-safe.</i> The calls of the file system's provider and of the trace run on the
 * back-end's threads: they must not call {@link #close}, which waits for these.
 */
public final class BackEnd implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackEnd.class);

    private final Optional<DaxWindow> window;
    private final FileSystem fileSystem;
    private final VhostUserServer server;

    private Thread control; // which serves; null until then. Guarded by this
    private boolean closed; // guarded by this

    private BackEnd(Optional<DaxWindow> window, FileSystem fileSystem, VhostUserServer server) {
        this.window = window;
        this.fileSystem = fileSystem;
        this.server = server;
    }

    /**
     * Opens the directory and makes the socket, to which front-ends can connect from then on; they
     * are answered once {@link #serve} runs. A directory of the host is shared by its descriptors;
     * one of any other {@code java.nio.file} provider through that provider, whose {@code
     * FileSystem} is borrowed: it must stay open until this is closed, and is never closed here.
     * Whatever is thrown, what was opened is closed again, but for a descriptor of {@link
     * BackEndOptions#fd} that is none of a socket.
     *
     * @throws IOException if the directory or the socket cannot be used; the message is one
     *     sentence for people
     * @throws LinkageError if this is no Linux that the native library knows, or the JVM refuses
     *     native access
     */
    public static BackEnd open(BackEndOptions options) throws IOException {
        return open(Syscalls.load(), options);
    }

    /** As {@link #open(BackEndOptions)}, with system calls that may be a test's. */
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
                            options.threadPoolSize(),
                            options.pollMicros(),
                            options.keepListening(),
                            options.trace());
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
        return dax.windowBytes() == 0 || !options.isOnHost()
                ? Optional.empty()
                : Optional.of(DaxWindow.open(syscalls, dax.windowBytes(), dax.guard()));
    }

    private static FileSystem fileSystem(
            Syscalls syscalls,
            Reclaimer reclaimer,
            BackEndOptions options,
            Optional<DaxWindow> window)
            throws IOException {
        if (!options.isOnHost()) {
            return NioFileSystem.open(options.sharedDir(), nioOptions(syscalls, options));
        }
        return PassthroughFileSystem.open(
                syscalls,
                reclaimer,
                options.sharedDir(),
                options.files(),
                window.map(present -> new DaxPolicy(present, options.dax().threshold())));
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
        XattrOptions xattrs = options.isOnHost() ? options.files().xattrs() : XattrOptions.off();
        PassthroughOptions files = options.files();
        CacheOptions cache = files.cache();
        FuseOptions fuse =
                FuseOptions.defaults()
                        .withPosixAcl(xattrs.posixAcl())
                        .withSecurityLabel(xattrs.securityLabel())
                        .withLocks(options.isOnHost() ? files.locks() : LockOptions.NONE)
                        .with(Feature.READDIRPLUS, cache.usesReaddirplus())
                        .with(Feature.KEPT_SYMLINKS, cache.policy().cachesSymlinks())
                        .with(Feature.SUBMOUNTS, files.announceSubmounts())
                        .with(Feature.WRITEBACK, options.isOnHost() && files.writesBack())
                        .with(Feature.SHARED_MMAP, cache.sharedMmap())
                        .with(Feature.KILLPRIV, options.isOnHost() && files.killpriv());
        if (cache.writeback() && !fuse.features().contains(Feature.WRITEBACK)) {
            LOG.warn("--writeback means nothing here: the guest has nothing to keep");
        }
        return options.trace() == null ? fuse : fuse.withTrace(options.trace());
    }

    /**
     * Serves front-ends, and returns when one has disconnected and there is to be no other ({@link
     * BackEndOptions#keepListening}), or after {@link #end}. Then no thread of a session runs any
     * more, and the provider is not called.
     *
     * <p>An interruption of the calling thread, also one from before the call, is an {@code end()}:
     * this returns in the same way, with the thread's interrupt status set.
     *
     * @throws IOException if no connection can be accepted, as with no descriptor left. What a peer
     *     or the provider does wrong is never thrown: it costs a request, a ring or a session, and
     *     is logged
     * @throws IllegalStateException if it has been called before, or after {@link #close}
     */
    public void serve() throws IOException {
        AtomicReference<Throwable> failure = new AtomicReference<>();
        awaitEnd(start(failure));
        Throwable thrown = failure.get();
        if (thrown instanceof IOException e) {
            throw e;
        } else if (thrown instanceof RuntimeException e) {
            throw e;
        } else if (thrown instanceof Error e) {
            throw e;
        }
    }

    private synchronized Thread start(AtomicReference<Throwable> failure) {
        if (closed || control != null) {
            throw new IllegalStateException(closed ? "it is closed" : "it serves only once");
        }
        Thread serving = new Thread(() -> run(failure), "vhost-control");
        serving.start();
        control = serving;
        return serving;
    }

    private void run(AtomicReference<Throwable> failure) {
        try {
            server.serve();
        } catch (IOException | RuntimeException | Error e) {
            failure.set(e);
        }
    }

    /** Waits until {@code serving} has ended; being interrupted, has it end. */
    private void awaitEnd(Thread serving) {
        boolean interrupted = false;
        while (serving.isAlive()) {
            try {
                serving.join();
            } catch (InterruptedException e) {
                interrupted = true;
                end();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Makes {@link #serve} return soon, also in the middle of a session, and removes the socket.
     * Requests in flight are finished first: one that the provider does not answer is waited for.
     * Called before {@code serve}, it makes that return at once. Any thread may call it, at any
     * time and again; it does not wait.
     */
    public void end() {
        server.end();
    }

    /**
     * Ends as {@link #end} does, waits until {@link #serve} is about to return, and closes
     * everything but the provider's {@code FileSystem}. Closing again does nothing.
     *
     * @throws IllegalStateException on the thread that serves, for which it would have to wait
     */
    @Override
    public void close() {
        Thread serving;
        synchronized (this) {
            if (Thread.currentThread() == control) {
                throw new IllegalStateException("it cannot be closed by its own thread");
            }
            if (closed) {
                return;
            }
            closed = true;
            serving = control;
        }
        end();
        if (serving != null) {
            awaitEnd(serving);
        }
        server.close();
        fileSystem.close();
        window.ifPresent(DaxWindow::close);
    }
}
