package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Entry;

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
