package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Fd;

/**
 * What the guest has open, by fh: a file or a directory. Owned by the session's handle table.
 *
 * <p><i>Thread-safe.</i>
 */
sealed interface HostHandle {
    /** The descriptor, borrowed for the request. */
    Fd fd();

    /** What it is of. */
    Inode inode();

    /** An open regular file; {@code flags} are the host descriptor's O_ flags. */
    final class OpenFile implements HostHandle {
        private final Fd fd;
        private final int flags;
        private final Inode inode;
        private volatile boolean flocked;
        private volatile boolean written;

        OpenFile(Fd fd, int flags, Inode inode) {
            this.fd = fd;
            this.flags = flags;
            this.inode = inode;
        }

        @Override
        public Fd fd() {
            return fd;
        }

        int flags() {
            return flags;
        }

        @Override
        public Inode inode() {
            return inode;
        }

        /** Whether the descriptor has a lock of flock(2), as far as requests have got one. */
        boolean isFlocked() {
            return flocked;
        }

        void setFlocked(boolean flocked) {
            this.flocked = flocked;
        }

        /** Notes that what goes to the file by this descriptor may fail later. */
        void written() {
            if (!written) {
                written = true;
            }
        }

        /** Whether {@link #written} was called since this was asked before. */
        boolean wasWritten() {
            boolean was = written;
            if (was) {
                written = false;
            }
            return was;
        }
    }

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
