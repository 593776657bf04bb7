package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
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

/** Two shadow pages for a file of a page and a half, seen through a map as the guest has it. */
class ShadowPagesTest {
    private static final int PAGE = 4096;
    private static final int LENGTH = 2 * PAGE;
    private static final int SIZE = PAGE + PAGE / 2;
    private static final long AT = 3 * PAGE; // in the window

    private final Syscalls syscalls = Syscalls.load();
    private final byte[] bytes = new byte[SIZE];

    @TempDir Path folder;
    private Path path;
    private Fd file;
    private ShadowPages pages;
    private ShadowPages.Range range;
    private Mapping map;
    private NativeMemory guest;

    @BeforeEach
    void begin() throws IOException {
        new Random(1).nextBytes(bytes);
        path = folder.resolve("f");
        file = HostFile.open(path, bytes);
        pages = new ShadowPages(syscalls, 8 * PAGE, new DaxStatistics());
        range = pages.range(AT, LENGTH);
        map = Mapping.map(syscalls, pages.fd(), AT, LENGTH);
        guest = NativeMemory.view(map.address(), LENGTH);
        range.refresh(file.number(), 0, 0, SIZE, 0);
    }

    @AfterEach
    void end() {
        map.close();
        pages.close();
        file.close();
    }

    private byte[] seen() {
        byte[] seen = new byte[LENGTH];
        guest.get(0, seen, 0, LENGTH);
        return seen;
    }

    @Test
    void guestSeesTheFileAndZerosBehindIt() {
        assertArrayEquals(Arrays.copyOf(bytes, LENGTH), seen());
    }

    @Test
    void onlyWhatTheGuestHasStoredGoesIntoTheFile() throws IOException {
        guest.putByte(5, (byte) ~bytes[5]);
        guest.putByte(SIZE - 1, (byte) ~bytes[SIZE - 1]);
        bytes[100] ^= 1; // by somebody else meanwhile
        Files.write(path, bytes);
        assertTrue(range.writeBack(file.number(), 0, 0, SIZE));
        bytes[5] = (byte) ~bytes[5];
        bytes[SIZE - 1] = (byte) ~bytes[SIZE - 1];
        assertArrayEquals(bytes, Files.readAllBytes(path));
    }

    @Test
    void whatTheGuestHasStoredOutlivesARefresh() throws IOException {
        byte stored = (byte) (bytes[5] ^ 1);
        guest.putByte(5, stored);
        bytes[5] ^= 2;
        bytes[6] ^= 2;
        Files.write(path, bytes);
        range.refresh(file.number(), 0, 0, SIZE, SIZE);
        assertEquals(stored, guest.getByte(5));
        assertEquals(bytes[6], guest.getByte(6));
    }

    @Test
    void whatTheFileLosesTheGuestLoses() throws IOException {
        bytes[PAGE - 1] = 7;
        Files.write(path, Arrays.copyOf(bytes, PAGE));
        range.refresh(file.number(), 0, 0, SIZE, SIZE);
        assertArrayEquals(Arrays.copyOf(Arrays.copyOf(bytes, PAGE), LENGTH), seen());
    }

    @Test
    void aStoreBehindTheEndDoesNotMakeTheFileLonger() throws IOException {
        guest.putByte(PAGE + 5, (byte) ~bytes[PAGE + 5]);
        Files.write(path, new byte[0]);
        assertFalse(range.writeBack(file.number(), 0, 0, SIZE));
        assertEquals(0, Files.size(path));
    }

    @Test
    void discardedPagesReadAsZeros() {
        range.discard();
        assertArrayEquals(new byte[LENGTH], seen());
        assertTrue(range.writeBack(file.number(), 0, 0, LENGTH)); // nothing to write
    }
}
