package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.WindowRange;
import java.util.ArrayList;
import java.util.List;

/** Operations on the DAX window. Source: virtio 1.3, 5.11.6.3; fuse.h 7.31. */
final class MappingRequests {
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
        request.fileSystem()
                .setupMapping(
                        request.header(),
                        request.nodeId(),
                        in.foffset(),
                        (in.flags() & SetupmappingIn.SETUPMAPPING_WRITE) != 0,
                        new WindowRange(in.moffset(), in.len()));
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
        request.fileSystem().removeMappings(request.header(), ranges);
    }
}
