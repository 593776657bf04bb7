package io.jvirtiofsd.fuse.server;

/** Answer to FUSE_INIT: {@code struct fuse_init_out}, 64 bytes (fuse.h). */
record InitOut(
        int major,
        int minor,
        int maxReadahead,
        @Flags(FlagSet.INIT) int flags,
        int maxBackground,
        int congestionThreshold,
        int maxWrite,
        int timeGran,
        int maxPages,
        int mapAlignment,
        @Flags(FlagSet.INIT2) int flags2) {
    static final int BYTES = 64;

    /** Only tells which version we speak; everything else is 0. */
    static InitOut versionOnly(int major, int minor) {
        return new InitOut(major, minor, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    void write(WireWriter out) {
        out.u32(major);
        out.u32(minor);
        out.u32(maxReadahead);
        out.u32(flags);
        out.u16(maxBackground);
        out.u16(congestionThreshold);
        out.u32(maxWrite);
        out.u32(timeGran);
        out.u16(maxPages);
        out.u16(mapAlignment);
        out.u32(flags2);
        out.zero(4); // max_stack_depth
        out.zero(2); // request_timeout
        out.zero(11 * 2); // unused
    }

    static InitOut read(WireReader in) {
        int major = in.u32();
        int minor = in.u32();
        int maxReadahead = in.u32();
        int flags = in.u32();
        int maxBackground = in.u16();
        int congestionThreshold = in.u16();
        int maxWrite = in.u32();
        int timeGran = in.u32();
        int maxPages = in.u16();
        int mapAlignment = in.u16();
        int flags2 = in.u32();
        in.skip(4); // max_stack_depth
        in.skip(2); // request_timeout
        in.skip(11 * 2); // unused
        return new InitOut(
                major,
                minor,
                maxReadahead,
                flags,
                maxBackground,
                congestionThreshold,
                maxWrite,
                timeGran,
                maxPages,
                mapAlignment,
                flags2);
    }
}
