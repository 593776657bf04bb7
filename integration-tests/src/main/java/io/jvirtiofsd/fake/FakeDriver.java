package io.jvirtiofsd.fake;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.NativeMemory;
import java.io.IOException;
import java.util.concurrent.TimeUnit;

/**
 * The driver's side of one split virtqueue in the front-end's first memory region: builds chains,
 * kicks, waits for used buffers. Owned by the front-end.
 *
 * <p>Requests have slots: fixed places in memory and in the descriptor table, so that several can
 * be under way. <i>Confined to the test's thread.</i> Source: virtio 1.3, 2.7.
 */
public final class FakeDriver {
    /** Room for the readable, and as much for the writable part of a request. */
    public static final int SLOT_BYTES = (1 << 20) + 8192;

    private static final int NEXT = 1;
    private static final int WRITE = 2;
    private static final int INDIRECT = 4;
    private static final int RING_BYTES = 1 << 20;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long SPIN_NANOS = TimeUnit.MICROSECONDS.toNanos(200);
    private static final int TABLE_BYTES = 1 << 16;

    private final FakeFrontend frontend;
    private final int index;
    private final int size;
    private final NativeMemory memory;
    private final long gpaBase;
    private final long uvaBase;
    private final int descriptors;
    private final int avail;
    private final int used;
    private final int slots;
    private final EventFd kick;
    private final EventFd call;
    private final EventFd error;
    private int pieceBytes = Integer.MAX_VALUE;
    private boolean indirect;
    private int availIdx;
    private int seenUsed;

    FakeDriver(FakeFrontend frontend, int index, int size) throws IOException {
        this.frontend = frontend;
        this.index = index;
        this.size = size;
        FakeMemory region = frontend.memory().get(0);
        this.memory = region.view();
        this.gpaBase = region.gpa();
        this.uvaBase = region.uva();
        this.descriptors = index * (RING_BYTES + 2 * (2 * SLOT_BYTES + TABLE_BYTES));
        this.avail = descriptors + 16 * size;
        this.used = (avail + 6 + 2 * size + 3) & -4;
        this.slots = descriptors + RING_BYTES;
        this.kick = frontend.newEventFd();
        this.call = frontend.newEventFd();
        this.error = frontend.newEventFd();
    }

    /** Bytes of memory that {@code queues} queues take. */
    public static int memoryBytes(int queues) {
        return queues * (RING_BYTES + 2 * (2 * SLOT_BYTES + TABLE_BYTES));
    }

    int index() {
        return index;
    }

    int size() {
        return size;
    }

    long descriptorsUva() {
        return uvaBase + descriptors;
    }

    long availUva() {
        return uvaBase + avail;
    }

    long usedUva() {
        return uvaBase + used;
    }

    /** Offsets of the ring's areas in the first region, for tests that damage them. */
    public int descriptorsOffset() {
        return descriptors;
    }

    public int availOffset() {
        return avail;
    }

    public int usedOffset() {
        return used;
    }

    public EventFd kick() {
        return kick;
    }

    EventFd call() {
        return call;
    }

    public EventFd error() {
        return error;
    }

    /** From now on cuts both parts of a request into descriptors of this many bytes. */
    public FakeDriver pieces(int bytes) {
        this.pieceBytes = bytes;
        return this;
    }

    /** From now on puts descriptors into an indirect table, or not. */
    public FakeDriver indirect(boolean on) {
        this.indirect = on;
        return this;
    }

    /** Where slot {@code slot}'s readable part is in memory; the writable one follows. */
    private int slotAt(int slot) {
        return slots + slot * (2 * SLOT_BYTES + TABLE_BYTES);
    }

    /** Sends a request and waits for it; the used length, the answer being in {@link #answer}. */
    public int request(byte[] readable, int writableBytes) {
        submit(0, readable, readable.length, writableBytes);
        return await();
    }

    /** Makes a request of slot 0 or 1 available and kicks if the device wants it. */
    public void submit(int slot, byte[] readable, int readableBytes, int writableBytes) {
        memory.put(slotAt(slot), readable, 0, readableBytes);
        makeAvailable(describe(slot, readableBytes, writableBytes));
    }

    /** Makes the slot's last request available again, with the memory as it is. */
    public void makeAvailable(int head) {
        memory.putShort(avail + 4 + 2 * (availIdx % size), (short) head);
        int before = availIdx;
        availIdx = (availIdx + 1) & 0xffff;
        memory.putShortRelease(avail + 2, (short) availIdx);
        NativeMemory.fullFence();
        boolean wanted;
        if ((frontend.features() & FakeFrontend.F_EVENT_IDX) != 0) {
            int event = memory.getShort(used + 4 + 8 * size) & 0xffff;
            wanted = ((availIdx - event - 1) & 0xffff) < ((availIdx - before) & 0xffff);
        } else {
            wanted = (memory.getShort(used) & 1) == 0;
        }
        if (wanted) {
            kick.signal();
        }
    }

    /** Writes the descriptors of a slot's request; the head's index. */
    public int describe(int slot, int readableBytes, int writableBytes) {
        int half = size / 2;
        int head = slot * half;
        int table = slotAt(slot) + 2 * SLOT_BYTES;
        int base = indirect ? table : descriptors + 16 * head;
        int limit = indirect ? TABLE_BYTES / 16 : half;
        int count = 0;
        for (int part = 0; part < 2; part++) {
            int left = part == 0 ? readableBytes : writableBytes;
            long gpa = gpaBase + slotAt(slot) + (long) part * SLOT_BYTES;
            while (left > 0) {
                if (count == limit) {
                    throw new IllegalArgumentException("more descriptors than there is room for");
                }
                int piece = Math.min(left, pieceBytes);
                int next = (indirect ? 0 : head) + count + 1;
                put(base + 16 * count, gpa, piece, part * WRITE | NEXT, next);
                count++;
                gpa += piece;
                left -= piece;
            }
        }
        int last = base + 16 * (count - 1);
        memory.putShort(last + 12, (short) (memory.getShort(last + 12) & ~NEXT));
        if (indirect) {
            put(descriptors + 16 * head, gpaBase + table, 16 * count, INDIRECT, 0);
        }
        return head;
    }

    /** Writes one descriptor at {@code offset} of the first region. */
    public void put(int offset, long gpa, int length, int flags, int next) {
        memory.putLong(offset, gpa);
        memory.putInt(offset + 8, length);
        memory.putShort(offset + 12, (short) flags);
        memory.putShort(offset + 14, (short) next);
    }

    /** Waits for the next used buffer; its length. */
    public int await() {
        long start = System.nanoTime();
        // With EVENT_IDX: interrupt for the next one.
        memory.putShort(avail + 4 + 2 * size, (short) seenUsed);
        NativeMemory.fullFence();
        while ((memory.getShortAcquire(used + 2) & 0xffff) == seenUsed) {
            long waited = System.nanoTime() - start;
            if (waited > LIMIT_NANOS) {
                throw new IllegalStateException("no answer on queue " + index + " within 10 s");
            }
            if (waited > SPIN_NANOS) {
                Waiting.readable(frontend.syscalls(), call.number(), 1000);
                call.drain();
            }
            Thread.onSpinWait();
        }
        int length = memory.getInt(used + 4 + 8 * (seenUsed % size) + 4);
        seenUsed = (seenUsed + 1) & 0xffff;
        return length;
    }

    /** Whether no used buffer appears within {@code millis}. */
    public boolean staysSilent(int millis) {
        Waiting.readable(frontend.syscalls(), call.number(), millis);
        return (memory.getShortAcquire(used + 2) & 0xffff) == seenUsed;
    }

    /** Bytes of the answer in slot {@code slot}. */
    public byte[] answer(int slot, int length) {
        byte[] bytes = new byte[length];
        memory.get(slotAt(slot) + SLOT_BYTES, bytes, 0, length);
        return bytes;
    }

    /** Where the answer of slot 0 is in the first region. */
    public int answerOffset() {
        return slotAt(0) + SLOT_BYTES;
    }

    void close() {
        kick.close();
        call.close();
        error.close();
    }
}
