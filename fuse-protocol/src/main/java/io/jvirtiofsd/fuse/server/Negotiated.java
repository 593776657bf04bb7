package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.server.SessionRequests.InitIn;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * What guest and server agreed on at INIT; held by the {@link FuseServer} as long as the session
 * lasts. <i>Immutable.</i>
 *
 * @param minor the lower of both minor versions
 * @param flags accepted {@link InitFlag} bits, a part of those offered
 * @param maxReadahead bytes
 * @param maxWrite largest WRITE in bytes
 */
record Negotiated(int minor, long flags, int maxReadahead, int maxWrite) {
    static final int MAJOR = 7; // fuse.h FUSE_KERNEL_VERSION
    static final int MINOR = 45; // fuse.h 7.45

    /** The first Linux with virtio-fs speaks 7.31; older layouts are not implemented. */
    static final int OLDEST_MINOR = 31;

    private static final int ATTR_FLAGS_MINOR = 32; // fuse.h 7.32; padding before
    private static final int EXTENSIONS_MINOR = 38; // fuse.h 7.38; padding before

    /** Access control lists need the umask, and to be told when set-group-ID goes. */
    private static final long ACL_FLAGS =
            InitFlag.POSIX_ACL.mask() | InitFlag.DONT_MASK.mask() | InitFlag.SETXATTR_EXT.mask();

    private static final long LABEL_FLAGS = InitFlag.SECURITY_CTX.mask() | InitFlag.INIT_EXT.mask();

    private static final int PAGE_BYTES = 4096;
    private static final int LARGEST_PAGE_BYTES = 64 << 10; // of any guest
    private static final int DEFAULT_MAX_PAGES = 32; // linux FUSE_DEFAULT_MAX_PAGES_PER_REQ
    private static final int MAX_READAHEAD_BYTES = 1 << 20;

    // Both are about read-ahead and asynchronous direct I/O that the guest holds back. A
    // virtqueue bounds what is in flight by its size already, so no second limit is wanted.
    private static final int MAX_BACKGROUND = 0xffff;
    private static final int CONGESTION_THRESHOLD = MAX_BACKGROUND / 4 * 3; // Linux's own ratio

    private static final int MAP_ALIGNMENT = 12; // log2 of the page size
    private static final int NANOSECONDS = 1; // init_out.time_gran

    /**
     * Answers an offer of our major version.
     *
     * @param mapsFiles whether there is a DAX window
     * @throws ErrnoException EPROTO if the guest is older than anything we can talk to, or lacks
     *     what the options demand
     */
    static Negotiated of(InitIn offer, FuseOptions options, boolean mapsFiles)
            throws ErrnoException {
        int minor = Math.min(offer.minor(), MINOR);
        if (minor < OLDEST_MINOR) { // a minor beyond 2³¹ is negative here, and as little to be had
            throw ErrnoException.of(Errno.EPROTO);
        }
        long offered = offer.offered();
        if (minor < EXTENSIONS_MINOR) { // contexts came without a length at first
            offered &= ~InitFlag.SECURITY_CTX.mask();
        }
        long flags = offered & wanted(options, mapsFiles);
        flags |= options.posixAcl().accepted(ACL_FLAGS, offered);
        flags |= options.securityLabel().accepted(LABEL_FLAGS, offered);
        int readahead = (int) Math.min(offer.maxReadahead() & 0xffffffffL, MAX_READAHEAD_BYTES);
        int maxWrite =
                InitFlag.MAX_PAGES.in(flags)
                        ? options.maxWriteBytes()
                        : Math.min(options.maxWriteBytes(), DEFAULT_MAX_PAGES * PAGE_BYTES);
        return new Negotiated(minor, flags, readahead, maxWrite);
    }

    /** Writes it for {@link #load} in another process. */
    void save(DataOutput out) throws IOException {
        out.writeInt(minor);
        out.writeLong(flags);
        out.writeInt(maxReadahead);
        out.writeInt(maxWrite);
    }

    /**
     * What a guest has agreed on with another process. It must be what this one would have answered
     * to a guest that offers just that: the guest does not ask again.
     *
     * @throws IOException if the options here are others, in one sentence for people
     */
    static Negotiated load(DataInput in, FuseOptions options) throws IOException {
        Negotiated saved = new Negotiated(in.readInt(), in.readLong(), in.readInt(), in.readInt());
        long offered = saved.flags | InitFlag.INIT_EXT.mask();
        InitIn offer =
                new InitIn(
                        MAJOR,
                        saved.minor,
                        saved.maxReadahead,
                        (int) offered,
                        (int) (offered >>> 32));
        Negotiated here;
        try {
            here = of(offer, options, false);
        } catch (ErrnoException e) {
            throw new IOException("the guest lacks what the options here demand", e);
        }
        long missing = saved.flags & ~here.flags & ~InitFlag.NO_EXPORT_SUPPORT.mask();
        if (missing != 0) {
            throw new IOException(
                    "the guest has agreed on what cannot be had here with these options: "
                            + FlagSet.INIT.text((int) missing)
                            + ", "
                            + FlagSet.INIT2.text((int) (missing >>> 32)));
        }
        boolean sizes = saved.maxWrite >= PAGE_BYTES && saved.maxWrite <= here.maxWrite;
        if (saved.minor != here.minor || saved.maxReadahead != here.maxReadahead || !sizes) {
            throw new IOException("the guest has agreed on sizes that are not possible here");
        }
        return saved;
    }

    private static long wanted(FuseOptions options, boolean mapsFiles) {
        long wanted = InitFlag.acceptedMask();
        for (Feature feature : options.features()) {
            wanted |= feature.mask();
        }
        if (InitFlag.EXPORT_SUPPORT.in(wanted)) {
            wanted &= ~InitFlag.NO_EXPORT_SUPPORT.mask();
        }
        if (mapsFiles) {
            wanted |= InitFlag.MAP_ALIGNMENT.mask() | InitFlag.HAS_INODE_DAX.mask();
            // Every store through the window changes the time of modification; at the next look at
            // it Linux 7.2 would take pages from maps that are in use. Other files are still looked
            // at anew when opened, or when their size has changed.
            wanted &= ~InitFlag.AUTO_INVAL_DATA.mask();
            // A guest that owns the sizes of files would not see a mapped file grow.
            wanted &= ~InitFlag.WRITEBACK_CACHE.mask();
        }
        return wanted;
    }

    InitOut reply() {
        return new InitOut(
                MAJOR,
                minor,
                maxReadahead,
                (int) flags,
                MAX_BACKGROUND,
                CONGESTION_THRESHOLD,
                maxWrite,
                NANOSECONDS,
                maxPages(),
                InitFlag.MAP_ALIGNMENT.in(flags) ? MAP_ALIGNMENT : 0,
                (int) (flags >>> 32));
    }

    private int maxPages() {
        return (maxWrite + PAGE_BYTES - 1) / PAGE_BYTES;
    }

    /** Largest READ in bytes: what max_pages allows, whose size is the guest's affair. */
    int maxRead() {
        return maxPages() * LARGEST_PAGE_BYTES;
    }

    /** The bits of {@link Attributes#flags} that the guest understands. */
    int attrFlags() {
        if (minor < ATTR_FLAGS_MINOR) {
            return 0;
        }
        int submount = InitFlag.SUBMOUNTS.in(flags) ? Attributes.ATTR_SUBMOUNT : 0;
        return submount | Attributes.ATTR_DAX;
    }

    /** Linux offers both flags for dax=inode, the first one for dax=always. */
    DaxMode daxMode() {
        if (!InitFlag.MAP_ALIGNMENT.in(flags)) {
            return DaxMode.NEVER;
        }
        return InitFlag.HAS_INODE_DAX.in(flags) ? DaxMode.INODE : DaxMode.ALWAYS;
    }

    /** Whether the guest's extension records are read: one of two features was agreed on. */
    boolean readsExtensions() {
        return InitFlag.SECURITY_CTX.in(flags) || InitFlag.CREATE_SUPP_GROUP.in(flags);
    }

    /** Bytes of extension records that end the request with this header. */
    int extensionBytes(InHeader header) {
        return minor >= EXTENSIONS_MINOR ? header.totalExtlen() * 8 : 0;
    }
}
