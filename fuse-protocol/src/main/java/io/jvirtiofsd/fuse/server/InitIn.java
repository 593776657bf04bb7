package io.jvirtiofsd.fuse.server;

/**
 * FUSE_INIT: {@code struct fuse_init_in}, 64 bytes, of which guests before 7.36 send 16 (fuse.h).
 *
 * @param flags bits 0 to 31 of {@link InitFlag}
 * @param flags2 bits 32 to 63; 0 if not sent
 */
record InitIn(
        int major,
        int minor,
        int maxReadahead,
        @Flags(FlagSet.INIT) int flags,
        @Flags(FlagSet.INIT2) int flags2) {
    static final int BYTES = 64;
    static final int SHORT_BYTES = 16; // before fuse.h 7.36

    static InitIn read(WireReader in) {
        int major = in.u32();
        int minor = in.u32();
        int maxReadahead = in.u32();
        int flags = in.u32();
        int flags2 = 0;
        if (in.remaining() >= BYTES - SHORT_BYTES) {
            flags2 = in.u32();
            in.skip(11 * 4); // unused
        }
        return new InitIn(major, minor, maxReadahead, flags, flags2);
    }

    /** All bits offered; those of {@code flags2} only count with {@code INIT_EXT}. */
    long offered() {
        long low = Integer.toUnsignedLong(flags);
        return InitFlag.INIT_EXT.in(low) ? low | (long) flags2 << 32 : low;
    }
}
