package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;

/** Operations on the session as a whole. */
final class SessionRequests {
    /** The argument structure of operations that have none. */
    record NoneIn() {
        static final int BYTES = 0;

        private static final NoneIn NONE = new NoneIn();

        static NoneIn read(WireReader in) {
            return NONE;
        }
    }

    /**
     * FUSE_INIT: {@code struct fuse_init_in}, 64 bytes, of which guests before 7.36 send 16
     * (fuse.h).
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

    /** FUSE_INTERRUPT: {@code struct fuse_interrupt_in}, 8 bytes (fuse.h). */
    record InterruptIn(long unique) {
        static final int BYTES = 8;

        static InterruptIn read(WireReader in) {
            return new InterruptIn(in.u64());
        }
    }

    private SessionRequests() {}

    static void init(Request request) throws ErrnoException {
        InitIn offer = InitIn.read(request.arguments());
        request.server().init(offer).write(request.body());
    }

    static void destroy(Request request) {
        request.server().reset();
    }

    /** Linux guests of virtio-fs interrupt nothing, and nothing here waits for long. */
    static void interrupt(Request request) {
        // The request it names is answered in its own time.
    }

    static void notSupported(Request request) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
