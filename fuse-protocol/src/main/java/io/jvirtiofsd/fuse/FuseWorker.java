package io.jvirtiofsd.fuse;

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
    private static final Logger LOG = LoggerFactory.getLogger(FuseWorker.class);
    private static final AtomicBoolean SWAPPED_REPORTED = new AtomicBoolean();

    private final FuseServer server;
    private final Request request;
    private final Consumer<String> trace;
    private final Bugs bugs;

    FuseWorker(FuseServer server, Consumer<String> trace, Bugs bugs) {
        this.server = server;
        this.request = new Request(server);
        this.trace = trace;
        this.bugs = bugs;
    }

    /**
     * Serves one request; reader and writer are borrowed. Throws for nothing that the guest or the
     * file system can cause.
     *
     * @return bytes of the answer, all at the front of {@code writer}; 0 for none
     */
    public int handle(RequestReader reader, ReplyWriter writer) {
        if (reader.remaining() < InHeader.BYTES) {
            return 0; // not even an id to answer to
        }
        request.begin(reader, writer);
        Opcode opcode = Opcode.of(request.header().opcode());
        if (opcode == null) {
            reportSwapped(request.header().opcode());
        }
        boolean answered = opcode == null || opcode.reply() != Reply.NONE;
        if (answered && writer.capacity() < Request.OUT_HEADER_BYTES) {
            return 0;
        }
        int errno = opcode == null ? Errno.ENOSYS : run(opcode);
        int length = 0;
        if (answered) {
            length = errno == 0 ? request.deliver() : request.deliverError(errno);
        }
        if (trace != null) {
            trace.accept(TraceLine.of(request, opcode, errno, length));
        }
        return length;
    }

    /** Runs the operation; 0 or the errno to answer. */
    private int run(Opcode opcode) {
        try {
            if (!request.lengthMatches()) {
                return Errno.EINVAL;
            }
            Negotiated session = server.session();
            if (session == null && opcode != Opcode.INIT) {
                return Errno.EIO;
            }
            if (request.room() < opcode.reply().bodyBytes() && opcode.reply() != Reply.NONE) {
                return Errno.EIO;
            }
            request.load(opcode, session);
            opcode.operation().run(request);
            return 0;
        } catch (ErrnoException e) {
            return e.errno();
        } catch (RuntimeException | InternalError e) { // InternalError: memory cut short, SIGBUS
            bugs.report(opcode, e);
            return Errno.EIO;
        }
    }

    private static void reportSwapped(int opcode) {
        if (opcode == Opcode.INIT_SWAPPED && SWAPPED_REPORTED.compareAndSet(false, true)) {
            LOG.warn("the guest has the other byte order, which is not supported");
        }
    }
}
