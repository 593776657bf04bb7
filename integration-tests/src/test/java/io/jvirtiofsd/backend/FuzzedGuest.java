package io.jvirtiofsd.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.server.FuseServer;
import io.jvirtiofsd.fuzz.RequestSequence;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import io.jvirtiofsd.virtio.DescriptorChain;
import io.jvirtiofsd.virtio.Ring;
import io.jvirtiofsd.virtio.RingException;
import io.jvirtiofsd.virtio.SplitRing;
import io.jvirtiofsd.virtio.SplitVirtqueue;
import io.jvirtiofsd.virtio.Virtqueue;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A guest that puts requests into a ring, and takes the answers out, on the one thread that also
 * serves it; checks the form of each answer. Each request lies in two buffers, and so does its
 * answer. <i>Confined to its thread.</i>
 */
final class FuzzedGuest {
    private static final Syscalls SYSCALLS = Syscalls.load();

    // Where things are in the guest's memory.
    private static final int MEMORY_BYTES = 1 << 17;
    private static final int AVAIL = 64;
    private static final int USED = 128;
    private static final int REQUEST = 4096;
    private static final int ANSWER = 1 << 16;

    private static final int SIZE = 4; // of the ring
    private static final int NEXT = 1; // virtio 1.3, 2.7.5
    private static final int WRITE = 2; // virtio 1.3, 2.7.5
    private static final int IN_HEADER_BYTES = 40; // fuse.h
    private static final int OUT_HEADER_BYTES = 16; // fuse.h
    private static final int FORGET = 2; // fuse.h
    private static final int INIT = 26; // fuse.h
    private static final int INTERRUPT = 36; // fuse.h
    private static final int NOTIFY_REPLY = 41; // fuse.h
    private static final int BATCH_FORGET = 42; // fuse.h
    private static final int INIT_SWAPPED = 26 << 24; // fuse.h
    private static final int MOST_ERRNO = 133; // asm-generic/errno.h EHWPOISON

    private final FuseServer server;
    private final FuseChainHandler handler;
    private final Reclaimer.Reader reader;
    private final NativeMemory memory;
    private final SplitRing ring;
    private final Virtqueue queue = new SplitVirtqueue(0, false, false);
    private final DescriptorChain chain = new DescriptorChain();

    FuzzedGuest(FuseServer server, Reclaimer reclaimer) {
        this.server = server;
        handler = new FuseChainHandler(server.newWorker());
        reader = reclaimer.register();
        try {
            byte[] name = "guest".getBytes(StandardCharsets.UTF_8);
            int fd = SYSCALLS.memfdCreate(Scratch.get().path(name, 0, name.length), 1);
            SYSCALLS.ftruncate(fd, MEMORY_BYTES);
            GuestRegion region =
                    GuestRegion.map(SYSCALLS, Fd.own(SYSCALLS, fd), 0, MEMORY_BYTES, 0, 0);
            memory = region.view(0, MEMORY_BYTES);
            ring =
                    new SplitRing(
                            SIZE,
                            GuestMemory.EMPTY.with(region),
                            region.view(0, Ring.descriptorsBytes(SIZE)),
                            region.view(AVAIL, SplitRing.availBytes(SIZE)),
                            region.view(USED, SplitRing.usedBytes(SIZE)));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** One session: INIT, unless {@code input} begins with an odd byte, and its requests. */
    void play(byte[] input) throws RingException {
        if (input.length == 0) {
            return;
        }
        if (input[0] % 2 == 0) {
            begin();
        }
        RequestSequence requests = new RequestSequence(input, 1);
        while (requests.next()) {
            send(requests.request(), requests.room());
        }
        server.reset();
    }

    private void begin() throws RingException {
        byte[] request =
                ByteBuffer.allocate(IN_HEADER_BYTES + 64)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(0, IN_HEADER_BYTES + 64)
                        .putInt(4, INIT)
                        .putInt(40, 7)
                        .putInt(44, 45)
                        .putInt(48, 1 << 17)
                        .putInt(52, -1)
                        .putInt(56, -1)
                        .array();
        send(request, 256);
    }

    private void send(byte[] request, int room) throws RingException {
        memory.put(REQUEST, request, 0, request.length);
        memory.clear(ANSWER, OUT_HEADER_BYTES);
        int cut = request.length / 2;
        descriptor(0, REQUEST, cut, NEXT);
        descriptor(1, REQUEST + cut, request.length - cut, NEXT);
        descriptor(2, ANSWER, room / 2, NEXT | WRITE);
        descriptor(3, ANSWER + room / 2, room - room / 2, WRITE);
        memory.putShort(AVAIL + 2, (short) (queue.base() + 1));
        int length;
        reader.enter();
        try {
            assertTrue(queue.pop(ring, chain));
            length = handler.handle(chain.readable(), chain.writable());
        } finally {
            chain.end();
            reader.exit();
        }
        queue.push(ring, chain.head(), Math.max(length, 0));
        check(ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN), room, length);
    }

    private void descriptor(int index, int address, int bytes, int flags) {
        memory.putLong(16 * index, address);
        memory.putInt(16 * index + 8, bytes);
        memory.putShort(16 * index + 12, (short) flags);
        memory.putShort(16 * index + 14, (short) (index + 1));
    }

    private void check(ByteBuffer request, int room, int length) {
        int opcode = request.capacity() < IN_HEADER_BYTES ? INIT_SWAPPED : request.getInt(4);
        boolean answered =
                room >= OUT_HEADER_BYTES
                        && opcode != INIT_SWAPPED
                        && opcode != FORGET
                        && opcode != NOTIFY_REPLY
                        && opcode != BATCH_FORGET
                        && opcode != INTERRUPT;
        if (!answered) {
            assertEquals(0, length);
            return;
        }
        assertTrue(
                length >= OUT_HEADER_BYTES && length <= room,
                () -> "opcode %d with room for %d: %d".formatted(opcode, room, length));
        assertEquals(length, memory.getInt(ANSWER));
        int error = memory.getInt(ANSWER + 4);
        assertTrue(error <= 0 && error >= -MOST_ERRNO, "error " + error);
        assertTrue(error == 0 || length == OUT_HEADER_BYTES, "an error with a body");
        assertEquals(request.getLong(8), memory.getLong(ANSWER + 8));
    }
}
