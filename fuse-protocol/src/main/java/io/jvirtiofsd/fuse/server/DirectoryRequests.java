package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.server.FileRequests.FsyncIn;
import io.jvirtiofsd.fuse.server.FileRequests.OpenIn;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.ReadIn;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;

/** Operations on open directories. */
final class DirectoryRequests {
    private DirectoryRequests() {}

    static void opendir(Request request) throws ErrnoException {
        if (InitFlag.NO_OPENDIR_SUPPORT.in(request.session().flags())) {
            throw ErrnoException.of(Errno.ENOSYS); // the guest opens none from now on
        }
        OpenIn in = OpenIn.read(request.arguments());
        OpenOut.write(
                request.body(),
                request.fileSystem().opendir(request.header(), request.nodeId(), in.flags()));
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
        sink.begin(size, plus, request.session().attrFlags());
        FileSystem fileSystem = request.fileSystem();
        try {
            fileSystem.readdir(
                    request.header(), request.nodeId(), in.fh(), in.offset(), plus, sink);
        } catch (ErrnoException e) {
            if (sink.isEmpty()) {
                throw e;
            }
        } catch (RuntimeException | Error e) {
            sink.takeBack(fileSystem);
            throw e;
        }
        if (sink.isEmpty() && sink.hasRefused()) {
            throw ErrnoException.of(Errno.EINVAL); // empty would mean the end of the directory
        }
    }

    static void releasedir(Request request) throws ErrnoException {
        ReleaseIn in = ReleaseIn.read(request.arguments());
        request.fileSystem().releasedir(request.header(), request.nodeId(), in.fh());
    }

    static void fsyncdir(Request request) throws ErrnoException {
        FsyncIn in = FsyncIn.read(request.arguments());
        boolean dataOnly = (in.fsyncFlags() & FsyncIn.FSYNC_FDATASYNC) != 0;
        request.fileSystem().fsyncdir(request.header(), request.nodeId(), in.fh(), dataOnly);
    }
}
