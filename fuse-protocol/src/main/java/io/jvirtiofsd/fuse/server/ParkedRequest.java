package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.LockWait;
import java.util.function.Consumer;

/**
 * A request whose answer comes later, from another thread: given by the {@link FuseWorker} that has
 * served the request so far. <i>Thread-safe.</i>
 */
public final class ParkedRequest {
    private final FuseServer server;
    private final Opcode opcode;
    private final long unique;
    private final LockWait wait;
    private final Consumer<String> trace; // null when off
    private final String asked; // likewise

    ParkedRequest(
            FuseServer server,
            Opcode opcode,
            Request request,
            LockWait wait,
            Consumer<String> trace) {
        this.server = server;
        this.opcode = opcode;
        this.unique = request.header().unique();
        this.wait = wait;
        this.trace = trace;
        this.asked = trace == null ? null : TraceLine.asked(request, opcode);
    }

    /** Begins to wait; {@code answer} takes the whole answer, once, on any thread. */
    public void start(Consumer<byte[]> answer) {
        wait.start(
                errno -> {
                    server.count(opcode, errno != 0);
                    if (trace != null) {
                        trace.accept(asked + (errno == 0 ? "ok" : "-" + Errno.name(errno)));
                    }
                    answer.accept(header(errno));
                });
    }

    /** Gives up; the answer has been given, or another thread is giving it. */
    public void cancel() {
        wait.cancel();
    }

    private byte[] header(int errno) {
        WireWriter out = new WireWriter(Request.OUT_HEADER_BYTES);
        out.u32(Request.OUT_HEADER_BYTES);
        out.u32(-errno);
        out.u64(unique);
        return out.array();
    }
}
