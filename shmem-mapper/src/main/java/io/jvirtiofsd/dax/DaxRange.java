package io.jvirtiofsd.dax;

/**
 * A range of the window that the guest has set up for part of a file, and how it is served: whole
 * pages by the file itself up to {@link #split()}, the rest by shadow pages.
 *
 * <pre>
 *   window    windowOffset ................................ windowOffset + length
 *             |  piece of the file    |  shadow pages       |
 *   file      fileOffset         + split     ^ end of the file
 * </pre>
 *
 * <p><i>Guarded by two monitors</i>, the window's and the file's: changed under both, read under
 * either.
 */
final class DaxRange {
    /** Bytes of most ranges: the unit in which Linux divides the window. */
    static final int USUAL_BYTES = 2 << 20; // linux fs/fuse/dax.c FUSE_DAX_SZ

    final DaxFile file;
    final long fileOffset;
    final long windowOffset;
    final int length;

    /** Bytes from the start that are served by the file itself; 0 if none. */
    private int split;

    /** The rest, from {@link #split} on; null while nothing is mapped there. */
    private ShadowPages.Range shadow;

    /** Whether the front-end has mapped them, so that the guest sees them. */
    private boolean shadowMapped;

    /** Bytes of the shadow part that were part of the file when last looked at. */
    private int bytesInFile;

    DaxRange(DaxFile file, long fileOffset, long windowOffset, int length) {
        this.file = file;
        this.fileOffset = fileOffset;
        this.windowOffset = windowOffset;
        this.length = length;
    }

    /** A new range for bytes {@code [from, to)} of this one. */
    DaxRange part(int from, int to) {
        return new DaxRange(file, fileOffset + from, windowOffset + from, to - from);
    }

    long windowEnd() {
        return windowOffset + length;
    }

    boolean covers(DaxFile other, long otherFileOffset, long otherWindowOffset, long otherLength) {
        return file == other
                && fileOffset == otherFileOffset
                && windowOffset == otherWindowOffset
                && length == otherLength;
    }

    /** Bytes from the start that are served by the file itself; 0 if none. */
    int split() {
        return split;
    }

    /** Whether nothing serves it yet. */
    boolean isBare() {
        return split == 0 && shadow == null;
    }

    boolean hasShadow() {
        return shadow != null;
    }

    /** Whether any byte is served by a shadow page, or may have to be when the file grows. */
    boolean mayHaveShadow() {
        return shadow != null || split < length;
    }

    /** The first {@code bytes} bytes are served by the file itself from now on. */
    void serveByFile(int bytes) {
        split = bytes;
    }

    /** How many of its bytes a file of {@code size} bytes has. */
    int inFile(long size) {
        return (int) Math.max(0, Math.min(size - fileOffset, length));
    }

    /** Whether a file of {@code size} bytes has bytes here that nothing is mapped for yet. */
    boolean lacks(long size) {
        return !shadowMapped && inFile(size) > split;
    }

    private long shadowStart() {
        return fileOffset + split;
    }

    /** Begins to serve what follows {@link #split()} by {@code pages}, filled from the file. */
    void shadowBy(ShadowPages.Range pages, int fd, long size) {
        shadow = pages;
        bytesInFile = 0;
        settle(fd, size, 0, Long.MAX_VALUE);
    }

    /** The guest sees the shadow pages from now on. */
    void shadowIsMapped() {
        shadowMapped = true;
    }

    /** Gives the shadow pages back; nothing follows {@link #split()} any more. */
    void dropShadow() {
        shadow.discard();
        shadow = null;
        shadowMapped = false;
    }

    /** Brings what the guest has stored into the file; false if something did not arrive. */
    boolean writeBack(int fd) {
        return shadow == null || shadow.writeBack(fd, shadowStart(), 0, bytesInFile);
    }

    /**
     * Makes the shadow pages and the file equal in {@code [from, to)} of the file, and wherever the
     * file has become longer or shorter.
     *
     * @param size of the file now
     * @return whether all that the guest has stored arrived in the file
     */
    boolean settle(int fd, long size, long from, long to) {
        if (shadow == null) {
            return true;
        }
        int now = Math.max(0, inFile(size) - split);
        int low = within(from);
        int high = within(to);
        // First what the guest has stored goes into the file, then the file's bytes go to the
        // guest.
        boolean arrived = shadow.writeBack(fd, shadowStart(), low, Math.min(high, bytesInFile));
        // A change of size concerns the bytes between the old end and the new one, wherever they
        // are.
        if (now != bytesInFile) {
            low = Math.min(low, Math.min(now, bytesInFile));
            high = Math.max(high, Math.max(now, bytesInFile));
        }
        // Behind both ends there is nothing to bring.
        high = Math.min(high, Math.max(now, bytesInFile));
        if (low < high) {
            shadow.refresh(fd, shadowStart(), low, high, bytesInFile);
        }
        bytesInFile = now;
        return arrived;
    }

    private int within(long fileOffset) {
        return (int) Math.max(0, Math.min(fileOffset - shadowStart(), length - split));
    }

    @Override
    public String toString() {
        return "window 0x%x + 0x%x, file offset 0x%x, split 0x%x"
                .formatted(windowOffset, length, fileOffset, split);
    }
}
