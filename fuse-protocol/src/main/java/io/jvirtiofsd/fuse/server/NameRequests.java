package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;

/** Operations that make, move or remove names. */
final class NameRequests {
    private static final int RENAME_FLAGS =
            Rename2In.RENAME_NOREPLACE | Rename2In.RENAME_EXCHANGE | Rename2In.RENAME_WHITEOUT;

    private NameRequests() {}

    static void symlink(Request request) throws ErrnoException {
        request.requireIdentity();
        Entry entry =
                request.fileSystem()
                        .symlink(
                                request.header(),
                                request.nodeId(),
                                request.name(),
                                request.secondName());
        NodeRequests.putEntry(request, entry);
    }

    static void mknod(Request request) throws ErrnoException {
        MknodIn in = MknodIn.read(request.arguments());
        request.requireIdentity();
        if (!FileType.isMknod(in.mode())) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Entry entry =
                request.fileSystem()
                        .mknod(
                                request.header(),
                                request.nodeId(),
                                request.name(),
                                in.mode() & (FileType.MASK | FileType.PERMISSIONS),
                                in.rdev(),
                                request.umask(in.umask()));
        NodeRequests.putEntry(request, entry);
    }

    static void mkdir(Request request) throws ErrnoException {
        MkdirIn in = MkdirIn.read(request.arguments());
        request.requireIdentity();
        Entry entry =
                request.fileSystem()
                        .mkdir(
                                request.header(),
                                request.nodeId(),
                                request.name(),
                                in.mode() & FileType.PERMISSIONS,
                                request.umask(in.umask()));
        NodeRequests.putEntry(request, entry);
    }

    static void unlink(Request request) throws ErrnoException {
        request.fileSystem().unlink(request.header(), request.nodeId(), request.name());
    }

    static void rmdir(Request request) throws ErrnoException {
        request.fileSystem().rmdir(request.header(), request.nodeId(), request.name());
    }

    static void rename(Request request) throws ErrnoException {
        rename(request, RenameIn.read(request.arguments()).newdir(), 0);
    }

    static void rename2(Request request) throws ErrnoException {
        Rename2In in = Rename2In.read(request.arguments());
        boolean exchange = (in.flags() & Rename2In.RENAME_EXCHANGE) != 0;
        boolean alone = in.flags() == Rename2In.RENAME_EXCHANGE;
        if ((in.flags() & ~RENAME_FLAGS) != 0 || exchange && !alone) { // renameat2(2)
            throw ErrnoException.of(Errno.EINVAL);
        }
        if ((in.flags() & Rename2In.RENAME_WHITEOUT) != 0) { // makes a device node
            request.requireIdentity();
        }
        rename(request, in.newdir(), in.flags());
    }

    private static void rename(Request request, long newParent, int flags) throws ErrnoException {
        request.fileSystem()
                .rename(
                        request.header(),
                        request.nodeId(),
                        request.name(),
                        newParent,
                        request.secondName(),
                        flags);
    }

    static void link(Request request) throws ErrnoException {
        LinkIn in = LinkIn.read(request.arguments());
        Entry entry =
                request.fileSystem()
                        .link(request.header(), in.oldnodeid(), request.nodeId(), request.name());
        NodeRequests.putEntry(request, entry);
    }
}
