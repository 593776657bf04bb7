package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;

/** Operations on the session as a whole. */
final class SessionRequests {
    private SessionRequests() {}

    static void init(Request request) throws ErrnoException {
        InitIn offer = InitIn.read(request.arguments());
        request.server().init(offer).write(request.body());
    }

    static void destroy(Request request) {
        request.server().reset();
    }

    /** Linux guests of virtio-fs interrupt nothing, and nothing here waits for long. */
    static void interrupt(Request request) {
        // The request it names is answered in its own time.
    }

    static void notSupported(Request request) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
