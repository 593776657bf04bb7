package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.server.AttributeWire.Attr;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;

/**
 * Encodes directory entries behind one another into the body of an answer; owned by a {@link
 * Request}.
 *
 * <p><i>Confined to the request's thread.</i> Source: fuse.h, {@code FUSE_DIRENT_ALIGN}: records
 * are padded to 8 bytes.
 */
final class DirectoryBuffer implements DirectorySink {
    private static final int DIRENT_BYTES = 24; // fuse.h struct fuse_dirent, without the name
    private static final int NAMELEN_AT = 16; // fuse.h struct fuse_dirent
    private static final int ALIGNMENT = 8; // fuse.h FUSE_DIRENT_ALIGN

    private final WireWriter out;
    private final WireReader written = new WireReader();
    private int start;
    private int end;
    private boolean plus;
    private int attrFlags;
    private boolean refused;
    private long undeliverable; // a node that was looked up for an entry that cannot be written

    DirectoryBuffer(WireWriter out) {
        this.out = out;
    }

    /** Starts an answer of at most {@code size} bytes. */
    void begin(int size, boolean plus, int attrFlags) {
        this.start = out.position();
        this.end = start + size;
        this.plus = plus;
        this.attrFlags = attrFlags;
        this.refused = false;
        this.undeliverable = 0;
    }

    boolean isEmpty() {
        return out.position() == start;
    }

    /** Whether there was an entry that did not fit. */
    boolean hasRefused() {
        return refused;
    }

    /** Takes back the lookups of all entries, since none of them will reach the guest. */
    void takeBack(Session session) {
        if (undeliverable != 0) {
            session.forget(undeliverable, 1);
        }
        int at = start;
        while (plus && at < out.position()) {
            written.reset(out.array(), at, out.position());
            long nodeId = written.u64();
            written.skip(EntryOut.BYTES - Long.BYTES + NAMELEN_AT);
            at += recordBytes(written.u32());
            if (nodeId != 0) {
                session.forget(nodeId, 1);
            }
        }
    }

    @Override
    public boolean fits(int nameBytes) {
        boolean fits = recordBytes(nameBytes) <= end - out.position();
        refused |= !fits;
        return fits;
    }

    private int recordBytes(int nameBytes) {
        int bytes = (plus ? EntryOut.BYTES : 0) + DIRENT_BYTES + nameBytes;
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    @Override
    public boolean add(long ino, long offset, int type, Name name) {
        if (!fits(name.length())) {
            return false;
        }
        if (plus) {
            out.zero(EntryOut.BYTES); // nodeid 0: no attributes, not counted
        }
        putEntry(ino, offset, type, name);
        return true;
    }

    @Override
    public boolean add(Entry entry, long offset, Name name) {
        if (!plus || entry.nodeId() == 0 || !Attr.isValid(entry.attributes())) {
            undeliverable = entry.nodeId();
            throw new IllegalArgumentException("entry that no READDIRPLUS can carry");
        }
        if (!fits(name.length())) {
            return false;
        }
        Attributes attributes = entry.attributes();
        EntryOut.write(out, entry, attrFlags);
        putEntry(attributes.ino(), offset, FileType.ofEntry(attributes.mode()), name);
        return true;
    }

    private void putEntry(long ino, long offset, int type, Name name) {
        int length = name.length();
        out.u64(ino);
        out.u64(offset);
        out.u32(length);
        out.u32(type);
        out.put(name.array(), name.offset(), length);
        out.zero(-length & ALIGNMENT - 1);
    }
}
