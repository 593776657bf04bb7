package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.FullAttributes;

/**
 * Attributes, and entries with them, as C structures: {@code fuse_attr}, {@code fuse_attr_out},
 * {@code fuse_entry_out}, {@code fuse_statx} (fuse.h).
 *
 * <p><i>Stateless.</i>
 */
final class AttributeWire {
    /** {@code struct fuse_attr}, 88 bytes (fuse.h): the wire form of {@link Attributes}. */
    record Attr(
            long ino,
            long size,
            long blocks,
            long atime,
            long mtime,
            long ctime,
            int atimensec,
            int mtimensec,
            int ctimensec,
            @Flags(FlagSet.MODE) int mode,
            int nlink,
            int uid,
            int gid,
            int rdev,
            int blksize,
            @Flags(FlagSet.ATTR) int flags) {
        static final int BYTES = 88;

        /** Writes {@code from}; of its flags only those in {@code knownFlags}. */
        static void write(WireWriter out, Attributes from, int knownFlags) {
            out.u64(from.ino());
            out.u64(from.size());
            out.u64(from.blocks());
            out.u64(from.atimeSeconds());
            out.u64(from.mtimeSeconds());
            out.u64(from.ctimeSeconds());
            out.u32(from.atimeNanos());
            out.u32(from.mtimeNanos());
            out.u32(from.ctimeNanos());
            out.u32(from.mode());
            out.u32(from.nlink());
            out.u32(from.uid());
            out.u32(from.gid());
            out.u32(from.rdev());
            out.u32(from.blksize());
            out.u32(from.flags() & knownFlags);
        }

        static Attr read(WireReader in) {
            return new Attr(
                    in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u64(), in.u32(), in.u32(),
                    in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32(), in.u32());
        }

        /**
         * Whether the guest will take {@code attributes}: it marks an inode bad for good when the
         * type is none of the seven or the size is beyond 2⁶³&minus;1.
         */
        static boolean isValid(Attributes attributes) {
            return FileType.isValid(attributes.mode()) && attributes.size() >= 0;
        }
    }

    /** Answer with attributes alone: {@code struct fuse_attr_out}, 104 bytes (fuse.h). */
    record AttrOut(long attrValid, int attrValidNsec, Attr attr) {
        static final int BYTES = 104;

        static void write(WireWriter out, Attributes from, int knownFlags) {
            long validNanos = from.validNanos();
            out.u64(Timeout.seconds(validNanos));
            out.u32(Timeout.nanos(validNanos));
            out.zero(4); // dummy
            Attr.write(out, from, knownFlags);
        }

        static AttrOut read(WireReader in) {
            long attrValid = in.u64();
            int attrValidNsec = in.u32();
            in.skip(4); // dummy
            return new AttrOut(attrValid, attrValidNsec, Attr.read(in));
        }
    }

    /** Answer that names a node: {@code struct fuse_entry_out}, 128 bytes (fuse.h). */
    record EntryOut(
            long nodeid,
            long generation,
            long entryValid,
            long attrValid,
            int entryValidNsec,
            int attrValidNsec,
            Attr attr) {
        static final int BYTES = 128;

        static void write(WireWriter out, Entry entry, int knownFlags) {
            Attributes attributes = entry.attributes();
            long attrValidNanos = attributes.validNanos();
            head(out, entry, attrValidNanos);
            Attr.write(out, attributes, knownFlags);
        }

        /** An entry that says for how long a name does not exist. */
        static void writeNegative(WireWriter out, Entry entry) {
            head(out, entry, 0);
            out.zero(Attr.BYTES);
        }

        private static void head(WireWriter out, Entry entry, long attrValidNanos) {
            long entryValidNanos = entry.entryValidNanos();
            out.u64(entry.nodeId());
            out.u64(entry.generation());
            out.u64(Timeout.seconds(entryValidNanos));
            out.u64(Timeout.seconds(attrValidNanos));
            out.u32(Timeout.nanos(entryValidNanos));
            out.u32(Timeout.nanos(attrValidNanos));
        }

        static EntryOut read(WireReader in) {
            return new EntryOut(
                    in.u64(), in.u64(), in.u64(), in.u64(), in.u32(), in.u32(), Attr.read(in));
        }
    }

    /** A point in time: {@code struct fuse_sx_time}, 16 bytes (fuse.h 7.39). */
    record SxTime(long tvSec, int tvNsec) {
        static final int BYTES = 16;

        static void write(WireWriter out, long seconds, int nanos) {
            out.u64(seconds);
            out.u32(nanos);
            out.zero(4); // reserved
        }

        static SxTime read(WireReader in) {
            long seconds = in.u64();
            int nanos = in.u32();
            in.skip(4); // reserved
            return new SxTime(seconds, nanos);
        }
    }

    /**
     * {@code struct fuse_statx}, 256 bytes (fuse.h 7.39): the wire form of {@link FullAttributes}.
     */
    record FuseStatx(
            int mask,
            int blksize,
            long attributes,
            int nlink,
            int uid,
            int gid,
            @Flags(FlagSet.MODE) int mode,
            long ino,
            long size,
            long blocks,
            long attributesMask,
            SxTime atime,
            SxTime btime,
            SxTime ctime,
            SxTime mtime,
            int rdevMajor,
            int rdevMinor,
            int devMajor,
            int devMinor) {
        static final int BYTES = 256;

        private static final int SPARE_BYTES = 14 * 8;

        static void write(WireWriter out, FullAttributes from) {
            out.u32(from.mask());
            out.u32(from.blksize());
            out.u64(from.attributes());
            out.u32(from.nlink());
            out.u32(from.uid());
            out.u32(from.gid());
            out.u16(from.mode());
            out.zero(2); // spare
            out.u64(from.ino());
            out.u64(from.size());
            out.u64(from.blocks());
            out.u64(from.attributesMask());
            SxTime.write(out, from.atimeSeconds(), from.atimeNanos());
            SxTime.write(out, from.btimeSeconds(), from.btimeNanos());
            SxTime.write(out, from.ctimeSeconds(), from.ctimeNanos());
            SxTime.write(out, from.mtimeSeconds(), from.mtimeNanos());
            out.u32(from.rdevMajor());
            out.u32(from.rdevMinor());
            out.u32(from.devMajor());
            out.u32(from.devMinor());
            out.zero(SPARE_BYTES);
        }

        static FuseStatx read(WireReader in) {
            int mask = in.u32();
            int blksize = in.u32();
            long attributes = in.u64();
            int nlink = in.u32();
            int uid = in.u32();
            int gid = in.u32();
            int mode = in.u16();
            in.skip(2); // spare
            FuseStatx statx =
                    new FuseStatx(
                            mask,
                            blksize,
                            attributes,
                            nlink,
                            uid,
                            gid,
                            mode,
                            in.u64(),
                            in.u64(),
                            in.u64(),
                            in.u64(),
                            SxTime.read(in),
                            SxTime.read(in),
                            SxTime.read(in),
                            SxTime.read(in),
                            in.u32(),
                            in.u32(),
                            in.u32(),
                            in.u32());
            in.skip(SPARE_BYTES);
            return statx;
        }
    }

    /** Answer to FUSE_STATX: {@code struct fuse_statx_out}, 288 bytes (fuse.h 7.39). */
    record StatxOut(long attrValid, int attrValidNsec, int flags, FuseStatx stat) {
        static final int BYTES = 288;

        static void write(WireWriter out, FullAttributes from) {
            long validNanos = from.validNanos();
            out.u64(Timeout.seconds(validNanos));
            out.u32(Timeout.nanos(validNanos));
            out.zero(4); // flags: none are known
            out.zero(2 * 8); // spare
            FuseStatx.write(out, from);
        }

        static StatxOut read(WireReader in) {
            long attrValid = in.u64();
            int attrValidNsec = in.u32();
            int flags = in.u32();
            in.skip(2 * 8); // spare
            return new StatxOut(attrValid, attrValidNsec, flags, FuseStatx.read(in));
        }
    }

    /**
     * How long the guest may trust an answer: nanoseconds here, seconds and the rest on the wire.
     */
    static final class Timeout {
        private static final long NANOS_PER_SECOND = 1_000_000_000;

        private Timeout() {}

        /** Whole seconds; a negative timeout counts as none. */
        static long seconds(long nanos) {
            return Math.max(nanos, 0) / NANOS_PER_SECOND;
        }

        /** What {@link #seconds} leaves. */
        static int nanos(long nanos) {
            return (int) (Math.max(nanos, 0) % NANOS_PER_SECOND);
        }
    }

    private AttributeWire() {}
}
