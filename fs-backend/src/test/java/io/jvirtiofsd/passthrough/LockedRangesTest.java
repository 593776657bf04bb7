package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.FileLock;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Ranges are counted as a kernel has them that keeps a lock for each byte. */
class LockedRangesTest {
    private static final int BYTES = 24;
    private static final int STEPS = 200_000;

    @Test
    void theCountIsThatOfTheLockedBytes() {
        Random random = new Random(20);
        LockedRanges ranges = new LockedRanges();
        int[] bytes = new int[BYTES];
        Arrays.fill(bytes, FileLock.F_UNLCK);
        for (int step = 0; step < STEPS; step++) {
            int start = random.nextInt(BYTES);
            int end = start + random.nextInt(BYTES - start);
            int type = random.nextInt(3);
            int before = ranges.size();
            int most = ranges.most(start, end, type);
            ranges.set(start, end, type);
            Arrays.fill(bytes, start, end + 1, type);
            assertEquals(count(bytes), ranges.size(), "step " + step);
            assertTrue(ranges.size() - before <= most, "step " + step);
        }
    }

    private static int count(int[] bytes) {
        int count = 0;
        int last = FileLock.F_UNLCK;
        for (int type : bytes) {
            if (type != last && type != FileLock.F_UNLCK) {
                count++;
            }
            last = type;
        }
        return count;
    }

    @Test
    void theEndOfAllFilesIsARangesEnd() {
        LockedRanges ranges = new LockedRanges();
        ranges.set(0, Long.MAX_VALUE, FileLock.F_WRLCK);
        assertEquals(1, ranges.most(5, 5, FileLock.F_UNLCK));
        ranges.set(5, 5, FileLock.F_UNLCK);
        assertEquals(2, ranges.size());
        ranges.set(5, 5, FileLock.F_WRLCK);
        assertEquals(1, ranges.size());
        assertEquals(0, ranges.most(0, Long.MAX_VALUE, FileLock.F_UNLCK));
        ranges.set(0, Long.MAX_VALUE, FileLock.F_UNLCK);
        assertEquals(0, ranges.size());
    }
}
