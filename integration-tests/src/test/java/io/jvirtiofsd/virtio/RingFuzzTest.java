package io.jvirtiofsd.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/**
 * Any bytes in a driver's memory are chains of which each is what {@link RingModel} reads, or a
 * broken rule.
 *
 * <p>An input is a byte of settings (2 to the power of bits 0&hellip;2 descriptors, 64 at most, 8
 * EVENT_IDX, 16 INDIRECT_DESC), the index of the first chain (u16), and then the memory from
 * address 0: descriptors, available ring, used ring, and what they lead to. The memory is two
 * regions that meet.
 */
public class RingFuzzTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int REGION_BYTES = 2048;
    private static final int MEMORY_BYTES = 2 * REGION_BYTES;
    private static final int HEADER_BYTES = 3;
    private static final int MOST_SIZE_BITS = 6; // so that the ring lies in one region
    private static final int EVENT_IDX = 8;
    private static final int INDIRECT = 16;
    private static final byte ANSWER = 0x5a;

    /** What is copied of each buffer at once. */
    private static final int COPY_BYTES = 3000;

    private static final GuestRegion LOW = region(0);
    private static final GuestRegion HIGH = region(REGION_BYTES);
    private static final GuestMemory MEMORY = memory();
    private static final DescriptorChain CHAIN = new DescriptorChain();

    private static GuestRegion region(long gpa) {
        try {
            byte[] name = "fuzzed".getBytes(StandardCharsets.UTF_8);
            int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
            SYSCALLS.ftruncate(fd, REGION_BYTES);
            return GuestRegion.map(SYSCALLS, Fd.own(SYSCALLS, fd), gpa, REGION_BYTES, gpa, 0);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static GuestMemory memory() {
        try {
            return GuestMemory.EMPTY.with(LOW).with(HIGH);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length >= HEADER_BYTES) {
            new Driven(input).serve();
        }
    }

    /** The ring of one input. */
    private static final class Driven {
        private final ByteBuffer copy =
                ByteBuffer.allocate(MEMORY_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        private final byte[] bytes = new byte[COPY_BYTES];
        private final int size;
        private final boolean indirect;
        private final SplitRing ring;
        private final Virtqueue queue;

        Driven(byte[] input) {
            int settings = input[0];
            size = 1 << Math.min(settings & 7, MOST_SIZE_BITS);
            indirect = (settings & INDIRECT) != 0;
            int availAt = Ring.descriptorsBytes(size);
            int usedAt = (availAt + SplitRing.availBytes(size) + 3) & -4;
            byte[] image = Arrays.copyOfRange(input, HEADER_BYTES, HEADER_BYTES + MEMORY_BYTES);
            LOW.write(0, image, 0, REGION_BYTES);
            HIGH.write(0, image, REGION_BYTES, REGION_BYTES);
            ring =
                    new SplitRing(
                            size,
                            MEMORY,
                            LOW.view(0, availAt),
                            LOW.view(availAt, SplitRing.availBytes(size)),
                            LOW.view(usedAt, SplitRing.usedBytes(size)));
            int first = input[1] & 0xff | (input[2] & 0xff) << 8;
            queue = new SplitVirtqueue(first, (settings & EVENT_IDX) != 0, indirect);
        }

        /**
         * Serves until nothing is available, a rule is broken, or the ring has gone round twice.
         */
        private void serve() {
            for (int served = 0; served < 2 * size; served++) {
                int waiting = (ring.availIdx() - queue.base()) & 0xffff;
                boolean expected = waiting <= size;
                ChainHead head = null;
                try {
                    queue.disableKicks(ring);
                    head = queue.popHead(ring);
                    assertTrue(expected, "more chains than descriptors");
                    assertEquals(waiting == 0, head == null);
                    if (head == null) {
                        assertFalse(queue.enableKicks(ring));
                        return;
                    }
                } catch (RingException e) {
                    assertFalse(expected, e.getMessage());
                    return;
                }
                if (!serve(head)) {
                    return;
                }
            }
        }

        /** Serves one chain; false if it breaks a rule. */
        private boolean serve(ChainHead head) {
            LOW.read(0, copy.array(), 0, REGION_BYTES);
            HIGH.read(0, copy.array(), REGION_BYTES, REGION_BYTES);
            RingModel model = new RingModel(copy, size, indirect);
            boolean expected = model.walk(head.id());
            try {
                queue.walk(ring, head, CHAIN);
                assertTrue(expected, "a broken rule was not seen");
            } catch (RingException e) {
                assertFalse(expected, e.getMessage());
                return false;
            }
            assertEquals(head.id(), CHAIN.head().id());
            assertEquals(model.isWhole(), CHAIN.isWhole());
            assertEquals(model.readable, CHAIN.readable().bytes());
            assertEquals(model.writable, CHAIN.writable().bytes());
            int answered = answer();
            CHAIN.end();
            queue.push(ring, head, answered);
            queue.needsNotify(ring);
            return true;
        }

        /** Reads from both ends of what is readable and writes to both of what is writable. */
        private int answer() {
            int read = (int) Math.min(COPY_BYTES, CHAIN.readable().bytes());
            CHAIN.readable().get(0, bytes, 0, read);
            CHAIN.readable().get(CHAIN.readable().bytes() - read, bytes, 0, read);
            int written = (int) Math.min(16, CHAIN.writable().bytes());
            Arrays.fill(bytes, 0, written, ANSWER);
            CHAIN.writable().put(0, bytes, 0, written);
            CHAIN.writable().put(CHAIN.writable().bytes() - written, bytes, 0, written);
            CHAIN.writable().get(0, bytes, 0, written);
            if (written > 0) {
                assertEquals(ANSWER, bytes[0]);
            }
            return written;
        }
    }

    @Test
    void anyMemoryIsChainsOrABrokenRule() throws Exception {
        Fuzzer.run(RingFuzzTest.class, "ring");
    }
}
