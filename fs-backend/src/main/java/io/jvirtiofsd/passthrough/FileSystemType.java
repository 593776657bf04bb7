package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.Set;

/**
 * What can be relied upon on a file system of the host, by its type. <i>Immutable.</i> Source:
 * fstatfs(2), linux/magic.h.
 *
 * @param magic the type; 0 if the host does not tell
 */
record FileSystemType(long magic) {
    private static final long EXT = 0xef53; // ext2, ext3, ext4
    private static final long XFS = 0x58465342;
    private static final long BTRFS = 0x9123683eL;
    private static final long TMPFS = 0x01021994;
    private static final long RAMFS = 0x858458f6L;
    private static final long F2FS = 0xf2f52010L;
    private static final long BCACHEFS = 0xca451a4eL;
    private static final long OVERLAY = 0x794c7630;
    private static final long FUSE = 0x65735546;

    private static final Set<Long> OF_THIS_HOST =
            Set.of(EXT, XFS, BTRFS, TMPFS, RAMFS, F2FS, BCACHEFS);

    /** That of what {@code fd}, of any kind, refers to; overwrites the small block. */
    static FileSystemType of(Syscalls syscalls, int fd) {
        NativeMemory statfs = Scratch.get().small();
        int result = syscalls.fstatfs(fd, statfs.address());
        return new FileSystemType(result == 0 ? statfs.getLong(0) : 0);
    }

    /**
     * Whether a position in a directory means the same in whatever descriptor.
     *
     * <p>Not on btrfs, where an open directory ends with what was there when it was opened:
     * renaming while listing would never end. Not on tmpfs, whose positions were its own before
     * Linux 6.6.
     */
    boolean hasLastingPositions() {
        return magic == EXT || magic == XFS;
    }

    /**
     * Whether a file handle leads to its object as long as that exists: most servers of FUSE know
     * an object no more once the kernel has forgotten it.
     */
    boolean hasLastingHandles() {
        return magic != FUSE;
    }

    /**
     * Whether an inode number stands for one object while that is open. An overlay gives the links
     * of one file the same number until one of them is written to, and is a file of its own from
     * then on. A server of FUSE may take each of them for a file of its own all the time.
     */
    boolean hasLastingNumbers() {
        return magic != FUSE && magic != OVERLAY;
    }

    /**
     * Whether all programs that map a file have the same pages: not on network file systems, FUSE,
     * or overlays, whose lower files move when written.
     */
    boolean hasOnePageCache() {
        return OF_THIS_HOST.contains(magic);
    }

    /** Whether birth times are of the host's clock, and no program can set them. */
    boolean hasOwnBirthTimes() {
        return OF_THIS_HOST.contains(magic);
    }
}
