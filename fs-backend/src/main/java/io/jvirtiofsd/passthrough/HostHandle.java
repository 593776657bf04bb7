package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fd;

/**
 * What the guest has open, by fh: a file or a directory. Owned by the session's handle table.
 *
 * <p><i>Immutable</i>, but for a directory's position.
 */
sealed interface HostHandle {
    /** The descriptor, borrowed for the request. */
    Fd fd();

    /** What it is of. */
    Inode inode();

    /** An open regular file; {@code flags} are the host descriptor's O_ flags. */
    record OpenFile(Fd fd, int flags, Inode inode) implements HostHandle {}

    /** An open directory. */
    final class OpenDirectory implements HostHandle {
        private final Fd fd;
        private final Inode inode;
        private long position;

        OpenDirectory(Fd fd, Inode inode) {
            this.fd = fd;
            this.inode = inode;
        }

        @Override
        public Fd fd() {
            return fd;
        }

        @Override
        public Inode inode() {
            return inode;
        }

        /** Where the descriptor stands; guarded by this object's monitor. */
        long position() {
            return position;
        }

        void setPosition(long position) {
            this.position = position;
        }
    }
}
