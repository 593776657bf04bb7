package io.jvirtiofsd.dax;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.Syscalls;

/**
 * Decides by which pieces a range of the window is served, and has them mapped: one of the file's
 * whole pages, one of shadow pages for the rest, or a single one where the front-end has no
 * objection against pages past the end of a file. Owned by the {@link DaxWindow}.
 *
 * <p>A piece is replaced while the guest may use the range only if somebody else cuts the file: in
 * between the guest finds nothing there ({@link GuardMode}). So once there are shadow pages they
 * take in whatever the file grows by.
 *
 * <p><i>Guarded by the window's monitor.</i> A range's fields change under its file's, too, which
 * is never held across a round trip: other requests for the file go on meanwhile.
 */
final class Layout {
    private static final int PAGE_BYTES = 4096;

    /** Growth by this much makes it worth to map file pages instead of shadow pages. */
    private static final int WORTHWHILE_BYTES = 64 << 10;

    /** How often the front-end is asked while somebody makes the file shorter and shorter. */
    private static final int ATTEMPTS = 10;

    private final Syscalls syscalls;
    private final long windowBytes;
    private final WindowPieces pieces;
    private final DaxStatistics statistics;

    /**
     * Pages shared with this front-end, made when first needed. Another one gets others, since a
     * front-end can keep what it has once mapped.
     */
    private ShadowPages shadows;

    private long unusedBytes;
    private Boolean mapsPastEnd;

    Layout(Syscalls syscalls, long windowBytes, WindowPieces pieces, DaxStatistics statistics) {
        this.syscalls = syscalls;
        this.windowBytes = windowBytes;
        this.pieces = pieces;
        this.statistics = statistics;
        this.unusedBytes = windowBytes;
    }

    /**
     * Forgets what the last front-end has shown, and gives back the shadow pages, which the next
     * one does not see. No range may be served by a piece.
     */
    void newFrontEnd() {
        mapsPastEnd = null;
        if (shadows != null) {
            shadows.close();
            shadows = null;
        }
    }

    /** Notes that {@code bytes} more of the window are in use, or fewer if negative. */
    void use(long bytes) {
        unusedBytes -= bytes;
    }

    /**
     * Maps what a range without file pages needs.
     *
     * @return 0; or negated, after which the range may be served in part: ENOMEM when the front-end
     *     has no room for one more piece or we have none for shadow pages, EIO when the front-end
     *     refuses, does not answer or is not there
     */
    int mapPieces(DaxRange range) {
        int result = -LinuxErrno.EIO;
        // A front-end may refuse pages that a file does not have. So where the size has changed
        // during an
        // attempt the next one goes by the new size.
        for (int i = 0; i < ATTEMPTS && result < 0 && range.split() == 0; i++) {
            long size = range.file.size();
            result = mapPieces(range, size);
            if (range.file.size() == size) {
                break; // else it was refused because the file has become shorter meanwhile
            }
        }
        return result;
    }

    private int mapPieces(DaxRange range, long size) {
        DaxFile file = range.file;
        int inFile = range.inFile(size);
        if (inFile == 0) {
            return 0; // an empty file is never mapped; nothing is seen beyond the end
        }
        // Bytes to be served by the file itself: whole pages that nobody is about to cut off.
        int whole = range.inFile(Math.min(size, file.mappableSize())) & -PAGE_BYTES;
        if (inFile < range.length && mapsPastEnd(range.windowOffset)) {
            // Such a front-end needs one piece, and no shadow pages.
            whole = range.length;
        }
        boolean tail = whole < inFile;
        if (tail && whole > 0 && !roomForTwo()) {
            whole = 0; // all of it as shadow pages: one piece less
        }
        if (whole > 0) {
            int result = map(range, file.fd(), file.id(), range.fileOffset, 0, whole);
            if (result < 0) {
                return result;
            }
            synchronized (file) {
                range.serveByFile(whole);
            }
        }
        return tail ? shadow(range, size) : 0;
    }

    /**
     * Maps what a file of {@code size} bytes has grown by.
     *
     * @return 0, or a negated errno as {@link #mapPieces(DaxRange)}
     */
    int extend(DaxRange range, long size) {
        return range.split() == 0 ? mapPieces(range) : shadow(range, size);
    }

    /** Serves what follows a range's file pages by shadow pages; 0 or a negated errno. */
    private int shadow(DaxRange range, long size) {
        int length = range.length - range.split();
        long at = range.windowOffset + range.split();
        if (shadows == null) {
            try {
                shadows = new ShadowPages(syscalls, windowBytes, statistics);
            } catch (LinuxException e) {
                return -e.errno();
            }
        }
        synchronized (range.file) {
            // Filled before the guest can see the pages. The round trip comes after the file's
            // monitor.
            range.shadowBy(shadows.range(at, length), range.file.fd(), size);
            range.file.rangesChanged();
        }
        int result = map(range, shadows.fd(), shadows.id(), at, range.split(), length);
        synchronized (range.file) {
            if (result < 0) {
                range.dropShadow();
            } else {
                range.shadowIsMapped();
            }
        }
        return result;
    }

    private int map(DaxRange range, int fd, FileId id, long fileOffset, int at, int length) {
        if (!pieces.makeRoom()) {
            return -LinuxErrno.ENOMEM;
        }
        Outcome outcome = pieces.map(fd, id, fileOffset, range.windowOffset + at, length);
        return outcome == Outcome.DONE ? 0 : -LinuxErrno.EIO;
    }

    /**
     * Whether a range may take two pieces. One each is kept for the ranges of usual size that fit
     * into the unused part of the window, but no more than a quarter of {@link
     * WindowPieces#MAX_PIECES}.
     */
    private boolean roomForTwo() {
        long others = Math.max(0, unusedBytes / DaxRange.USUAL_BYTES);
        return pieces.free() - 2 >= Math.min(others, WindowPieces.MAX_PIECES / 4);
    }

    /**
     * Whether the front-end maps more of a file than there is. It is asked once, with a file of
     * ours; an attempt without an answer is made again the next time.
     */
    private boolean mapsPastEnd(long freeWindowOffset) {
        if (mapsPastEnd == null) {
            try (Fd probe = Memfd.sealed(syscalls, 1, "jvirtiofsd-probe")) {
                Outcome outcome = pieces.probe(probe.number(), freeWindowOffset, PAGE_BYTES);
                if (outcome == Outcome.DONE || outcome == Outcome.REFUSED) {
                    mapsPastEnd = outcome == Outcome.DONE;
                }
            } catch (LinuxException e) {
                return false; // asked again next time
            }
        }
        return Boolean.TRUE.equals(mapsPastEnd);
    }

    /**
     * Unmaps a range's pieces and brings what the guest has stored in shadow pages into the file.
     *
     * @return whether the guest is known to be unable to reach them any more
     */
    boolean unmapPieces(DaxRange range) {
        boolean sure = true;
        if (range.hasShadow()) {
            // Unmapped before it is written back: until then the guest may store something.
            sure = pieces.unmap(range.windowOffset + range.split());
            synchronized (range.file) {
                range.writeBack(range.file.fd());
                range.dropShadow();
            }
        }
        if (range.split() > 0) { // last, for the guest to lack file pages only shortly
            sure &= pieces.unmap(range.windowOffset);
        }
        synchronized (range.file) {
            range.serveByFile(0);
            range.file.rangesChanged();
        }
        return sure;
    }

    /** Whether file pages are mapped that a file of {@code size} bytes does not have. */
    boolean reachesPast(DaxRange range, long size) {
        return range.split() > (range.inFile(size) & -PAGE_BYTES)
                && !Boolean.TRUE.equals(mapsPastEnd);
    }

    /** Whether a file of {@code size} bytes has some of what a piece maps, but not all. */
    boolean divides(DaxRange range, long size) {
        return reachesPast(range, size) && range.inFile(size) > 0;
    }

    /** Whether 64 KiB or more are served by shadow pages that could be served by the file. */
    boolean isWasteful(DaxRange range, long size) {
        int whole = range.inFile(size) & -PAGE_BYTES;
        return range.hasShadow() && whole - range.split() >= WORTHWHILE_BYTES && roomForTwo();
    }
}
