package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;

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
