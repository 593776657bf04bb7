package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.FullAttributes;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.Statfs;
import io.jvirtiofsd.fuse.server.AttributeWire.Attr;
import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.AttributeWire.StatxOut;

/**
 * The requests about nodes and their attributes: their C structures and their handlers.
 *
 * <p><i>Stateless.</i> Source: fuse.h.
 */
final class NodeRequests {
    /** FUSE_FORGET: {@code struct fuse_forget_in}, 8 bytes (fuse.h). */
    record ForgetIn(long nlookup) {
        static final int BYTES = 8;

        static ForgetIn read(WireReader in) {
            return new ForgetIn(in.u64());
        }
    }

    /**
     * FUSE_BATCH_FORGET: {@code struct fuse_batch_forget_in}, 8 bytes (fuse.h); {@code count} items
     * follow.
     */
    record BatchForgetIn(int count) {
        static final int BYTES = 8;

        static BatchForgetIn read(WireReader in) {
            int count = in.u32();
            in.skip(4); // dummy
            return new BatchForgetIn(count);
        }
    }

    /** One item of FUSE_BATCH_FORGET: {@code struct fuse_forget_one}, 16 bytes (fuse.h). */
    record ForgetOne(long nodeid, long nlookup) {
        static final int BYTES = 16;

        static ForgetOne read(WireReader in) {
            return new ForgetOne(in.u64(), in.u64());
        }
    }

    /** FUSE_GETATTR: {@code struct fuse_getattr_in}, 16 bytes (fuse.h). */
    record GetattrIn(@Flags(FlagSet.GETATTR) int getattrFlags, long fh) {
        static final int BYTES = 16;

        static final int GETATTR_FH = 1; // fuse.h FUSE_GETATTR_FH

        static GetattrIn read(WireReader in) {
            int getattrFlags = in.u32();
            in.skip(4); // dummy
            long fh = in.u64();
            return new GetattrIn(getattrFlags, fh);
        }
    }

    /** FUSE_SETATTR: {@code struct fuse_setattr_in}, 88 bytes (fuse.h). */
    record SetattrIn(
            @Flags(FlagSet.FATTR) int valid,
            long fh,
            long size,
            long lockOwner,
            long atime,
            long mtime,
            long ctime,
            int atimensec,
            int mtimensec,
            int ctimensec,
            @Flags(FlagSet.MODE) int mode,
            int uid,
            int gid) {
        static final int BYTES = 88;

        static SetattrIn read(WireReader in) {
            int valid = in.u32();
            in.skip(4); // padding
            long fh = in.u64();
            long size = in.u64();
            long lockOwner = in.u64();
            long atime = in.u64();
            long mtime = in.u64();
            long ctime = in.u64();
            int atimensec = in.u32();
            int mtimensec = in.u32();
            int ctimensec = in.u32();
            int mode = in.u32();
            in.skip(4); // unused4
            int uid = in.u32();
            int gid = in.u32();
            in.skip(4); // unused5
            return new SetattrIn(
                    valid, fh, size, lockOwner, atime, mtime, ctime, atimensec, mtimensec,
                    ctimensec, mode, uid, gid);
        }

        /** What a file system is asked to change. */
        AttributeChange change() {
            return new AttributeChange(
                    valid, fh, size, lockOwner, atime, mtime, ctime, atimensec, mtimensec,
                    ctimensec, mode, uid, gid);
        }
    }

    /** FUSE_ACCESS: {@code struct fuse_access_in}, 8 bytes (fuse.h). */
    record AccessIn(int mask) {
        static final int BYTES = 8;

        static AccessIn read(WireReader in) {
            int mask = in.u32();
            in.skip(4); // padding
            return new AccessIn(mask);
        }
    }

    /** FUSE_SYNCFS: {@code struct fuse_syncfs_in}, 8 bytes without meaning (fuse.h 7.34). */
    record SyncfsIn() {
        static final int BYTES = 8;

        static SyncfsIn read(WireReader in) {
            in.skip(8); // padding
            return new SyncfsIn();
        }
    }

    /** Answer to FUSE_STATFS: {@code struct fuse_kstatfs}, 80 bytes (fuse.h). */
    record Kstatfs(
            long blocks,
            long bfree,
            long bavail,
            long files,
            long ffree,
            int bsize,
            int namelen,
            int frsize) {
        static final int BYTES = 80;

        static void write(WireWriter out, Statfs from) {
            out.u64(from.blocks());
            out.u64(from.freeBlocks());
            out.u64(from.availableBlocks());
            out.u64(from.files());
            out.u64(from.freeFiles());
            out.u32(from.blockBytes());
            out.u32(from.nameBytes());
            out.u32(from.fragmentBytes());
            out.zero(4); // padding
            out.zero(6 * 4); // spare
        }

        static Kstatfs read(WireReader in) {
            long blocks = in.u64();
            long bfree = in.u64();
            long bavail = in.u64();
            long files = in.u64();
            long ffree = in.u64();
            int bsize = in.u32();
            int namelen = in.u32();
            int frsize = in.u32();
            in.skip(4); // padding
            in.skip(6 * 4); // spare
            return new Kstatfs(blocks, bfree, bavail, files, ffree, bsize, namelen, frsize);
        }
    }

    /**
     * FUSE_STATX: {@code struct fuse_statx_in}, 24 bytes (fuse.h 7.39).
     *
     * @param getattrFlags as for GETATTR
     * @param sxFlags AT_STATX_ flags of statx(2)
     * @param sxMask STATX_ bits of what is wanted
     */
    record StatxIn(@Flags(FlagSet.GETATTR) int getattrFlags, long fh, int sxFlags, int sxMask) {
        static final int BYTES = 24;

        static StatxIn read(WireReader in) {
            int getattrFlags = in.u32();
            in.skip(4); // reserved
            long fh = in.u64();
            return new StatxIn(getattrFlags, fh, in.u32(), in.u32());
        }
    }

    /** Items that one BATCH_FORGET may have: as many as fit in 1 MiB. */
    static final int MAX_BATCH_FORGET = 65_536;

    private static final int NANOS_PER_SECOND = 1_000_000_000;
    private static final int ACCESS_BITS = 7; // access(2): R_OK, W_OK, X_OK

    private NodeRequests() {}

    static void lookup(Request request) throws ErrnoException {
        if (request.name().isDots()) {
            lookupDots(request);
            return;
        }
        Entry entry = request.session().names().lookup(request.nodeId(), request.name());
        if (entry.nodeId() != 0) {
            putEntry(request, entry);
        } else if (entry.entryValidNanos() > 0) {
            EntryOut.writeNegative(request.body(), entry);
        } else {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    /**
     * Encodes an entry. One with impossible attributes is a bug of the file system; its lookup is
     * taken back.
     *
     * @throws ErrnoException ELOOP for the root, which Linux takes from nobody: it is met where the
     *     exported directory is mounted once more inside itself
     */
    static void putEntry(Request request, Entry entry) throws ErrnoException {
        if (entry.nodeId() == FileSystem.ROOT) {
            throw ErrnoException.of(Errno.ELOOP);
        }
        putAny(request, entry);
    }

    /** Looks up "." or "..": the node or its parent, for a guest that knows only the nodeId. */
    private static void lookupDots(Request request) throws ErrnoException {
        if (!InitFlag.EXPORT_SUPPORT.in(request.negotiated().flags())) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        NameOperations names = request.session().names();
        Entry entry =
                request.name().length() == 1
                        ? names.find(request.nodeId())
                        : names.parent(request.nodeId());
        putAny(request, entry);
    }

    private static void putAny(Request request, Entry entry) {
        long nodeId = entry.nodeId();
        if (nodeId == 0) {
            throw new IllegalStateException("made, but without nodeId");
        }
        if (!Attr.isValid(entry.attributes())) {
            request.session().forget(nodeId, 1);
            throw invalid(entry.attributes());
        }
        EntryOut.write(request.body(), entry, request.negotiated().attrFlags());
    }

    private static IllegalStateException invalid(Attributes attributes) {
        return new IllegalStateException(
                "attributes of no file: mode 0%o, size %d"
                        .formatted(attributes.mode(), attributes.size()));
    }

    private static void putAttributes(Request request, Attributes attributes) {
        if (!Attr.isValid(attributes)) {
            throw invalid(attributes);
        }
        AttrOut.write(request.body(), attributes, request.negotiated().attrFlags());
    }

    static void forget(Request request) {
        ForgetIn in = ForgetIn.read(request.arguments());
        request.session().forget(request.nodeId(), in.nlookup());
    }

    static void batchForget(Request request) throws ErrnoException {
        int left = BatchForgetIn.read(request.arguments()).count();
        int sent = request.dataBytes() / ForgetOne.BYTES;
        if (left < 0 || left > Math.min(sent, MAX_BATCH_FORGET)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        while (left > 0) {
            // As many at a time as fit into the private copy.
            WireReader items = request.copyItems(left, ForgetOne.BYTES);
            for (; items.remaining() > 0; left--) {
                ForgetOne one = ForgetOne.read(items);
                request.session().forget(one.nodeid(), one.nlookup());
            }
        }
    }

    static void getattr(Request request) throws ErrnoException {
        GetattrIn in = GetattrIn.read(request.arguments());
        boolean hasHandle = (in.getattrFlags() & GetattrIn.GETATTR_FH) != 0;
        putAttributes(
                request, request.session().nodes().getattr(request.nodeId(), hasHandle, in.fh()));
    }

    static void statx(Request request) throws ErrnoException {
        StatxIn in = StatxIn.read(request.arguments());
        boolean hasHandle = (in.getattrFlags() & GetattrIn.GETATTR_FH) != 0;
        FullAttributes attributes =
                request.session().nodes().statx(request.nodeId(), hasHandle, in.fh(), in.sxMask());
        if (!Attr.isValid(attributes)) {
            throw invalid(attributes);
        }
        StatxOut.write(request.body(), attributes);
    }

    static void syncfs(Request request) throws ErrnoException {
        request.session().controls().syncfs(request.nodeId());
    }

    static void setattr(Request request) throws ErrnoException {
        AttributeChange in = SetattrIn.read(request.arguments()).change();
        boolean badSize = in.has(AttributeChange.FATTR_SIZE) && in.size() < 0;
        if (badSize
                || badNanos(in, AttributeChange.FATTR_ATIME, in.atimensec())
                || badNanos(in, AttributeChange.FATTR_MTIME, in.mtimensec())
                || badNanos(in, AttributeChange.FATTR_CTIME, in.ctimensec())) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        putAttributes(request, request.session().nodes().setattr(request.nodeId(), in));
    }

    private static boolean badNanos(AttributeChange in, int bit, int nanos) {
        return in.has(bit) && (nanos < 0 || nanos >= NANOS_PER_SECOND);
    }

    static void readlink(Request request) throws ErrnoException {
        byte[] target = request.session().nodes().readlink(request.nodeId());
        if (target.length == 0 || target.length > Names.TARGET_BYTES) {
            throw new IllegalStateException("link target of " + target.length + " bytes");
        }
        if (target.length > request.room()) {
            throw ErrnoException.of(Errno.EIO);
        }
        request.body().put(target, 0, target.length);
    }

    static void statfs(Request request) throws ErrnoException {
        Kstatfs.write(request.body(), request.session().nodes().statfs(request.nodeId()));
    }

    static void access(Request request) throws ErrnoException {
        AccessIn in = AccessIn.read(request.arguments());
        if ((in.mask() & ~ACCESS_BITS) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        request.session().nodes().access(request.header(), request.nodeId(), in.mask());
    }
}
