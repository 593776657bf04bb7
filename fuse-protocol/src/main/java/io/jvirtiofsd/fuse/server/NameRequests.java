package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;

/** Operations that make, move or remove names. */
final class NameRequests {
    /** FUSE_MKNOD: {@code struct fuse_mknod_in}, 16 bytes (fuse.h); the name follows. */
    record MknodIn(@Flags(FlagSet.MODE) int mode, int rdev, @Flags(FlagSet.MODE) int umask) {
        static final int BYTES = 16;

        static MknodIn read(WireReader in) {
            int mode = in.u32();
            int rdev = in.u32();
            int umask = in.u32();
            in.skip(4); // padding
            return new MknodIn(mode, rdev, umask);
        }
    }

    /** FUSE_MKDIR: {@code struct fuse_mkdir_in}, 8 bytes (fuse.h); the name follows. */
    record MkdirIn(@Flags(FlagSet.MODE) int mode, @Flags(FlagSet.MODE) int umask) {
        static final int BYTES = 8;

        static MkdirIn read(WireReader in) {
            return new MkdirIn(in.u32(), in.u32());
        }
    }

    /** FUSE_RENAME: {@code struct fuse_rename_in}, 8 bytes (fuse.h); old and new name follow. */
    record RenameIn(long newdir) {
        static final int BYTES = 8;

        static RenameIn read(WireReader in) {
            return new RenameIn(in.u64());
        }
    }

    /** FUSE_RENAME2: {@code struct fuse_rename2_in}, 16 bytes (fuse.h); old and new name follow. */
    record Rename2In(long newdir, @Flags(FlagSet.RENAME) int flags) {
        static final int BYTES = 16;

        static final int RENAME_NOREPLACE = 1; // linux/fs.h
        static final int RENAME_EXCHANGE = 2; // linux/fs.h
        static final int RENAME_WHITEOUT = 4; // linux/fs.h

        static Rename2In read(WireReader in) {
            long newdir = in.u64();
            int flags = in.u32();
            in.skip(4); // padding
            return new Rename2In(newdir, flags);
        }
    }

    /**
     * FUSE_LINK: {@code struct fuse_link_in}, 8 bytes (fuse.h); the header names the new parent,
     * the new name follows.
     */
    record LinkIn(long oldnodeid) {
        static final int BYTES = 8;

        static LinkIn read(WireReader in) {
            return new LinkIn(in.u64());
        }
    }

    private static final int RENAME_FLAGS =
            Rename2In.RENAME_NOREPLACE | Rename2In.RENAME_EXCHANGE | Rename2In.RENAME_WHITEOUT;

    private NameRequests() {}

    static void symlink(Request request) throws ErrnoException {
        request.requireIdentity();
        Entry entry =
                request.session()
                        .names()
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
                request.session()
                        .names()
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
                request.session()
                        .names()
                        .mkdir(
                                request.header(),
                                request.nodeId(),
                                request.name(),
                                in.mode() & FileType.PERMISSIONS,
                                request.umask(in.umask()));
        NodeRequests.putEntry(request, entry);
    }

    static void unlink(Request request) throws ErrnoException {
        request.session().names().unlink(request.nodeId(), request.name());
    }

    static void rmdir(Request request) throws ErrnoException {
        request.session().names().rmdir(request.nodeId(), request.name());
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
        request.session()
                .names()
                .rename(request.nodeId(), request.name(), newParent, request.secondName(), flags);
    }

    static void link(Request request) throws ErrnoException {
        LinkIn in = LinkIn.read(request.arguments());
        Entry entry =
                request.session().names().link(in.oldnodeid(), request.nodeId(), request.name());
        NodeRequests.putEntry(request, entry);
    }
}
