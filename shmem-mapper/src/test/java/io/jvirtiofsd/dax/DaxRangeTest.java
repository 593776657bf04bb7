package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Four pages of a file, from its second on, that ends in the third of them: two are served by the
 * file itself, two by shadow pages.
 */
class DaxRangeTest {
    private static final int PAGE = 4096;
    private static final int LENGTH = 4 * PAGE;
    private static final int SPLIT = 2 * PAGE;
    private static final long FROM = PAGE; // in the file
    private static final long AT = 8 * PAGE; // in the window
    private static final int SHADOW_AT = (int) FROM + SPLIT; // in the file
    private static final int SIZE = SHADOW_AT + 100;

    private final Syscalls syscalls = Syscalls.load();
    private final byte[] bytes = new byte[(int) FROM + LENGTH];

    @TempDir Path folder;
    private Path path;
    private Fd fd;
    private DaxFile file;
    private ShadowPages pages;
    private Mapping map;
    private NativeMemory guest; // the shadow part
    private DaxRange range;

    @BeforeEach
    void begin() throws IOException {
        new Random(1).nextBytes(bytes);
        path = folder.resolve("f");
        fd = HostFile.open(path, Arrays.copyOf(bytes, SIZE));
        file = newFile();
        pages = new ShadowPages(syscalls, 16 * PAGE, new DaxStatistics());
        map = Mapping.map(syscalls, pages.fd(), AT + SPLIT, LENGTH - SPLIT);
        guest = NativeMemory.view(map.address(), LENGTH - SPLIT);
        range = new DaxRange(file, FROM, AT, LENGTH);
    }

    private DaxFile newFile() throws IOException {
        FileId id = FileId.of(syscalls, fd);
        return new DaxFile(syscalls, fd, id, new PendingCuts(), grown -> {}, shortened -> {});
    }

    @AfterEach
    void end() {
        map.close();
        pages.close();
        fd.close();
    }

    private void shadow() {
        range.serveByFile(SPLIT);
        range.shadowBy(pages.range(AT + SPLIT, LENGTH - SPLIT), fd.number(), SIZE);
    }

    /** The host makes the file {@code size} bytes long; what is new is of {@link #bytes}. */
    private void resize(int size) throws IOException {
        Files.write(path, Arrays.copyOf(bytes, size));
    }

    /** The guest sees what a file of {@code size} bytes holds, and zeros behind it. */
    private void assertSees(int size) {
        byte[] seen = new byte[LENGTH - SPLIT];
        guest.get(0, seen, 0, seen.length);
        byte[] whole = Arrays.copyOf(Arrays.copyOf(bytes, size), bytes.length);
        assertArrayEquals(Arrays.copyOfRange(whole, SHADOW_AT, bytes.length), seen);
    }

    private boolean settle(int size, long from, long to) {
        return range.settle(fd.number(), size, from, to);
    }

    @Test
    void aPartIsABareRangeOfTheSameFile() {
        shadow();
        DaxRange part = range.part(PAGE, 3 * PAGE);
        assertSame(file, part.file);
        assertTrue(part.covers(file, FROM + PAGE, AT + PAGE, 2 * PAGE));
        assertEquals(AT + 3 * PAGE, part.windowEnd());
        assertTrue(part.isBare());
        assertEquals(0, part.split());
    }

    @Test
    void aRangeCoversNothingButItself() throws IOException {
        assertTrue(range.covers(file, FROM, AT, LENGTH));
        assertFalse(range.covers(newFile(), FROM, AT, LENGTH));
        assertFalse(range.covers(file, FROM + PAGE, AT, LENGTH));
        assertFalse(range.covers(file, FROM, AT + PAGE, LENGTH));
        assertFalse(range.covers(file, FROM, AT, LENGTH - PAGE));
        assertFalse(range.covers(file, FROM, AT, LENGTH + (1L << 32)));
    }

    @Test
    void whatIsInAFileIsBoundedByTheRange() {
        assertEquals(0, range.inFile(0));
        assertEquals(0, range.inFile(FROM));
        assertEquals(1, range.inFile(FROM + 1));
        assertEquals(LENGTH, range.inFile(FROM + LENGTH));
        assertEquals(LENGTH, range.inFile(FROM + LENGTH + 1));
        assertEquals(LENGTH, range.inFile(Long.MAX_VALUE));
    }

    @Test
    void whatNothingIsMappedForIsLacking() {
        assertFalse(range.lacks(FROM));
        assertTrue(range.lacks(FROM + 1));
        assertTrue(range.isBare());
        range.serveByFile(SPLIT);
        assertFalse(range.isBare());
        assertFalse(range.lacks(SHADOW_AT));
        assertTrue(range.lacks(SHADOW_AT + 1));
        shadow();
        assertTrue(range.lacks(SIZE)); // filled, but the guest does not see them
        range.shadowIsMapped();
        assertFalse(range.lacks(Long.MAX_VALUE));
        range.dropShadow();
        assertTrue(range.lacks(SIZE));
        assertFalse(range.lacks(SHADOW_AT));
    }

    @Test
    void onlyARangeThatTheFileServesWhollyNeverHasShadows() {
        assertTrue(range.mayHaveShadow());
        range.serveByFile(LENGTH - PAGE);
        assertTrue(range.mayHaveShadow()); // when the file grows
        range.serveByFile(LENGTH);
        assertFalse(range.mayHaveShadow());
        assertFalse(range.hasShadow());
        assertTrue(settle(SIZE, 0, Long.MAX_VALUE));
        assertTrue(range.writeBack(fd.number()));
    }

    @Test
    void shadowPagesBeginWithWhatTheFileHolds() {
        shadow();
        assertTrue(range.hasShadow());
        assertSees(SIZE);
    }

    @Test
    void theGuestSeesWhatAFileGrowsBy() throws IOException {
        shadow();
        for (int size : new int[] {SIZE + 1, SHADOW_AT + PAGE + 7, bytes.length}) {
            resize(size);
            assertTrue(settle(size, 0, 0)); // whatever range was asked for
            assertSees(size);
        }
    }

    @Test
    void theGuestLosesWhatAFileShrinksBy() throws IOException {
        resize(bytes.length);
        range.serveByFile(SPLIT);
        range.shadowBy(pages.range(AT + SPLIT, LENGTH - SPLIT), fd.number(), bytes.length);
        for (int size : new int[] {SHADOW_AT + PAGE + 7, SHADOW_AT + 1, PAGE / 2}) {
            resize(size);
            assertTrue(settle(size, 0, 0));
            assertSees(size);
        }
        resize(SIZE); // and what comes back is the file's
        assertTrue(settle(SIZE, 0, 0));
        assertSees(SIZE);
    }

    @Test
    void aStoreGoesIntoTheFileWhereItIsSettled() throws IOException {
        shadow();
        bytes[SHADOW_AT + 3] ^= 1;
        guest.putByte(3, bytes[SHADOW_AT + 3]);
        byte before = bytes[SHADOW_AT + 50];
        guest.putByte(50, (byte) (before ^ 1));
        assertTrue(settle(SIZE, 0, SHADOW_AT + 50)); // not including it
        assertArrayEquals(Arrays.copyOf(bytes, SIZE), Files.readAllBytes(path));
        bytes[SHADOW_AT + 50] ^= 1;
        assertTrue(settle(SIZE, SHADOW_AT + 50, SHADOW_AT + 51));
        assertArrayEquals(Arrays.copyOf(bytes, SIZE), Files.readAllBytes(path));
        assertSees(SIZE);
    }

    @Test
    void writingBackTakesAllStoresInTheFileAndNoneBehindIt() throws IOException {
        shadow();
        bytes[SHADOW_AT] ^= 1;
        guest.putByte(0, bytes[SHADOW_AT]);
        bytes[SIZE - 1] ^= 1;
        guest.putByte(SIZE - 1 - SHADOW_AT, bytes[SIZE - 1]);
        guest.putByte(SIZE - SHADOW_AT, (byte) 1);
        assertTrue(range.writeBack(fd.number()));
        assertArrayEquals(Arrays.copyOf(bytes, SIZE), Files.readAllBytes(path));
    }

    /** As a mapping of the file itself would show it. */
    @Test
    void whatTheGuestStoredBehindTheEndIsNotInTheFileWhenItGrows() throws IOException {
        shadow();
        guest.putByte(SIZE - SHADOW_AT, (byte) ~bytes[SIZE]);
        resize(SIZE + 10);
        assertTrue(settle(SIZE + 10, 0, Long.MAX_VALUE));
        assertSees(SIZE + 10);
        assertArrayEquals(Arrays.copyOf(bytes, SIZE + 10), Files.readAllBytes(path));
    }

    @Test
    void aStoreThatTheFileHasNoPlaceForIsTold() throws IOException {
        shadow();
        guest.putByte(50, (byte) ~bytes[SHADOW_AT + 50]);
        resize(0);
        assertFalse(settle(0, 0, Long.MAX_VALUE));
        assertEquals(0, Files.size(path));
        assertSees(0);
        assertTrue(settle(0, 0, Long.MAX_VALUE)); // once
    }

    @Test
    void droppedPagesAreZerosAndOfNoFile() throws IOException {
        shadow();
        guest.putByte(0, (byte) ~bytes[SHADOW_AT]);
        range.dropShadow();
        assertFalse(range.hasShadow());
        assertSees(0);
        assertTrue(range.writeBack(fd.number()));
        assertArrayEquals(Arrays.copyOf(bytes, SIZE), Files.readAllBytes(path));
    }
}
