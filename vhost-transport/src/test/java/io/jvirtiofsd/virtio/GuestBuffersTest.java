package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Buffers in three regions, of which the first two touch; against one array of their bytes. */
class GuestBuffersTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int PAGE = 4096;
    private static final long FAR = 1L << 33;
    private static final long SEED = 7;

    private final GuestBuffers buffers = new GuestBuffers();
    private final Random random = new Random(SEED);
    private GuestRegion[] regions;
    private GuestMemory memory = GuestMemory.EMPTY;

    @BeforeEach
    void map() throws Exception {
        regions = new GuestRegion[] {region(0), region(PAGE), region(FAR)};
        for (GuestRegion region : regions) {
            memory = memory.with(region);
        }
        buffers.begin(memory);
    }

    private static GuestRegion region(long gpa) throws Exception {
        byte[] name = "buffers".getBytes(StandardCharsets.UTF_8);
        int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
        SYSCALLS.ftruncate(fd, PAGE);
        return GuestRegion.map(SYSCALLS, Fd.own(SYSCALLS, fd), gpa, PAGE, (1L << 40) + gpa, 0);
    }

    @AfterEach
    void unmap() {
        for (GuestRegion region : regions) {
            region.close();
        }
    }

    /** 600 small buffers in random order, one region's end to the next one's start among them. */
    private byte[] addMany() {
        byte[] expected = new byte[0];
        for (int i = 0; i < 600; i++) {
            long gpa = i % 3 == 2 ? FAR + 6 * i : 12 * i;
            byte[] piece = new byte[random.nextInt(12)]; // some are empty
            random.nextBytes(piece);
            write(gpa, piece);
            buffers.add(gpa, piece.length);
            int end = expected.length;
            expected = Arrays.copyOf(expected, end + piece.length);
            System.arraycopy(piece, 0, expected, end, piece.length);
        }
        return expected;
    }

    private void write(long gpa, byte[] bytes) {
        for (int i = 0; i < bytes.length; i++) {
            GuestRegion region = memory.find(gpa + i);
            region.write(gpa + i - region.gpa(), bytes, i, 1);
        }
    }

    @Test
    void anyRangeIsReadWrittenAndListedAsIfInOnePiece() {
        byte[] expected = addMany();
        assertEquals(expected.length, buffers.bytes());
        for (int round = 0; round < 3000; round++) {
            int from = random.nextInt(expected.length + 1);
            int length = random.nextInt(expected.length + 1 - from);
            byte[] put = new byte[length];
            random.nextBytes(put);
            buffers.put(from, put, 0, length);
            System.arraycopy(put, 0, expected, from, length);

            int start = random.nextInt(from + 1);
            byte[] got = new byte[from + length - start];
            buffers.get(start, got, 0, got.length);
            assertArrayEquals(Arrays.copyOfRange(expected, start, from + length), got);

            IoVector vector = new IoVector(16);
            buffers.addTo(vector, start, got.length);
            assertArrayEquals(got, bytesOf(vector));
        }
    }

    private static byte[] bytesOf(IoVector vector) {
        byte[] bytes = new byte[(int) vector.bytes()];
        int at = 0;
        for (int i = 0; i < vector.count(); i++) {
            int length = (int) vector.length(i);
            NativeMemory.view(vector.base(i), length).get(0, bytes, at, length);
            at += length;
        }
        return bytes;
    }

    @Test
    void nothingBeyondTheLastByteIsReached() {
        buffers.add(PAGE - 10, 20); // in two regions
        long[][] ranges = {{0, 21}, {20, 1}, {21, 0}, {-1, 1}, {1, 20}, {1L << 40, 1}};
        for (long[] range : ranges) {
            int length = (int) range[1];
            assertOutside(() -> buffers.get(range[0], new byte[length], 0, length));
            assertOutside(() -> buffers.put(range[0], new byte[length], 0, length));
            assertOutside(() -> buffers.addTo(new IoVector(1), range[0], range[1]));
        }
        buffers.get(20, new byte[0], 0, 0); // at the end there are no bytes, which is no fault
        assertOutside(() -> buffers.addTo(new IoVector(1), 0, -1));
    }

    private static void assertOutside(Runnable access) {
        assertThrows(IndexOutOfBoundsException.class, access::run);
    }

    /** What follows a gap is not appended to what precedes it. */
    @Test
    void buffersEndBeforeTheFirstByteInUnknownMemory() {
        buffers.add(100, 50);
        assertTrue(buffers.isWhole());
        buffers.add(2 * PAGE - 5, 10);
        assertFalse(buffers.isWhole());
        assertEquals(55, buffers.bytes());
        buffers.add(0, 10);
        assertEquals(55, buffers.bytes());
        buffers.begin(memory);
        assertTrue(buffers.isWhole());
        assertEquals(0, buffers.bytes());
    }

    @Test
    void outsideOfItsBracketThereIsNothing() {
        buffers.add(0, 10);
        buffers.end();
        assertThrows(AssertionError.class, buffers::bytes);
        assertOutside(() -> buffers.get(0, new byte[1], 0, 1));
    }
}
