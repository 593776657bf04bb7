package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one request after another on one thread; owned by that thread. Alone responsible for
 * lengths, ids, errors and the trace.
 *
 * <p>An operation runs only if its answer can be delivered: what creates or counts must not happen
 * unseen. <i>Confined to its thread.</i> Source: fuse.h; virtio 1.3, 5.11.6.1.
 */
public final class FuseWorker {
    /** What {@link #handle} returns for a request that is answered later. */
    public static final int PARKED = -1;

    private static final Logger LOG = LoggerFactory.getLogger(FuseWorker.class);
    private static final AtomicBoolean SWAPPED_REPORTED = new AtomicBoolean();

    private final FuseServer server;
    private final Request request;
    private final Consumer<String> trace; // null when off
    private ParkedRequest parked; // by the last request, until asked for

    FuseWorker(FuseServer server, Consumer<String> trace) {
        this.server = server;
        this.request = new Request(server);
        this.trace = trace;
    }

    /**
     * Serves one request; reader and writer are borrowed. Throws for nothing that the guest or the
     * file system can cause.
     *
     * @return bytes of the answer, all at the front of {@code writer}; 0 for none; {@link #PARKED}
     *     if {@link #parked} must be started
     */
    public int handle(RequestReader reader, ReplyWriter writer) {
        if (reader.remaining() < InHeader.BYTES) {
            return 0; // not even an id to answer to
        }
        Opcode opcode = null;
        try {
            request.begin(reader, writer);
            int code = request.header().opcode();
            if (code == Opcode.INIT_SWAPPED) {
                reportSwapped();
                return 0; // an answer would not be understood
            }
            opcode = Opcode.of(code);
            return serve(opcode, writer.capacity());
        } catch (RuntimeException | InternalError e) { // the buffers themselves are out of reach
            server.bug(opcode, e);
            return 0;
        }
    }

    /**
     * Whether a request will probably keep its thread waiting, going by what those of its kind have
     * taken so far: a guess, since the guest may change it until it is handled.
     */
    public boolean isSlow(RequestReader reader) {
        if (!server.slow().any() || reader.remaining() < InHeader.BYTES) {
            return false;
        }
        return server.slow().isSlow(request.peekOpcode(reader));
    }

    /**
     * Answers EIO to a request of which a part is out of reach: reader and writer end before it.
     *
     * @return as {@link #handle}; 0 if not even the error has room
     */
    public int refuse(RequestReader reader, ReplyWriter writer) {
        if (writer.capacity() < Request.OUT_HEADER_BYTES) {
            return 0;
        }
        try {
            return request.refuse(reader, writer, Errno.EIO);
        } catch (InternalError e) { // SIGBUS: memory of the guest that has no backing any more
            server.bug(null, e);
            return 0;
        }
    }

    /** The last request, if {@link #handle} has returned {@link #PARKED} for it; given once. */
    public ParkedRequest parked() {
        ParkedRequest given = parked;
        parked = null;
        return given;
    }

    private int serve(Opcode opcode, int capacity) {
        boolean answered = opcode == null || opcode.reply() != Reply.NONE;
        if (answered && capacity < Request.OUT_HEADER_BYTES) {
            return 0;
        }
        int errno = opcode != null && opcode.mayWait() ? runMeasured(opcode) : run(opcode);
        if (errno == 0 && request.parkedFor() != null) {
            parked = new ParkedRequest(server, opcode, request, request.parkedFor(), trace);
            return PARKED;
        }
        int length = 0;
        if (answered) {
            length = errno == 0 ? request.deliver() : request.deliverError(errno);
        }
        server.count(opcode, errno != 0);
        if (trace != null) {
            trace.accept(TraceLine.of(request, opcode, errno, length));
        }
        return length;
    }

    private int runMeasured(Opcode opcode) {
        long begin = System.nanoTime();
        int errno = run(opcode);
        server.slow().note(opcode.code(), System.nanoTime() - begin);
        return errno;
    }

    /** Runs the operation; 0 or the errno to answer. */
    private int run(Opcode opcode) {
        try {
            admit(opcode);
            opcode.operation().run(request);
            return 0;
        } catch (ErrnoException e) {
            return e.errno();
        } catch (OutOfMemoryError e) {
            server.outOfMemory(opcode);
            return Errno.ENOMEM;
        } catch (RuntimeException | Error e) { // InternalError: the guest's memory has no backing
            server.bug(opcode, e);
            return Errno.EIO;
        } finally {
            request.leaveSession();
        }
    }

    /**
     * Checks what must be right before an operation may run, and loads its arguments.
     *
     * @param opcode null for an unknown one, which is refused
     */
    private void admit(Opcode opcode) throws ErrnoException {
        if (!request.lengthMatches()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        FuseServer.Begun current = server.current();
        if (current == null && opcode != Opcode.INIT) {
            throw ErrnoException.of(Errno.EIO);
        }
        if (opcode == null) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
        if (opcode.reply() != Reply.NONE && request.room() < opcode.reply().bodyBytes()) {
            throw ErrnoException.of(Errno.EIO);
        }
        request.load(opcode, opcode == Opcode.INIT ? null : current);
    }

    private static void reportSwapped() {
        if (SWAPPED_REPORTED.compareAndSet(false, true)) {
            LOG.warn("the guest has the other byte order, which is not supported");
        }
    }
}
