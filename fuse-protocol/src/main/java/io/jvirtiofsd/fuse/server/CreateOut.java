package io.jvirtiofsd.fuse.server;

/**
 * Answer to FUSE_CREATE: {@code struct fuse_entry_out} and {@code struct fuse_open_out}, 144 bytes.
 */
record CreateOut(EntryOut entry, OpenOut open) {
    static final int BYTES = EntryOut.BYTES + OpenOut.BYTES;

    static CreateOut read(WireReader in) {
        return new CreateOut(EntryOut.read(in), OpenOut.read(in));
    }
}
