package io.jvirtiofsd.fuse;

/**
 * Serves a {@link FileSystem} to one guest: the session that INIT begins, and a {@link FuseWorker}
 * for each thread that takes requests. Owned by the device, owns the file system's sessions.
 *
 * <p><i>Thread-safe.</i> Source: fuse.h; virtio 1.3, 5.11.6.
 */
public final class FuseServer {
    private final FileSystem fileSystem;
    private final FuseOptions options;
    private final Bugs bugs = new Bugs();
    private volatile Negotiated session;

    /** Borrows {@code fileSystem}. */
    public FuseServer(FileSystem fileSystem, FuseOptions options) {
        this.fileSystem = fileSystem;
        this.options = options;
    }

    /** A worker for one more thread. */
    public FuseWorker newWorker() {
        return new FuseWorker(this, options.trace().orElse(null), bugs);
    }

    /** Ends the session: the guest must begin a new one with INIT. */
    public synchronized void reset() {
        if (session != null) {
            session = null;
            fileSystem.destroy();
        }
    }

    /**
     * Begins a session, ending the one before.
     *
     * @throws ErrnoException EPROTO if there is no version that both speak
     */
    synchronized InitOut init(InitIn offer) throws ErrnoException {
        if (offer.major() > Negotiated.MAJOR) {
            // The guest sends another INIT of the version it is told.
            return InitOut.versionOnly(Negotiated.MAJOR, Negotiated.MINOR);
        }
        if (offer.major() < Negotiated.MAJOR) {
            throw ErrnoException.of(Errno.EPROTO);
        }
        Negotiated next = Negotiated.of(offer, options);
        reset();
        fileSystem.init();
        session = next;
        return next.reply();
    }

    FileSystem fileSystem() {
        return fileSystem;
    }

    /** What was agreed on, or null before INIT. */
    Negotiated session() {
        return session;
    }

    /** Number of requests that failed by a bug of the server or the file system. */
    public long bugCount() {
        return bugs.count();
    }
}
