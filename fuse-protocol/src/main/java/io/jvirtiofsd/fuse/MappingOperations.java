package io.jvirtiofsd.fuse;

import java.util.List;

/**
 * Operations on the DAX window, in which the guest sees pages of files without asking.
 * <i>Thread-safe</i>, as {@link Session} demands.
 */
public interface MappingOperations {
    /** The operations of a file system that maps no files. */
    MappingOperations NONE = new MappingOperations() {};

    /**
     * Shows the file's bytes from {@code fileOffset} on in a range of the DAX window, in place of
     * whatever was there, until the range is removed or set up again.
     *
     * @param range the window's range; the file's has the same length
     */
    default void setupMapping(long nodeId, long fileOffset, WindowRange range)
            throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }

    /** Takes ranges out of the DAX window. If one of them cannot be, none is taken out. */
    default void removeMappings(List<WindowRange> ranges) throws ErrnoException {
        throw ErrnoException.of(Errno.ENOSYS);
    }
}
