package io.jvirtiofsd.fuse;

/**
 * The READDIR or READDIRPLUS reply being filled; owned by the server, borrowed by {@link
 * DirectoryOperations#readdir}.
 *
 * <p>Source: fuse.h, {@code struct fuse_dirent} and {@code struct fuse_direntplus}.
 */
public interface DirectorySink {
    /** Whether one more entry with a name of {@code nameBytes} bytes fits. */
    boolean fits(int nameBytes);

    /**
     * Adds an entry without attributes; READDIRPLUS does not count it.
     *
     * @param offset position after this entry, 1&hellip;2⁶³&minus;1
     * @param type file type as in {@code mode >> 12}, 0 if not known
     * @return false, adding nothing, if it does not fit
     */
    boolean add(long ino, long offset, int type, Name name);

    /** Adds an entry that was looked up; false, adding nothing, if it does not fit. */
    boolean add(Entry entry, long offset, Name name);
}
