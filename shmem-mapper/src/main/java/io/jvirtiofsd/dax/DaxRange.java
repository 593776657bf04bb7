package io.jvirtiofsd.dax;

import java.util.List;
import java.util.Map;
import java.util.NavigableMap;

/**
 * A range of the window that the guest has set up for part of a file, and how it is served: whole
 * pages by the file itself up to {@link #split}, the rest by shadow pages.
 *
 * <pre>
 *   window    windowOffset ................................ windowOffset + length
 *             |  piece of the file    |  shadow pages       |
 *   file      fileOffset         + split     ^ end of the file
 * </pre>
 *
 * <p>Changed under both the window's and the file's monitor, read under either.
 */
final class DaxRange {
    final DaxFile file;
    final long fileOffset;
    final long windowOffset;
    final int length;

    /** Bytes from the start that are served by the file itself; 0 if none. */
    int split;

    /** The rest, from {@link #split} on; null while nothing is mapped there. */
    ShadowPages.Range shadow;

    /** Whether the guest sees them already. */
    boolean shadowMapped;

    /** Bytes of the shadow part that were part of the file when last looked at. */
    private int bytesInFile;

    DaxRange(DaxFile file, long fileOffset, long windowOffset, int length) {
        this.file = file;
        this.fileOffset = fileOffset;
        this.windowOffset = windowOffset;
        this.length = length;
    }

    /** Those of {@code ranges}, by their window offsets, with a byte in {@code [from, to)}. */
    static List<DaxRange> overlapping(NavigableMap<Long, DaxRange> ranges, long from, long to) {
        Map.Entry<Long, DaxRange> before = ranges.lowerEntry(from);
        boolean reaches = before != null && before.getValue().windowEnd() > from;
        long first = reaches ? before.getKey() : from;
        return List.copyOf(ranges.subMap(first, to).values());
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

    /** Begins to serve what follows {@link #split} by {@code pages}, filled from the file. */
    void shadowBy(ShadowPages.Range pages, int fd, long size) {
        shadow = pages;
        bytesInFile = 0;
        settle(fd, size, 0, Long.MAX_VALUE);
    }

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
        boolean arrived = shadow.writeBack(fd, shadowStart(), low, Math.min(high, bytesInFile));
        if (now != bytesInFile) {
            low = Math.min(low, Math.min(now, bytesInFile));
            high = Math.max(high, Math.max(now, bytesInFile));
        }
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
