package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.ANYTHING;
import static io.jvirtiofsd.hostile.Consequence.LEFT_ALONE;
import static io.jvirtiofsd.hostile.Consequence.REFUSED;
import static io.jvirtiofsd.hostile.Consequence.RINGS_STOP;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER;
import static io.jvirtiofsd.hostile.HandmadeChain.INDIRECT;
import static io.jvirtiofsd.hostile.HandmadeChain.IN_HEADER;
import static io.jvirtiofsd.hostile.HandmadeChain.NEXT;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.WRITE;
import static io.jvirtiofsd.hostile.HandmadeChain.descriptor;
import static io.jvirtiofsd.hostile.HostileRig.REGION_BYTES;
import static io.jvirtiofsd.vhost.FakeFrontend.ADD_MEM_REG;
import static io.jvirtiofsd.vhost.FakeFrontend.REM_MEM_REG;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_MEM_TABLE;
import static io.jvirtiofsd.vhost.FakeFrontend.buffer;

import io.jvirtiofsd.hostile.HandmadeChain.Descriptor;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.vhost.FakeMemory;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Regions of memory that overlap, overflow, are no memory, or are cut short. Source:
 * vhost-user.rst, "Memory region description".
 */
final class MemoryTable extends HostileTable {
    private static final long UVA = 0x7f00_0000_0000L; // where the front-end has the first region
    private static final long FREE = 1L << 45; // far from all memory of the guest
    private static final long PAGE = 4096;
    private static final long END = Long.MAX_VALUE - PAGE + 1;
    private static final int EFAULT = 14;
    private static final int EIO = 5;
    private static final int WRITE_ARGUMENTS = 40; // fuse.h

    MemoryTable() {
        ranges();
        overlaps();
        files();
        removals();
        tables();
        withdrawals();
        cuts();
    }

    private static byte[] figures(long gpa, long size, long uva, long offset) {
        return buffer(32).putLong(gpa).putLong(size).putLong(uva).putLong(offset).array();
    }

    private static byte[] single(long gpa, long size, long uva, long offset) {
        return buffer(40).putLong(0).put(figures(gpa, size, uva, offset)).array();
    }

    private static Consequence status(HostileRig rig, int type, byte[] payload, int... fds)
            throws IOException {
        return rig.frontend().status(type, payload, fds) == 0 ? SERVED : REFUSED;
    }

    private void region(
            String name, long gpa, long size, long uva, long offset, Consequence expected) {
        byte[] payload = single(gpa, size, uva, offset);
        add(name, rig -> status(rig, ADD_MEM_REG, payload, rig.memory()), expected);
    }

    private void ranges() {
        region("a region of nothing", FREE, 0, FREE, 0, REFUSED);
        region("a region of a negative size", FREE, -PAGE, FREE, 0, REFUSED);
        region("the smallest size there is", FREE, Long.MIN_VALUE, FREE, 0, REFUSED);
        region("a region as large as can be", FREE, Long.MAX_VALUE, FREE, 0, REFUSED);
        region("a negative guest address", -PAGE, PAGE, FREE, 0, REFUSED);
        region("a guest address that wraps around", -PAGE, 2 * PAGE, FREE, 0, REFUSED);
        region("the end of the guest's addresses", END, PAGE, FREE, 0, REFUSED);
        region("the last guest page before it", END - PAGE, PAGE, FREE, 0, SERVED);
        region("a negative user address", FREE, PAGE, -PAGE, 0, REFUSED);
        region("a user address that wraps around", FREE, 2 * PAGE, -PAGE, 0, REFUSED);
        region("the end of the user's addresses", FREE, PAGE, END, 0, REFUSED);
        region("a negative offset", FREE, PAGE, FREE, -PAGE, REFUSED);
        region("an offset that wraps around", FREE, 2 * PAGE, FREE, -PAGE, REFUSED);
        region("the end of all offsets", FREE, PAGE, FREE, END, REFUSED);
        region("an offset behind the file", FREE, PAGE, FREE, 1L << 40, REFUSED);
        region("a file that ends a byte early", FREE, PAGE, FREE, REGION_BYTES - 4095, REFUSED);
        region("a file that ends in time", FREE, PAGE, FREE, REGION_BYTES - 4096, SERVED);
        region("an odd offset", FREE, PAGE, FREE, 1, REFUSED);
        region("an odd user address", FREE, PAGE, FREE + 1, 0, REFUSED);
        region("an odd guest address", FREE + 1, PAGE, FREE, 0, REFUSED);
        region("all three odd", FREE + 1, PAGE, FREE + 1, 1, SERVED);
        region("an offset between pages", FREE, PAGE, FREE, 512, SERVED);
    }

    private void overlaps() {
        long size = REGION_BYTES;
        long gap = UVA + size; // the front-end's own, between the regions
        region("a region once more", 0, size, UVA, 0, REFUSED);
        region("a part of a region", PAGE, PAGE, FREE, 0, REFUSED);
        region("a guest page of a region's end", size - PAGE, PAGE, FREE, 0, REFUSED);
        region("guest pages of two regions", size - PAGE, 2 * PAGE, FREE, 0, REFUSED);
        region("user pages of a region", FREE, PAGE, UVA + PAGE, 0, REFUSED);
        region("user pages that reach into a region", FREE, 2 * PAGE, UVA - PAGE, 0, REFUSED);
        region("neighbours of regions", 2 * size, PAGE, gap, 0, SERVED);
    }

    private void odd(OddDescriptor kind, Consequence expected) {
        byte[] payload = single(FREE, PAGE, FREE, 0);
        add(
                "memory that is " + kind,
                rig -> {
                    try (Fd fd = kind.open(rig)) {
                        return status(rig, ADD_MEM_REG, payload, fd.number());
                    }
                },
                expected);
    }

    private void files() {
        for (OddDescriptor kind : OddDescriptor.values()) {
            odd(kind, REFUSED);
        }
        byte[] payload = single(FREE, PAGE, FREE, 0);
        add("memory without a file", rig -> status(rig, ADD_MEM_REG, payload), REFUSED);
        add(
                "memory of two files",
                rig -> status(rig, ADD_MEM_REG, payload, rig.memory(), rig.memory()),
                REFUSED);
        add(
                "memory larger than a process can have",
                rig -> {
                    int fd = rig.memory();
                    rig.frontend().syscalls().ftruncate(fd, 1L << 62);
                    return status(rig, ADD_MEM_REG, single(FREE, 1L << 61, FREE, 0), fd);
                },
                REFUSED);
        add(
                "memory that grew",
                rig -> {
                    int fd = rig.memory();
                    rig.frontend().syscalls().ftruncate(fd, 2L * REGION_BYTES);
                    return status(rig, ADD_MEM_REG, single(FREE, PAGE, FREE, REGION_BYTES), fd);
                },
                SERVED);
    }

    private void removal(String name, long gpa, long size, long uva) {
        byte[] payload = single(gpa, size, uva, 0);
        add(name, rig -> status(rig, REM_MEM_REG, payload), REFUSED);
    }

    private void removals() {
        removal("the removal of what is not there", FREE, PAGE, FREE);
        removal("the removal of another size", 0, REGION_BYTES - 1, UVA);
        removal("the removal of no size", 0, 0, UVA);
        removal("the removal of another user address", 0, REGION_BYTES, UVA + PAGE);
        removal("the removal of a part", PAGE, PAGE, UVA + PAGE);
        removal("the removal of a negative address", -1, REGION_BYTES, UVA);
        byte[] second = single(REGION_BYTES, REGION_BYTES, UVA + 3L * REGION_BYTES, 0);
        add(
                "the removal of a region twice",
                rig -> {
                    rig.frontend().acknowledged(REM_MEM_REG, second);
                    return status(rig, REM_MEM_REG, second);
                },
                REFUSED);
        add(
                "a removal with a descriptor",
                rig -> status(rig, REM_MEM_REG, second, rig.memory()),
                SERVED);
        add(
                "a removal with two descriptors",
                rig -> status(rig, REM_MEM_REG, second, rig.memory(), rig.memory()),
                REFUSED);
    }

    /** A table that says it has {@code count} regions, with so many {@code regions}. */
    private void table(String name, int count, int fds, Consequence expected, byte[]... regions) {
        ByteBuffer payload = buffer(8 + 32 * regions.length).putInt(0, count).position(8);
        Arrays.stream(regions).forEach(payload::put);
        add(
                name,
                rig -> {
                    int[] copies = new int[fds];
                    Arrays.fill(copies, rig.memory());
                    return status(rig, SET_MEM_TABLE, payload.array(), copies);
                },
                expected);
    }

    private void tables() {
        byte[] good = figures(FREE, PAGE, FREE, 0);
        byte[] next = figures(FREE + PAGE, PAGE, FREE + PAGE, 0);
        byte[] same = figures(FREE, PAGE, FREE + PAGE, 0);
        byte[] bad = figures(FREE + PAGE, PAGE, FREE + PAGE, 1L << 40);
        byte[][] nine = new byte[9][32];
        table("a table of -1 regions", -1, 0, REFUSED, good);
        table("a table of more regions than it has", 2, 2, REFUSED, good);
        table("a table of 2^27 regions, which overflows", 1 << 27, 1, REFUSED, good);
        table("a table of nine regions", 9, 9, REFUSED, nine);
        table("a table without descriptors", 1, 0, REFUSED, good);
        table("a table with a descriptor too few", 2, 1, REFUSED, good, next);
        table("a table with a descriptor too many", 1, 2, REFUSED, good);
        table("a table of one place twice", 2, 2, REFUSED, good, same);
        table("a table whose last region is bad", 2, 2, REFUSED, good, bad);
        add(
                "a table of 4 bytes",
                rig -> status(rig, SET_MEM_TABLE, new byte[4], rig.memory()),
                REFUSED);
        add(
                "a table whose second file is a directory",
                rig -> {
                    byte[] payload = buffer(72).putLong(2).put(good).put(next).array();
                    try (Fd odd = OddDescriptor.DIRECTORY.open(rig)) {
                        return status(rig, SET_MEM_TABLE, payload, rig.memory(), odd.number());
                    }
                },
                REFUSED);
    }

    /** Nobody can tell that a ring waits but by its silence. */
    private static Consequence silence(HostileRig rig) {
        rig.ring().kick().signal();
        return rig.ring().staysSilent(20) ? RINGS_STOP : SERVED;
    }

    private void withdrawals() {
        add(
                "a table of no memory, while rings run",
                rig -> {
                    rig.frontend().acknowledged(SET_MEM_TABLE, new byte[8]);
                    return silence(rig);
                },
                RINGS_STOP);
        add(
                "memory of running rings taken away",
                rig -> {
                    FakeMemory first = rig.frontend().memory().get(0);
                    rig.frontend().acknowledged(REM_MEM_REG, FakeMemory.singleRegion(first));
                    return silence(rig);
                },
                RINGS_STOP);
        add(
                "memory of a request taken away before it is made",
                rig -> {
                    FakeMemory second = rig.frontend().memory().get(1);
                    rig.frontend().acknowledged(REM_MEM_REG, FakeMemory.singleRegion(second));
                    return HandmadeChain.offer(
                            rig,
                            descriptor(REGION_BYTES, REQUEST_BYTES, NEXT, 1),
                            descriptor(ANSWER, 16, WRITE, 0));
                },
                errno(EIO));
        add(
                "memory taken away and given back, 100 times",
                rig -> {
                    FakeMemory first = rig.frontend().memory().get(0);
                    byte[] region = FakeMemory.singleRegion(first);
                    for (int i = 0; i < 100; i++) {
                        rig.frontend().acknowledged(REM_MEM_REG, region);
                        rig.frontend().acknowledged(ADD_MEM_REG, region, first.fd());
                        rig.fuse().getattr(rig.file);
                    }
                    return SERVED;
                },
                SERVED);
    }

    private static void cut(HostileRig rig, int region) {
        rig.frontend().syscalls().ftruncate(rig.frontend().memory().get(region).fd(), 0);
    }

    /**
     * The second region loses its file, and is then used by a chain. The JVM tells of a fault when
     * it likes: what is read then may be anything.
     */
    private void fault(String name, Descriptor... chain) {
        add(
                name,
                rig -> {
                    cut(rig, 1);
                    HandmadeChain.put(rig, HandmadeChain.request(), chain);
                    rig.isGivenBack();
                    return ANYTHING;
                },
                ANYTHING);
    }

    private void cuts() {
        Descriptor answer = descriptor(ANSWER, HandmadeChain.ANSWER_BYTES, WRITE, 0);
        fault(
                "a request in memory that was cut",
                descriptor(REGION_BYTES, REQUEST_BYTES, NEXT, 1),
                answer);
        fault(
                "arguments in memory that was cut",
                descriptor(REQUEST, IN_HEADER, NEXT, 1),
                descriptor(REGION_BYTES, 16, NEXT, 2),
                answer);
        fault(
                "room in memory that was cut",
                descriptor(REQUEST, REQUEST_BYTES, NEXT, 1),
                descriptor(REGION_BYTES, HandmadeChain.ANSWER_BYTES, WRITE, 0));
        fault(
                "an indirect table in memory that was cut",
                descriptor(REGION_BYTES, 32, INDIRECT, 0));
        add(
                "data of a WRITE in memory that was cut",
                rig -> {
                    cut(rig, 1);
                    return HandmadeChain.offer(
                            rig,
                            write(rig.file, rig.fh),
                            descriptor(REQUEST, IN_HEADER + WRITE_ARGUMENTS, NEXT, 1),
                            descriptor(REGION_BYTES, PAGE, NEXT, 2),
                            descriptor(ANSWER, 24, WRITE, 0));
                },
                errno(EFAULT));
        add(
                "rings in memory that was cut",
                rig -> {
                    cut(rig, 0);
                    rig.ring().kick().signal();
                    return rig.isRingBroken() ? RINGS_STOP : LEFT_ALONE;
                },
                RINGS_STOP);
    }

    /** A WRITE of a page, without its data. */
    private static byte[] write(long node, long fh) {
        return buffer(IN_HEADER + WRITE_ARGUMENTS)
                .putInt(IN_HEADER + WRITE_ARGUMENTS + (int) PAGE)
                .putInt(16)
                .putLong(4711)
                .putLong(node)
                .position(IN_HEADER)
                .putLong(fh)
                .putLong(0)
                .putInt((int) PAGE)
                .array();
    }
}
