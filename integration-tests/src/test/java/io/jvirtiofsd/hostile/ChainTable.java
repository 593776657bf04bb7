package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.RING_BREAKS;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.UNANSWERED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.ARGUMENTS;
import static io.jvirtiofsd.hostile.HandmadeChain.INDIRECT;
import static io.jvirtiofsd.hostile.HandmadeChain.IN_HEADER;
import static io.jvirtiofsd.hostile.HandmadeChain.MEMORY_END;
import static io.jvirtiofsd.hostile.HandmadeChain.NEXT;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.TABLE;
import static io.jvirtiofsd.hostile.HandmadeChain.WRITE;
import static io.jvirtiofsd.hostile.HandmadeChain.descriptor;
import static io.jvirtiofsd.hostile.HostileRig.REGION_BYTES;

import io.jvirtiofsd.hostile.HandmadeChain.Descriptor;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeShmem;

/** Descriptors that lead nowhere, in circles, or too far. Source: virtio 1.3, 2.7.4 and 2.7.5. */
final class ChainTable extends HostileTable {
    private static final int EIO = 5;
    private static final int RING_SIZE = 256;
    private static final int LONGEST = 32768; // virtio 1.3, 2.7
    private static final long HUGE = 0xf000_0000L;
    private static final long LARGEST = 0xffff_ffffL; // a length is unsigned

    private static final Descriptor ANSWERED = descriptor(ANSWER, ANSWER_BYTES, WRITE, 0);

    ChainTable() {
        indexes();
        order();
        addresses();
        lengths();
        tables();
        insideOfTables();
    }

    private static Descriptor request(int next) {
        return descriptor(REQUEST, REQUEST_BYTES, NEXT, next);
    }

    private void chain(String name, Consequence expected, Descriptor... descriptors) {
        add(name, rig -> HandmadeChain.offer(rig, descriptors), expected);
    }

    /** A chain of one indirect descriptor, and what is in its table. */
    private void table(String name, Consequence expected, Descriptor... table) {
        Descriptor direct = descriptor(TABLE, 16L * table.length, INDIRECT, 0);
        add(
                name,
                rig -> {
                    HandmadeChain.put(rig, TABLE, table);
                    return HandmadeChain.offer(rig, direct);
                },
                expected);
    }

    private void head(int head) {
        add(
                "head " + head + " of a table of 256",
                rig -> {
                    rig.ring().makeAvailable(head);
                    return rig.ofRing((int) ANSWER);
                },
                RING_BREAKS);
    }

    private static Descriptor[] repeated(int count, long length, int lastFlags, int lastNext) {
        Descriptor[] all = new Descriptor[count];
        for (int i = 0; i < count; i++) {
            all[i] = descriptor(0, length, NEXT, i + 1);
        }
        all[count - 1] = descriptor(0, length, lastFlags, lastNext);
        return all;
    }

    private void indexes() {
        head(256);
        head(257);
        head(65535);
        chain("next descriptor 256 of 256", RING_BREAKS, request(256));
        chain("next descriptor 65535", RING_BREAKS, request(65535));
        chain("a descriptor that leads to itself", RING_BREAKS, request(0));
        chain(
                "two descriptors that lead to one another",
                RING_BREAKS,
                request(1),
                descriptor(ARGUMENTS, 16, NEXT, 0));
        chain("a circle through the whole table", RING_BREAKS, repeated(RING_SIZE, 0, NEXT, 0));
        chain("a whole table of nothing", UNANSWERED, repeated(RING_SIZE, 0, 0, 0));
    }

    private void order() {
        chain(
                "readable after writable",
                RING_BREAKS,
                descriptor(ANSWER, ANSWER_BYTES, NEXT | WRITE, 1),
                descriptor(REQUEST, REQUEST_BYTES, 0, 0));
        chain(
                "readable between two writable ones",
                RING_BREAKS,
                request(1),
                descriptor(ANSWER, 16, NEXT | WRITE, 2),
                descriptor(ARGUMENTS, 16, NEXT, 3),
                descriptor(ANSWER + 16, 104, WRITE, 0));
        chain("nothing but room", UNANSWERED, ANSWERED);
        chain("no room", UNANSWERED, descriptor(REQUEST, REQUEST_BYTES, 0, 0));
        chain(
                "flags that do not exist",
                SERVED,
                descriptor(REQUEST, REQUEST_BYTES, 0xfff8 | NEXT, 1),
                descriptor(ANSWER, ANSWER_BYTES, 0xfff8 | WRITE, 0));
        chain(
                "an empty descriptor first",
                SERVED,
                descriptor(-1, 0, NEXT, 1),
                request(2),
                ANSWERED);
        chain(
                "an empty descriptor between header and arguments",
                SERVED,
                descriptor(REQUEST, IN_HEADER, NEXT, 1),
                descriptor(MEMORY_END, 0, NEXT, 2),
                descriptor(ARGUMENTS, 16, NEXT, 3),
                ANSWERED);
        chain(
                "an empty writable descriptor before a readable one",
                SERVED,
                descriptor(ANSWER, 0, NEXT | WRITE, 1),
                request(2),
                ANSWERED);
        Descriptor[] bytes = new Descriptor[REQUEST_BYTES + 1];
        for (int i = 0; i < REQUEST_BYTES; i++) {
            bytes[i] = descriptor(REQUEST + i, 1, NEXT, i + 1);
        }
        bytes[REQUEST_BYTES] = ANSWERED;
        chain("a descriptor for each byte", SERVED, bytes);
    }

    private void addresses() {
        long[] nowhere = {
            MEMORY_END,
            MEMORY_END + 5,
            1L << 46,
            Long.MAX_VALUE - 8,
            Long.MIN_VALUE,
            -16,
            -1,
            FakeShmem.WINDOW_GPA,
        };
        for (long gpa : nowhere) {
            chain(
                    "a request at 0x%x".formatted(gpa),
                    errno(EIO),
                    descriptor(gpa, REQUEST_BYTES, NEXT, 1),
                    ANSWERED);
            chain(
                    "arguments at 0x%x".formatted(gpa),
                    errno(EIO),
                    descriptor(REQUEST, IN_HEADER, NEXT, 1),
                    descriptor(gpa, 16, NEXT, 2),
                    ANSWERED);
            chain(
                    "room at 0x%x".formatted(gpa),
                    RING_BREAKS,
                    request(1),
                    descriptor(gpa, ANSWER_BYTES, WRITE, 0));
        }
        chain(
                "a request that ends outside of memory",
                errno(EIO),
                descriptor(MEMORY_END - 20, REQUEST_BYTES, NEXT, 1),
                ANSWERED);
        chain(
                "room of which only the header's is in memory",
                errno(EIO),
                request(1),
                descriptor(ANSWER, 16, NEXT | WRITE, 2),
                descriptor(MEMORY_END, 104, WRITE, 0));
        chain(
                "room that ends outside of memory",
                RING_BREAKS,
                request(1),
                descriptor(MEMORY_END - 8, ANSWER_BYTES, WRITE, 0));
        add(
                "a request in two regions",
                rig -> {
                    byte[] bytes = HandmadeChain.request();
                    rig.frontend().memory().get(0).view().put(REGION_BYTES - 20, bytes, 0, 20);
                    rig.frontend().memory().get(1).view().put(0, bytes, 20, REQUEST_BYTES - 20);
                    return HandmadeChain.offer(
                            rig, descriptor(REGION_BYTES - 20, REQUEST_BYTES, NEXT, 1), ANSWERED);
                },
                SERVED);
    }

    private void lengths() {
        chain(
                "a request of 3.75 GiB, which begins in memory",
                errno(EIO),
                descriptor(REQUEST, HUGE, NEXT, 1),
                ANSWERED);
        chain(
                "room of 3.75 GiB, which begins in memory",
                errno(EIO),
                request(1),
                descriptor(ANSWER, HUGE, WRITE, 0));
        chain(
                "a request that makes it more than 4 GiB with its answer",
                RING_BREAKS,
                descriptor(REQUEST, LARGEST, NEXT, 1),
                ANSWERED);
        chain(
                "two descriptors of 4 GiB",
                RING_BREAKS,
                descriptor(REQUEST, LARGEST, NEXT, 1),
                descriptor(REQUEST, LARGEST, 0, 0));
        chain(
                "8 GiB of the same memory again and again",
                RING_BREAKS,
                repeated(RING_SIZE, MEMORY_END, 0, 0));
    }

    private void tables() {
        for (long bytes : new long[] {0, 1, 15, 17, 16L * (LONGEST + 1), LARGEST - 15, LARGEST}) {
            chain(
                    "an indirect table of " + bytes + " bytes",
                    RING_BREAKS,
                    descriptor(TABLE, bytes, INDIRECT, 0));
        }
        for (long gpa : new long[] {MEMORY_END, MEMORY_END - 16, -16, Long.MIN_VALUE, 1L << 46}) {
            chain(
                    "an indirect table at 0x%x".formatted(gpa),
                    RING_BREAKS,
                    descriptor(gpa, 32, INDIRECT, 0));
        }
        chain(
                "a descriptor after an indirect one",
                RING_BREAKS,
                descriptor(TABLE, 32, INDIRECT | NEXT, 1),
                ANSWERED);
        add(
                "an indirect table that was not agreed on",
                rig -> {
                    rig.reconnect(FakeFrontend.FEATURES & ~FakeFrontend.F_INDIRECT_DESC);
                    HandmadeChain.put(rig, TABLE, request(1), ANSWERED);
                    return HandmadeChain.offer(rig, descriptor(TABLE, 32, INDIRECT, 0));
                },
                RING_BREAKS);
        add(
                "an indirect table that is writable",
                rig -> {
                    HandmadeChain.put(rig, TABLE, request(1), ANSWERED);
                    return HandmadeChain.offer(rig, descriptor(TABLE, 32, INDIRECT | WRITE, 0));
                },
                SERVED);
        add(
                "an indirect table at an odd address",
                rig -> {
                    HandmadeChain.put(rig, TABLE + 1, request(1), ANSWERED);
                    return HandmadeChain.offer(rig, descriptor(TABLE + 1, 32, INDIRECT, 0));
                },
                SERVED);
        add(
                "an indirect table after a direct descriptor",
                rig -> {
                    HandmadeChain.put(rig, TABLE, ANSWERED);
                    return HandmadeChain.offer(rig, request(1), descriptor(TABLE, 16, INDIRECT, 0));
                },
                SERVED);
    }

    private void insideOfTables() {
        table(
                "an indirect table in an indirect table",
                RING_BREAKS,
                descriptor(TABLE, 16, INDIRECT, 0));
        table("a table that leads to itself", RING_BREAKS, request(0));
        table("a table of two, next descriptor 2", RING_BREAKS, request(2), ANSWERED);
        table("a table of two, next descriptor 65535", RING_BREAKS, request(65535), ANSWERED);
        table("a circle in a table", RING_BREAKS, request(1), descriptor(ARGUMENTS, 16, NEXT, 0));
        table(
                "readable after writable in a table",
                RING_BREAKS,
                descriptor(ANSWER, ANSWER_BYTES, NEXT | WRITE, 1),
                descriptor(REQUEST, REQUEST_BYTES, 0, 0));
        table(
                "8 GiB in a table",
                RING_BREAKS,
                descriptor(0, LARGEST, NEXT, 1),
                descriptor(0, LARGEST, 0, 0));
        table(
                "a request outside of memory in a table",
                errno(EIO),
                descriptor(MEMORY_END, REQUEST_BYTES, NEXT, 1),
                ANSWERED);
        table("a table of nothing", UNANSWERED, descriptor(0, 0, 0, 0));
        add(
                "a circle through the longest table",
                rig -> {
                    NativeMemory memory = rig.frontend().memory().get(1).view();
                    for (int i = 0; i < LONGEST; i++) {
                        memory.putShort(16 * i + 12, (short) NEXT);
                        memory.putShort(16 * i + 14, (short) ((i + 1) % LONGEST));
                    }
                    return HandmadeChain.offer(
                            rig, descriptor(REGION_BYTES, 16L * LONGEST, INDIRECT, 0));
                },
                RING_BREAKS);
    }
}
