package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.WindowRange;
import java.util.ArrayList;
import java.util.List;

/** Operations on the DAX window. Source: virtio 1.3, 5.11.6.3; fuse.h 7.31. */
final class MappingRequests {
    /** FUSE_SETUPMAPPING: {@code struct fuse_setupmapping_in}, 40 bytes (fuse.h 7.31). */
    record SetupmappingIn(
            long fh, long foffset, long len, @Flags(FlagSet.SETUPMAPPING) int flags, long moffset) {
        static final int BYTES = 40;

        static final int SETUPMAPPING_WRITE = 1; // fuse.h FUSE_SETUPMAPPING_FLAG_WRITE
        static final int SETUPMAPPING_READ = 2; // fuse.h FUSE_SETUPMAPPING_FLAG_READ

        /**
         * Bits that no flag has, of the 64 on the wire, make {@link #flags} what no guest sends.
         */
        private static final int UNKNOWN = 1 << 31;

        static SetupmappingIn read(WireReader in) {
            long fh = in.u64();
            long foffset = in.u64();
            long len = in.u64();
            long flags = in.u64();
            long moffset = in.u64();
            boolean wide = flags >>> 31 != 0;
            return new SetupmappingIn(fh, foffset, len, wide ? UNKNOWN : (int) flags, moffset);
        }
    }

    /**
     * FUSE_REMOVEMAPPING: {@code struct fuse_removemapping_in}, 4 bytes (fuse.h 7.31); {@code
     * count} items follow at once, unaligned.
     */
    record RemovemappingIn(int count) {
        static final int BYTES = 4;

        static RemovemappingIn read(WireReader in) {
            return new RemovemappingIn(in.u32());
        }

        /** One item: {@code struct fuse_removemapping_one}, 16 bytes. */
        record One(long moffset, long len) {
            static final int BYTES = 16;

            static One read(WireReader in) {
                return new One(in.u64(), in.u64());
            }
        }
    }

    /** Items that one REMOVEMAPPING may have: a page of 64 KiB full, the largest that Linux has. */
    static final int MAX_REMOVED = 4096;

    private static final int KNOWN_FLAGS =
            SetupmappingIn.SETUPMAPPING_READ | SetupmappingIn.SETUPMAPPING_WRITE;

    private MappingRequests() {}

    /** Linux passes no file handle, only the node. */
    static void setup(Request request) throws ErrnoException {
        SetupmappingIn in = SetupmappingIn.read(request.arguments());
        if (in.flags() == 0 || (in.flags() & ~KNOWN_FLAGS) != 0 || in.len() == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Request.requireRange(in.foffset(), in.len());
        Request.requireRange(in.moffset(), in.len());
        request.session()
                .mappings()
                .setupMapping(
                        request.nodeId(), in.foffset(), new WindowRange(in.moffset(), in.len()));
    }

    static void remove(Request request) throws ErrnoException {
        int left = RemovemappingIn.read(request.arguments()).count();
        int sent = request.dataBytes() / RemovemappingIn.One.BYTES;
        if (left <= 0 || left > Math.min(sent, MAX_REMOVED)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        List<WindowRange> ranges = new ArrayList<>(left);
        while (left > 0) {
            WireReader items = request.copyItems(left, RemovemappingIn.One.BYTES);
            for (; items.remaining() > 0; left--) {
                RemovemappingIn.One one = RemovemappingIn.One.read(items);
                ranges.add(new WindowRange(one.moffset(), one.len()));
            }
        }
        request.session().mappings().removeMappings(ranges);
    }
}
