package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.FuseOpcode.REMOVEMAPPING;
import static io.jvirtiofsd.hostile.FuseOpcode.SETUPMAPPING;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.IN_HEADER;
import static io.jvirtiofsd.hostile.HandmadeChain.NEXT;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.WRITE;
import static io.jvirtiofsd.hostile.HandmadeChain.descriptor;
import static io.jvirtiofsd.hostile.HostileRig.WINDOW_BYTES;
import static io.jvirtiofsd.hostile.Wire.bytes;
import static io.jvirtiofsd.vhost.FakeShmem.WINDOW_GPA;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.util.function.ToLongFunction;

/** What is asked of the DAX window that is no page, no file, or not in it. */
final class MappingTable extends HostileTable {
    private static final int ENOENT = 2;
    private static final int EFAULT = 14;
    private static final int EINVAL = 22;
    private static final long PAGE = 4096;
    private static final long MAX = Long.MAX_VALUE;
    private static final long READ = 2; // fuse.h FUSE_SETUPMAPPING_FLAG_READ
    private static final long READ_AND_WRITE = 3;

    MappingTable() {
        files();
        ranges();
        flags();
        removals();
        counts();
        buffers();
    }

    /** A page of {@code page}, the file, at the beginning of the window. */
    static byte[] good() {
        return arguments(0, PAGE, READ, 0);
    }

    private static byte[] arguments(long offset, long length, long flags, long windowOffset) {
        return bytes(-1L, offset, length, flags, windowOffset);
    }

    private static Consequence setup(HostileRig rig, byte[] arguments) {
        return rig.ask(SETUPMAPPING.code, rig.page, arguments, 0);
    }

    private static void unmap(HostileRig rig) {
        rig.ask(REMOVEMAPPING.code, FuseClient.ROOT, bytes(1, 0L, (long) WINDOW_BYTES), 0);
    }

    private void node(String name, ToLongFunction<HostileRig> node, int errno) {
        add(
                name,
                rig -> rig.ask(SETUPMAPPING.code, node.applyAsLong(rig), good(), 0),
                errno(errno));
    }

    private void files() {
        node("a map of a directory", rig -> rig.dir, EINVAL);
        node("a map of the root", rig -> FuseClient.ROOT, EINVAL);
        node("a map of a link", rig -> rig.link, EINVAL);
        node("a map of a pipe", rig -> rig.fifo, EINVAL);
        node("a map of nothing", rig -> 0, ENOENT);
        node("a map of node -1", rig -> -1, ENOENT);
        node(
                "a map of a file that was forgotten",
                rig -> {
                    rig.fuse().forget(rig.other, 1);
                    return rig.other;
                },
                ENOENT);
        node("a map of a file that is shorter than a page", rig -> rig.file, 0);
    }

    private void range(String name, long offset, long length, long windowOffset, int errno) {
        byte[] arguments = arguments(offset, length, READ, windowOffset);
        add(name, rig -> setup(rig, arguments), errno(errno));
    }

    private void ranges() {
        for (long offset :
                new long[] {-1, -PAGE, 1, PAGE - 1, Long.MIN_VALUE, MAX, MAX - PAGE + 1}) {
            range("a map from " + offset + " of the file", offset, PAGE, 0, EINVAL);
        }
        range("a map far behind the end of the file", 1L << 50, PAGE, 0, 0);
        range("a map of as much as there can be", MAX - 2 * PAGE + 1, PAGE, 0, 0);
        for (long length : new long[] {0, -1, -PAGE, 1, PAGE - 1, PAGE + 1, Long.MIN_VALUE, MAX}) {
            range("a map of " + length + " bytes", 0, length, 0, EINVAL);
        }
        range("a map longer than the window", 0, WINDOW_BYTES + PAGE, 0, EINVAL);
        range("a map of the whole window", 0, WINDOW_BYTES, 0, 0);
        long[] outside = {
            -1, -PAGE, 1, PAGE - 1, WINDOW_BYTES, 1L << 40, Long.MIN_VALUE, MAX, MAX - PAGE + 1,
        };
        for (long windowOffset : outside) {
            range("a map at " + windowOffset + " of the window", 0, PAGE, windowOffset, EINVAL);
        }
        range("a map over the window's end", 0, 2 * PAGE, WINDOW_BYTES - PAGE, EINVAL);
        range("a map at the window's end", 0, PAGE, WINDOW_BYTES - PAGE, 0);
        add(
                "a map over a map",
                rig -> {
                    setup(rig, good());
                    Consequence again = rig.ask(SETUPMAPPING.code, rig.other, good(), 0);
                    assertEquals(1, rig.shmem().window().maps());
                    return again;
                },
                SERVED);
        add(
                "a map between two halves of another",
                rig -> {
                    setup(rig, arguments(0, 3 * PAGE, READ, 0));
                    return setup(rig, arguments(0, PAGE, READ, PAGE));
                },
                SERVED);
    }

    private void flags() {
        long[] unknown = {0, 4, 7, 1L << 31, 1L << 32 | READ, 1L << 63 | READ, -1};
        for (long flags : unknown) {
            byte[] arguments = arguments(0, PAGE, flags, 0);
            add(
                    "a map with flags 0x%x".formatted(flags),
                    rig -> setup(rig, arguments),
                    errno(EINVAL));
        }
        byte[] both = arguments(0, PAGE, READ_AND_WRITE, 0);
        add("a map with a handle that is not open", rig -> setup(rig, both), SERVED);
    }

    private void removal(String name, Object range, int errno) {
        byte[] arguments = bytes(1, range);
        add(name, rig -> rig.ask(REMOVEMAPPING.code, FuseClient.ROOT, arguments, 0), errno(errno));
    }

    private void removals() {
        long[][] bad = {
            {0, 0},
            {0, -1},
            {0, 1},
            {0, PAGE + 1},
            {0, MAX},
            {0, WINDOW_BYTES + PAGE},
            {-1, PAGE},
            {-PAGE, PAGE},
            {-PAGE, 2 * PAGE},
            {1, PAGE},
            {WINDOW_BYTES, PAGE},
            {WINDOW_BYTES - PAGE, 2 * PAGE},
            {MAX, PAGE},
            {MAX - PAGE + 1, PAGE},
            {1L << 40, PAGE},
        };
        for (long[] range : bad) {
            String name = "an unmap of %d bytes at %d".formatted(range[1], range[0]);
            removal(name, bytes(range[0], range[1]), EINVAL);
        }
        removal("an unmap of what is not mapped", bytes(0L, PAGE), 0);
        removal("an unmap of the whole window", bytes(0L, (long) WINDOW_BYTES), 0);
        add(
                "a good unmap before a bad one",
                rig -> {
                    setup(rig, good());
                    byte[] both = bytes(2, 0L, PAGE, 1L, PAGE);
                    Consequence consequence = rig.ask(REMOVEMAPPING.code, 1, both, 0);
                    assertEquals(1, rig.shmem().window().maps());
                    unmap(rig);
                    return consequence;
                },
                errno(EINVAL));
        add(
                "an unmap twice over",
                rig -> {
                    setup(rig, good());
                    return rig.ask(REMOVEMAPPING.code, 1, bytes(2, 0L, PAGE, 0L, PAGE), 0);
                },
                SERVED);
    }

    private void count(String name, int count, int sent, int errno) {
        byte[] ranges = new byte[sent * 16];
        for (int i = 0; i < sent; i++) {
            System.arraycopy(bytes(0L, PAGE), 0, ranges, 16 * i, 16);
        }
        byte[] arguments = bytes(count, ranges);
        add(name, rig -> rig.ask(REMOVEMAPPING.code, FuseClient.ROOT, arguments, 0), errno(errno));
    }

    private void counts() {
        count("no unmaps", 0, 1, EINVAL);
        count("-1 unmaps", -1, 1, EINVAL);
        count("two unmaps, of one", 2, 1, EINVAL);
        count("2^28 unmaps, whose bytes overflow", 1 << 28, 1, EINVAL);
        count("2^31 - 1 unmaps", Integer.MAX_VALUE, 1, EINVAL);
        count("4,097 unmaps", 4097, 4097, EINVAL);
        count("4,096 unmaps of nothing", 4096, 4096, 0);
    }

    /** The guest has the window's address, and gives buffers where nothing is mapped. */
    private void buffers() {
        long nothing = WINDOW_GPA + WINDOW_BYTES / 2;
        add(
                "a request in the window where nothing is mapped",
                rig -> {
                    setup(rig, good());
                    Consequence consequence =
                            HandmadeChain.offer(
                                    rig,
                                    descriptor(nothing, REQUEST_BYTES, NEXT, 1),
                                    descriptor(ANSWER, ANSWER_BYTES, WRITE, 0));
                    unmap(rig);
                    return consequence;
                },
                errno(EINVAL)); // it is all zeros
        add(
                "arguments in the window where nothing is mapped",
                rig -> {
                    setup(rig, good());
                    return HandmadeChain.offer(
                            rig,
                            descriptor(REQUEST, IN_HEADER, NEXT, 1),
                            descriptor(nothing, 16, NEXT, 2),
                            descriptor(ANSWER, ANSWER_BYTES, WRITE, 0));
                },
                SERVED);
        add(
                "room in the window where nothing is mapped",
                rig -> {
                    setup(rig, good());
                    HandmadeChain.put(
                            rig,
                            HandmadeChain.request(),
                            descriptor(REQUEST, REQUEST_BYTES, NEXT, 1),
                            descriptor(nothing, ANSWER_BYTES, WRITE, 0));
                    return rig.isGivenBack() ? SERVED : Consequence.RING_BREAKS; // and lost
                },
                SERVED);
        add(
                "a READ to the window where nothing is mapped",
                rig -> {
                    setup(rig, good());
                    Consequence consequence =
                            HandmadeChain.offer(
                                    rig,
                                    read(rig.other, rig.otherFh),
                                    descriptor(REQUEST, 80, NEXT, 1),
                                    descriptor(ANSWER, 16, NEXT | WRITE, 2),
                                    descriptor(nothing, PAGE, WRITE, 0));
                    unmap(rig);
                    return consequence;
                },
                errno(EFAULT));
    }

    private static byte[] read(long node, long fh) {
        byte[] arguments = bytes(fh, 0L, (int) PAGE, 0, 0L, 0, 0);
        return FakeFrontend.buffer(80)
                .putInt(80)
                .putInt(FuseOpcode.READ.code)
                .putLong(4711)
                .putLong(node)
                .position(IN_HEADER)
                .put(arguments)
                .array();
    }
}
