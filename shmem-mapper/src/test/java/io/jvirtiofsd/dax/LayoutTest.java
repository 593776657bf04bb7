package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which pieces serve a range, and what becomes of the range when one cannot be mapped. */
class LayoutTest {
    private static final int PAGE = 4096;
    private static final int WINDOW = DaxRange.USUAL_BYTES;
    private static final int AT = 16 * PAGE; // in the window

    private final Syscalls syscalls = Syscalls.load();

    @TempDir Path folder;
    private Path path;
    private byte[] bytes;
    private FakeWindow frontEnd;
    private WindowPieces pieces;
    private Layout layout;
    private DaxFile file;

    /** A file of {@code size} bytes, and a front-end by QEMU's rules or one that maps past ends. */
    private DaxRange begin(int size, int length, boolean pastEnd) throws IOException {
        bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        path = folder.resolve("f");
        Fd fd = HostFile.open(path, bytes);
        DaxStatistics statistics = new DaxStatistics();
        frontEnd = new FakeWindow(WINDOW, pastEnd);
        pieces = new WindowPieces(syscalls, WINDOW, statistics);
        pieces.use(frontEnd);
        layout = new Layout(syscalls, WINDOW, pieces, statistics);
        FileId id = FileId.of(syscalls, fd);
        file = new DaxFile(syscalls, fd, id, new PendingCuts(), grown -> {}, shortened -> {});
        DaxRange range = new DaxRange(file, 0, AT, length);
        file.add(range);
        return range;
    }

    @AfterEach
    void end() {
        layout.newFrontEnd();
        pieces.close();
        file.end();
        assertEquals(List.of(), frontEnd.violations());
        frontEnd.close();
    }

    private void assertShows(byte[] expected) {
        assertArrayEquals(expected, frontEnd.load(AT, expected.length));
    }

    @Test
    void wholePagesAreTheFilesAndTheRestIsShadowPages() throws IOException {
        DaxRange range = begin(2 * PAGE + 100, 4 * PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertEquals(2 * PAGE, range.split());
        assertTrue(range.hasShadow());
        assertEquals(2, frontEnd.maps());
        assertShows(Arrays.copyOf(bytes, 4 * PAGE));
    }

    @Test
    void aFileThatFillsItsPagesTakesOnePiece() throws IOException {
        DaxRange range = begin(2 * PAGE, 2 * PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertFalse(range.hasShadow());
        assertEquals(1, frontEnd.maps());
        assertShows(bytes);
    }

    @Test
    void aFrontEndThatMapsPastTheEndTakesOnePiece() throws IOException {
        DaxRange range = begin(PAGE + 100, 4 * PAGE, true);
        assertEquals(0, layout.mapPieces(range));
        assertEquals(4 * PAGE, range.split());
        assertFalse(range.hasShadow());
        assertFalse(layout.reachesPast(range, 0));
        assertEquals(1, frontEnd.maps());
    }

    @Test
    void anEmptyFileIsNotMapped() throws IOException {
        DaxRange range = begin(0, PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertTrue(range.isBare());
        assertEquals(0, frontEnd.requests());
    }

    @Test
    void aRefusedPieceIsEioAndLeavesTheRangeBare() throws IOException {
        DaxRange range = begin(2 * PAGE, 2 * PAGE, false);
        frontEnd.failAfter(0, Outcome.REFUSED);
        assertEquals(-LinuxErrno.EIO, layout.mapPieces(range));
        assertTrue(range.isBare());
        assertEquals(0, layout.mapPieces(range)); // later it may be mapped
        assertShows(bytes);
    }

    @Test
    void aRefusedShadowPieceIsEioAndTheFilesPagesStay() throws IOException {
        DaxRange range = begin(PAGE + 100, 2 * PAGE, false);
        frontEnd.failAfter(2, Outcome.REFUSED); // after the probe and the file's piece
        assertEquals(-LinuxErrno.EIO, layout.mapPieces(range));
        assertEquals(PAGE, range.split());
        assertTrue(range.lacks(bytes.length));
        assertEquals(0, layout.extend(range, bytes.length));
        assertShows(Arrays.copyOf(bytes, 2 * PAGE));
    }

    @Test
    void withoutAFrontEndItIsEio() throws IOException {
        DaxRange range = begin(PAGE, PAGE, false);
        pieces.use(null);
        assertEquals(-LinuxErrno.EIO, layout.mapPieces(range));
        assertTrue(range.isBare());
    }

    @Test
    void whatTheGuestHasStoredIsInTheFileWhenItsPiecesAreGone() throws IOException {
        DaxRange range = begin(PAGE + 100, 2 * PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertTrue(frontEnd.store(AT + PAGE + 7, new byte[] {(byte) ~bytes[PAGE + 7]}));
        assertTrue(layout.unmapPieces(range));
        assertTrue(range.isBare());
        assertEquals(0, frontEnd.maps());
        bytes[PAGE + 7] = (byte) ~bytes[PAGE + 7];
        assertArrayEquals(bytes, Files.readAllBytes(path));
    }

    @Test
    void anUnmapWithoutAnAnswerIsNotSure() throws IOException {
        DaxRange range = begin(PAGE, PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        frontEnd.failAfter(0, Outcome.UNKNOWN);
        assertFalse(layout.unmapPieces(range));
        assertTrue(range.isBare());
    }

    @Test
    void aShorterFileIsReachedPastAndAPieceCutThroughIsDivided() throws IOException {
        DaxRange range = begin(3 * PAGE, 3 * PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertFalse(layout.reachesPast(range, 3 * PAGE));
        assertTrue(layout.reachesPast(range, 3 * PAGE - 1));
        assertTrue(layout.divides(range, PAGE));
        assertTrue(layout.reachesPast(range, 0));
        assertFalse(layout.divides(range, 0)); // nothing of it stays
    }

    @Test
    void whatAFileGrowsByIsTakenIntoShadowPagesUntilItIsMuch() throws IOException {
        DaxRange range = begin(100, 64 * PAGE, false);
        assertEquals(0, layout.mapPieces(range));
        assertEquals(0, range.split());
        assertFalse(layout.isWasteful(range, 15 * PAGE));
        assertTrue(layout.isWasteful(range, 16 * PAGE)); // 64 KiB
    }
}
