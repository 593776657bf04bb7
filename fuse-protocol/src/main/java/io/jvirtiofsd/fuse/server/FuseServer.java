package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.List;

/**
 * Serves a {@link FileSystem} to one guest: the session that INIT begins, and a {@link FuseWorker}
 * for each thread that takes requests. Owned by the device, owns the file system's sessions.
 *
 * <p><i>Thread-safe.</i> Source: fuse.h; virtio 1.3, 5.11.6.
 */
public final class FuseServer {
    /** A session, and what was agreed on when it began. */
    record Begun(Negotiated negotiated, Session session) {}

    private final FileSystem fileSystem;
    private final FuseOptions options;
    private final Statistics statistics = new Statistics();
    private final SessionLog log = new SessionLog();
    private final Bugs bugs = new Bugs();
    private final SlowKinds slow = new SlowKinds();
    private volatile Begun current;

    /** Borrows {@code fileSystem}. */
    public FuseServer(FileSystem fileSystem, FuseOptions options) {
        this.fileSystem = fileSystem;
        this.options = options;
    }

    /** A worker for one more thread. */
    public FuseWorker newWorker() {
        return new FuseWorker(this, options.trace().orElse(null));
    }

    /** Ends the session: the guest must begin a new one with INIT. */
    public synchronized void reset() {
        Begun ending = current;
        if (ending != null) {
            current = null;
            log.end(statistics(), fileSystem.report());
            ending.session().close();
        }
    }

    /**
     * Begins a session, ending the one before.
     *
     * @throws ErrnoException EPROTO if there is no version that both speak
     */
    synchronized InitOut init(InitIn offer) throws ErrnoException {
        if (Integer.compareUnsigned(offer.major(), Negotiated.MAJOR) > 0) {
            // The guest sends another INIT of the version it is told.
            return InitOut.versionOnly(Negotiated.MAJOR, Negotiated.MINOR);
        }
        if (offer.major() != Negotiated.MAJOR) {
            throw ErrnoException.of(Errno.EPROTO);
        }
        Negotiated next = Negotiated.of(offer, options, fileSystem.mapsFiles());
        reset();
        Session session = fileSystem.begin(next.daxMode());
        log.begin(statistics());
        current = new Begun(next, session);
        return next.reply();
    }

    /** Whether a session can go on in another process. */
    public boolean isMigratable() {
        return fileSystem.isMigratable();
    }

    /**
     * Writes the session, if there is one, for {@link #load} in another process. It goes on here as
     * it is. No request is running.
     *
     * @throws IOException if it cannot go to another process, in one sentence for people; or that
     *     of {@code out}
     */
    public synchronized void save(DataOutput out) throws IOException {
        Begun saved = current;
        out.writeBoolean(saved != null);
        if (saved != null) {
            saved.negotiated().save(out);
            saved.session().save(out);
        }
    }

    /**
     * Goes on with the session that {@link #save} of another process wrote, ending the one here.
     *
     * @param in perhaps of a hostile process; read to the end of what was saved
     * @throws IOException if it cannot be used, in one sentence for people; there is no session
     *     then
     */
    public synchronized void load(DataInput in) throws IOException {
        reset();
        if (!in.readBoolean()) {
            return;
        }
        Negotiated negotiated = Negotiated.load(in, options);
        Session session = fileSystem.resume(in);
        log.begin(statistics());
        current = new Begun(negotiated, session);
    }

    /** The session that requests work on which begin now; null before INIT. */
    Begun current() {
        return current;
    }

    /** Counters of all operations that were asked for, since the server was made. */
    public List<OperationCounts> statistics() {
        return statistics.counts();
    }

    /** Which kinds of requests take long. */
    SlowKinds slow() {
        return slow;
    }

    /** Counts an answered request; {@code opcode} is null for an unknown one. */
    void count(Opcode opcode, boolean failed) {
        statistics.count(opcode, failed);
    }

    /** Counts and logs what neither the server nor the file system should throw. */
    void bug(Opcode opcode, Throwable cause) {
        statistics.countBug(opcode);
        bugs.report(opcode, cause);
    }

    /**
     * Makes room, and logs, once and if there is memory for it, that an operation had too little.
     */
    void outOfMemory(Opcode opcode) {
        fileSystem.outOfMemory();
        bugs.reportOutOfMemory(opcode);
    }
}
