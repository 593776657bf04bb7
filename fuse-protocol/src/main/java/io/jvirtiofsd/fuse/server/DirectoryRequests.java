package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.server.FileRequests.FsyncIn;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.ReadIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;

/** Operations on open directories. */
final class DirectoryRequests {
    private DirectoryRequests() {}

    static void opendir(Request request) throws ErrnoException {
        if (InitFlag.NO_OPENDIR_SUPPORT.in(request.negotiated().flags())) {
            throw ErrnoException.of(Errno.ENOSYS); // the guest opens none from now on
        }
        OpenOut.write(request.body(), request.session().directories().opendir(request.nodeId()));
    }

    static void readdir(Request request) throws ErrnoException {
        readdir(request, false);
    }

    static void readdirplus(Request request) throws ErrnoException {
        readdir(request, true);
    }

    /** As with getdents(2), an error after some entries waits for the next call. */
    private static void readdir(Request request, boolean plus) throws ErrnoException {
        ReadIn in = ReadIn.read(request.arguments());
        Request.requireRange(in.offset(), 0);
        int wanted = in.size() < 0 ? Request.MAX_READDIR_BYTES : in.size();
        int size = Math.min(Math.min(wanted, request.room()), Request.MAX_READDIR_BYTES);
        DirectoryBuffer sink = request.directory();
        sink.begin(size, plus, request.negotiated().attrFlags());
        try {
            request.session()
                    .directories()
                    .readdir(request.nodeId(), in.fh(), in.offset(), plus, sink);
        } catch (ErrnoException e) {
            if (sink.isEmpty()) {
                throw e;
            }
        } catch (RuntimeException | Error e) {
            sink.takeBack(request.session());
            throw e;
        }
        if (sink.isEmpty() && sink.hasRefused()) {
            throw ErrnoException.of(Errno.EINVAL); // empty would mean the end of the directory
        }
    }

    static void releasedir(Request request) throws ErrnoException {
        ReleaseIn in = ReleaseIn.read(request.arguments());
        request.session().directories().releasedir(in.fh());
    }

    static void fsyncdir(Request request) throws ErrnoException {
        FsyncIn in = FsyncIn.read(request.arguments());
        boolean dataOnly = (in.fsyncFlags() & FsyncIn.FSYNC_FDATASYNC) != 0;
        request.session().directories().fsyncdir(request.nodeId(), in.fh(), dataOnly);
    }
}
