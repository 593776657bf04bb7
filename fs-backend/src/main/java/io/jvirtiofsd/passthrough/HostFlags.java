package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.WriteFlags;
import io.jvirtiofsd.linux.Fcntl;

/**
 * With which O_ flags files of the host are opened, given those of the guest's program. <i>
 * Immutable.</i>
 *
 * <p>O_APPEND is not passed on: an appending file would ignore the offsets of what the guest's
 * kernel writes from its cache. Each WRITE says whether it appends.
 */
final class HostFlags {
    private static final int KEPT =
            Fcntl.O_ACCMODE | Fcntl.O_TRUNC | Fcntl.O_SYNC | Fcntl.O_NOATIME;

    private final HostDirectory share;
    private final HostWindow window;

    HostFlags(HostDirectory share, HostWindow window) {
        this.share = share;
        this.window = window;
    }

    /** What is kept of {@code guestFlags}; a guest that writes back reads where it only writes. */
    int of(int guestFlags) throws ErrnoException {
        int flags = guestFlags & (honoursDirect() ? KEPT | Fcntl.O_DIRECT : KEPT);
        int mode = flags & Fcntl.O_ACCMODE;
        if (mode == Fcntl.O_ACCMODE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        boolean reading = mode == Fcntl.O_WRONLY && share.options().writesBack();
        return reading ? flags & ~Fcntl.O_ACCMODE | Fcntl.O_RDWR : flags;
    }

    /** With a DAX window the guest's kernel itself gets past O_DIRECT, and does not align. */
    private boolean honoursDirect() {
        return share.options().cache().directIo() && !window.isAttached();
    }

    /**
     * Whether a WRITE may miss the alignment that O_DIRECT wants through no fault of a program: the
     * guest's kernel writes cached pages through any handle, cut off at the end of the file; and a
     * program may have taken O_DIRECT back.
     */
    static boolean mayBeUnaligned(HostHandle.OpenFile file, int writeFlags, int guestFlags) {
        boolean cached = (writeFlags & WriteFlags.WRITE_CACHE) != 0;
        return (file.flags() & Fcntl.O_DIRECT) != 0
                && (cached || (guestFlags & Fcntl.O_DIRECT) == 0);
    }
}
