package io.jvirtiofsd.shmem;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final long PAGE = 4096;

    private static Fd memfd(long bytes) {
        byte[] name = "guest".getBytes(StandardCharsets.UTF_8);
        int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
        assertEquals(0, SYSCALLS.ftruncate(fd, bytes));
        return Fd.own(SYSCALLS, fd);
    }

    private static GuestRegion region(long gpa, long bytes, long uva) throws Exception {
        return GuestRegion.map(SYSCALLS, memfd(bytes), gpa, bytes, uva, 0);
    }

    /** Those of a kind that this test opens. */
    private static int openDescriptors() {
        return OpenDescriptors.count(target -> target.startsWith("/memfd:") || target.equals("/"));
    }

    @Test
    void regionsOfOneFileShareItsBytes() throws Exception {
        try (Fd fd = memfd(8 * PAGE);
                GuestRegion a =
                        GuestRegion.map(
                                SYSCALLS,
                                Fd.own(SYSCALLS, SYSCALLS.dup(fd.number())),
                                0,
                                8 * PAGE,
                                0,
                                0);
                GuestRegion b =
                        GuestRegion.map(
                                SYSCALLS,
                                Fd.own(SYSCALLS, SYSCALLS.dup(fd.number())),
                                0,
                                PAGE,
                                0,
                                PAGE + 512)) {
            byte[] bytes = {1, 2, 3};
            b.write(10, bytes, 0, 3);
            byte[] seen = new byte[3];
            a.read(PAGE + 512 + 10, seen, 0, 3);
            assertArrayEquals(bytes, seen);
            assertEquals(2, a.view(PAGE + 512 + 11, 1).getByte(0));
        }
    }

    @Test
    void accessesAcrossEveryGibibyteOfALargeRegionAreRight() throws Exception {
        long bytes = (3L << 30) + PAGE;
        try (GuestRegion region = region(0, bytes, 0)) {
            byte[] pattern = new byte[4096];
            new Random(1).nextBytes(pattern);
            for (long at : new long[] {(1L << 30) - 100, (2L << 30) - 1, (3L << 30) - 4000}) {
                region.write(at, pattern, 0, pattern.length);
                byte[] seen = new byte[pattern.length];
                region.read(at, seen, 0, seen.length);
                assertArrayEquals(pattern, seen);
                assertEquals(pattern[77], region.view(at + 77, 1).getByte(0));
            }
            assertThrows(IndexOutOfBoundsException.class, () -> region.view(bytes - 1, 2));
        }
    }

    @Test
    void whatCannotBeRightIsRefusedAndTheDescriptorClosed() throws Exception {
        int before = openDescriptors();
        assertRefused(memfd(PAGE), 0, 2 * PAGE, 0, 0, "past the end");
        assertRefused(memfd(PAGE), 0, PAGE, 0, 16, "past the end");
        assertRefused(memfd(PAGE), 0, 0, 0, 0, "empty");
        assertRefused(memfd(PAGE), Long.MAX_VALUE, PAGE, 0, 0, "overflows");
        assertRefused(memfd(PAGE), 0, PAGE, -1, 0, "overflows");
        assertRefused(memfd(PAGE), 0, PAGE, 0, Long.MAX_VALUE, "overflows");
        assertRefused(memfd(2 * PAGE), 0, PAGE, 0, 8, "aligned differently");
        assertRefused(memfd(PAGE), 0, PAGE, 1, 0, "aligned differently");
        assertRefused(memfd(PAGE), 4, PAGE, 0, 0, "aligned differently");
        byte[] folder = "/".getBytes(StandardCharsets.UTF_8);
        int directory = SYSCALLS.openat(Fcntl.AT_FDCWD, Scratch.get().path(folder, 0, 1), 0, 0);
        assertRefused(Fd.own(SYSCALLS, directory), 0, PAGE, 0, 0, "not a regular file");
        assertEquals(before, openDescriptors());
    }

    private static void assertRefused(
            Fd fd, long gpa, long bytes, long uva, long offset, String why) {
        GuestMemoryException e =
                assertThrows(
                        GuestMemoryException.class,
                        () -> GuestRegion.map(SYSCALLS, fd, gpa, bytes, uva, offset));
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void lookupsAgreeWithAListForRandomTables() throws Exception {
        Random random = new Random(7);
        GuestMemory table = GuestMemory.EMPTY;
        List<GuestRegion> list = new ArrayList<>();
        for (int step = 0; step < 400; step++) {
            if (random.nextInt(3) > 0 && list.size() < 40) {
                long gpa = random.nextInt(200) * PAGE;
                GuestRegion region = region(gpa, (1 + random.nextInt(4)) * PAGE, (1L << 40) + gpa);
                try {
                    table = table.with(region);
                    list.add(region);
                } catch (GuestMemoryException e) {
                    region.close();
                }
            } else if (!list.isEmpty()) {
                GuestRegion region = list.remove(random.nextInt(list.size()));
                assertSame(region, table.exactly(region.gpa(), region.bytes(), region.uva()));
                table = table.without(region);
                region.close();
            }
            long gpa = random.nextInt(210) * PAGE + random.nextInt(4096);
            assertSame(inList(list, gpa), table.find(gpa));
            assertSame(inList(list, gpa), table.findUser((1L << 40) + gpa, 1));
        }
        assertNull(table.find(-1));
        assertNull(table.find(Long.MIN_VALUE));
        assertNull(table.findUser(-1, 1));
        list.forEach(GuestRegion::close);
    }

    private static GuestRegion inList(List<GuestRegion> list, long gpa) {
        return list.stream()
                .filter(r -> gpa >= r.gpa() && gpa < r.gpa() + r.bytes())
                .findAny()
                .orElse(null);
    }

    @Test
    void overlappingRegionsAreRefused() throws Exception {
        try (GuestRegion a = region(0, 4 * PAGE, 1 << 30);
                GuestRegion b = region(3 * PAGE, PAGE, 1 << 20);
                GuestRegion c = region(8 * PAGE, PAGE, (1 << 30) + PAGE)) {
            GuestMemory table = GuestMemory.EMPTY.with(a);
            assertThrows(GuestMemoryException.class, () -> table.with(b));
            assertThrows(GuestMemoryException.class, () -> table.with(c));
            assertThrows(GuestMemoryException.class, () -> table.with(a));
        }
    }
}
