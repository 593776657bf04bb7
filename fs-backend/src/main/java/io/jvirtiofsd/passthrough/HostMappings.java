package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.dax.DaxFile;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.MappingOperations;
import io.jvirtiofsd.fuse.WindowRange;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import java.util.List;

/**
 * Maps files of one session in the DAX window.
 *
 * <p>A file is mapped read-write or not at all: front-ends refuse descriptors that cannot write,
 * and a guest that goes from reading to writing needs no other map then. <i>Thread-safe.</i>
 */
final class HostMappings implements MappingOperations {
    private static final int FD_MODE = Fcntl.O_RDWR | Fcntl.O_NOATIME;

    private final HostDirectory share;
    private final HostSession session;
    private final HostWindow window;

    /** The window must be present. */
    HostMappings(HostDirectory share, HostSession session, HostWindow window) {
        this.share = share;
        this.session = session;
        this.window = window;
    }

    @Override
    public void setupMapping(long nodeId, long fileOffset, WindowRange range)
            throws ErrnoException {
        if (!window.isAttached()) {
            throw ErrnoException.of(LinuxErrno.ENODEV);
        }
        Inode inode = session.inode(nodeId);
        if (!inode.isRegular()) {
            throw ErrnoException.of(LinuxErrno.EINVAL);
        }
        int result =
                window.window()
                        .setup(() -> open(inode), fileOffset, range.offset(), range.length());
        if (result == -LinuxErrno.ENOMEM) {
            window.complain(LinuxErrno.ENOMEM, "the front-end has no room for more maps");
        }
        ErrnoException.check(result);
    }

    private DaxFile open(Inode inode) throws ErrnoException {
        DaxWindow all = window.window();
        int path = session.descriptors().of(inode); // so its number cannot be another file's
        DaxFile file = all.find(inode.id());
        if (file == null) {
            file = all.open(openForBoth(path, inode.device()), inode.id());
        }
        if (inode.isForgotten()) { // and who forgot it may have found no file to close
            session.unmap(inode);
            throw ErrnoException.of(LinuxErrno.ESTALE);
        }
        return file;
    }

    private Fd openForBoth(int path, long device) throws ErrnoException {
        if (share.options().readOnly()) {
            window.complain(LinuxErrno.EROFS, "the share is read-only");
            throw ErrnoException.of(LinuxErrno.EROFS);
        }
        if (!window.isCoherent(path, device)) {
            window.complain(
                    LinuxErrno.ENODEV, "the file system has no page cache that can be shared");
            throw ErrnoException.of(LinuxErrno.ENODEV);
        }
        PathDescriptors descriptors = session.descriptors();
        int fd = descriptors.openingToStay(() -> share.reopen(path, FD_MODE));
        if (fd == -LinuxErrno.EPERM) { // only the owner may read without a trace
            fd = descriptors.openingToStay(() -> share.reopen(path, Fcntl.O_RDWR));
        }
        if (fd < 0) {
            window.complain(-fd, "it cannot be opened for reading and writing");
        }
        return Fd.own(share.syscalls(), ErrnoException.check(fd));
    }

    /** Checks all ranges before the first is touched. */
    @Override
    public void removeMappings(List<WindowRange> ranges) throws ErrnoException {
        DaxWindow all = window.window();
        for (WindowRange range : ranges) {
            if (!all.contains(range.offset(), range.length())) {
                throw ErrnoException.of(LinuxErrno.EINVAL);
            }
        }
        int result = 0;
        for (WindowRange range : ranges) {
            int removed = all.remove(range.offset(), range.length());
            result = result == 0 ? removed : result;
        }
        ErrnoException.check(result);
    }
}
