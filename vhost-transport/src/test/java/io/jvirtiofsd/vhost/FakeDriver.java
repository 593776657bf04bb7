package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.concurrent.TimeUnit;

/**
 * The driver's side of one virtqueue: builds chains, kicks, waits for used buffers. The ring lies
 * in the front-end's first memory region, buffers wherever the test wants. Owned by the front-end.
 *
 * <p>Chains are always described in a split queue's table. If a packed ring was agreed on that is
 * the driver's own notebook, from which they are copied into the ring.
 *
 * <p>Requests have slots: fixed places in memory and in the descriptor table, so that several can
 * be under way. {@link #await} trusts nothing: it checks ids and lengths, that a notification came
 * where one was asked for, and that the device wrote to what is its own only. <i>Confined to one
 * thread at a time.</i> Source: virtio 1.3, 2.7 and 2.8.
 */
public final class FakeDriver {
    /** Room for the readable, and as much for the writable part of a request, with 2 slots. */
    public static final int SLOT_BYTES = (1 << 20) + 8192;

    private static final int NEXT = 1; // virtio 1.3, 2.7.5
    private static final int WRITE = 2; // virtio 1.3, 2.7.5
    private static final int INDIRECT = 4; // virtio 1.3, 2.7.5
    private static final int DESCRIPTOR_BYTES = 16; // virtio 1.3, 2.7.5
    private static final int NO_NOTIFY = 1; // virtio 1.3, 2.7.8
    private static final int RING_BYTES = 1 << 20;
    private static final int TABLE_BYTES = 1 << 16;
    private static final int SLOTS = 2;
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final int SPINS_PER_LOOK = 4096;

    private final FakeFrontend frontend;
    private final int index;
    private final int size;
    private final NativeMemory memory;
    private final long gpaBase;
    private final long uvaBase;
    private final int descriptors;
    private final int avail;
    private final int used;
    private final PackedDriver packed; // null for a split ring
    private final EventFd kick;
    private final EventFd call;
    private final EventFd error;
    private final BitSet inFlight = new BitSet();
    private final int[] writable; // by head
    private Slot[] slots;
    private int pieceBytes = Integer.MAX_VALUE;
    private int gap;
    private boolean sleeping;
    private boolean spread;
    private boolean indirect;
    private int availIdx;
    private int seenUsed;
    private int lastHead;

    /** A place for one request, and what was put there. */
    private static final class Slot {
        final int head;
        final int table; // offset of its indirect table in the first region
        final int tableBytes;
        final Pieces readable;
        final Pieces answer;
        boolean indirect;
        byte[] sent;
        byte[] chain;

        Slot(int head, int table, int tableBytes, Pieces readable, Pieces answer) {
            this.head = head;
            this.table = table;
            this.tableBytes = tableBytes;
            this.readable = readable;
            this.answer = answer;
        }
    }

    FakeDriver(FakeFrontend frontend, int index, int size) throws IOException {
        this.frontend = frontend;
        this.index = index;
        this.size = size;
        FakeMemory region = frontend.memory().get(0);
        this.memory = region.view();
        this.gpaBase = region.gpa();
        this.uvaBase = region.uva();
        this.descriptors = index * memoryBytes(1);
        this.avail = descriptors + DESCRIPTOR_BYTES * size;
        this.used = (avail + 6 + 2 * size + 3) & -4;
        this.packed =
                (frontend.features() & FakeFrontend.F_RING_PACKED) == 0
                        ? null
                        : new PackedDriver(memory, used + 6 + 8 * size + 15 & -16, size);
        this.writable = new int[size];
        this.kick = frontend.newEventFd();
        this.call = frontend.newEventFd();
        this.error = frontend.newEventFd();
        memory.clear(avail, 6 + 2 * size);
        memory.clear(used, 6 + 8 * size);
        slots(SLOTS);
    }

    /** Bytes of memory that {@code queues} queues take. */
    public static int memoryBytes(int queues) {
        return queues * (RING_BYTES + SLOTS * (2 * SLOT_BYTES + TABLE_BYTES));
    }

    /** From now on has {@code count} slots of equal room, all free. */
    public FakeDriver slots(int count) {
        int bytes = SLOT_BYTES * SLOTS / count & -DESCRIPTOR_BYTES;
        int table = TABLE_BYTES * SLOTS / count & -DESCRIPTOR_BYTES;
        slots = new Slot[count];
        for (int i = 0; i < count; i++) {
            int at = descriptors + RING_BYTES + i * (2 * bytes + table);
            slots[i] =
                    new Slot(
                            i * (size / count),
                            at + 2 * bytes,
                            table,
                            new Pieces(frontend.memory(), at, bytes),
                            new Pieces(frontend.memory(), at + bytes, bytes));
        }
        return this;
    }

    int index() {
        return index;
    }

    int size() {
        return size;
    }

    long descriptorsUva() {
        return uvaBase + (packed == null ? descriptors : packed.ring());
    }

    long availUva() {
        return uvaBase + (packed == null ? avail : packed.driverEvent());
    }

    long usedUva() {
        return uvaBase + (packed == null ? used : packed.deviceEvent());
    }

    /** The packed ring, which tests damage. */
    public PackedDriver packed() {
        return packed;
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

    /** Where the device writes the answer of slot 0, for the guest. */
    public long answerGpa() {
        return slots[0].answer.gpa(0);
    }

    public EventFd kick() {
        return kick;
    }

    public EventFd call() {
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

    /** From now on leaves so many bytes between two descriptors' buffers. */
    public FakeDriver gap(int bytes) {
        this.gap = bytes;
        return this;
    }

    /** From now on puts each descriptor's buffer into the next region, or all into the first. */
    public FakeDriver spread(boolean on) {
        this.spread = on;
        return this;
    }

    /** From now on puts descriptors into an indirect table, or not. */
    public FakeDriver indirect(boolean on) {
        this.indirect = on;
        return this;
    }

    /** Sends a request and waits for it; the used length, the answer being in {@link #answer}. */
    public int request(byte[] readable, int writableBytes) {
        submit(0, readable, readable.length, writableBytes);
        return await();
    }

    /** From now on {@link #measuredRequest} sleeps until it is notified, or not. */
    public FakeDriver sleeping(boolean on) {
        this.sleeping = on;
        return this;
    }

    /** The same with few checks, to measure the device. */
    public int measuredRequest(byte[] readable, int readableBytes, int writableBytes) {
        int head = describe(0, readableBytes, writableBytes);
        slots[0].readable.put(readable);
        makeAvailable(head);
        return sleeping ? await() : spin();
    }

    /** Makes a request of a slot available and kicks if the device wants it. */
    public void submit(int slot, byte[] readable, int readableBytes, int writableBytes) {
        makeAvailable(prepare(slot, readable, readableBytes, writableBytes));
    }

    /**
     * Puts a request into a slot without making it available; the head's index. A test that changes
     * the descriptors afterwards says so by {@link #redescribed}.
     */
    public int prepare(int slot, byte[] readable, int readableBytes, int writableBytes) {
        int head = describe(slot, readableBytes, writableBytes);
        slots[slot].readable.put(readable);
        slots[slot].sent = Arrays.copyOf(readable, readableBytes);
        slots[slot].chain = chainOf(slots[slot]);
        return head;
    }

    /** The chain that a test has put at {@code head} by hand has room for an answer of this. */
    public void answers(int head, int writableBytes) {
        writable[head] = writableBytes;
        slots[head / (size / slots.length)].sent = null;
    }

    /** What {@link #prepare} wrote to a slot's descriptors may have changed since. */
    public void redescribed(int slot) {
        slots[slot].chain = chainOf(slots[slot]);
    }

    /**
     * Makes the chains with these heads available and kicks if the device wants it. A head that is
     * not in the table breaks the ring.
     */
    public void makeAvailable(int... heads) {
        if (packed != null) {
            makePackedAvailable(heads);
            return;
        }
        int before = availIdx;
        for (int head : heads) {
            inFlight.set(head);
            memory.putShort(avail + 4 + 2 * (availIdx % size), (short) head);
            availIdx = (availIdx + 1) & 0xffff;
        }
        memory.putShortRelease(avail + 2, (short) availIdx);
        NativeMemory.fullFence();
        boolean wanted;
        if (eventIdx()) {
            int event = memory.getShort(used + 4 + 8 * size) & 0xffff;
            wanted = ((availIdx - event - 1) & 0xffff) < ((availIdx - before) & 0xffff);
        } else {
            wanted = (memory.getShort(used) & NO_NOTIFY) == 0;
        }
        if (wanted) {
            kick.signal();
        }
    }

    private void makePackedAvailable(int... heads) {
        for (int head : heads) {
            inFlight.set(head);
            if (head < size) {
                packed.add(descriptors, head);
            } else {
                packed.addBroken();
            }
        }
        if (packed.publish(eventIdx())) {
            kick.signal();
        }
    }

    private boolean eventIdx() {
        return (frontend.features() & FakeFrontend.F_EVENT_IDX) != 0;
    }

    /** Writes the descriptors of a slot's request; the head's index. */
    public int describe(int slot, int readableBytes, int writableBytes) {
        Slot place = slots[slot];
        place.readable.layOut(readableBytes, pieceBytes, gap, spread);
        place.answer.layOut(writableBytes, pieceBytes, gap, spread);
        place.indirect = indirect;
        place.sent = null;
        writable[place.head] = writableBytes;
        int inputs = place.readable.count();
        int count = inputs + place.answer.count();
        int limit = indirect ? place.tableBytes / DESCRIPTOR_BYTES : size / slots.length;
        if (count > limit) {
            throw new IllegalArgumentException("more descriptors than there is room for");
        }
        int base = indirect ? place.table : descriptors + DESCRIPTOR_BYTES * place.head;
        for (int i = 0; i < count; i++) {
            Pieces pieces = i < inputs ? place.readable : place.answer;
            int piece = i < inputs ? i : i - inputs;
            int flags = (i < inputs ? 0 : WRITE) | (i < count - 1 ? NEXT : 0);
            int next = (indirect ? 0 : place.head) + i + 1;
            put(base + 16 * i, pieces.gpa(piece), pieces.length(piece), flags, next);
        }
        if (indirect) {
            int at = descriptors + DESCRIPTOR_BYTES * place.head;
            put(at, gpaBase + place.table, DESCRIPTOR_BYTES * count, INDIRECT, 0);
        }
        return place.head;
    }

    /** Writes one descriptor at {@code offset} of the first region. */
    public void put(int offset, long gpa, int length, int flags, int next) {
        boolean inTable = offset < descriptors || offset >= descriptors + DESCRIPTOR_BYTES * size;
        boolean swapped = packed != null && inTable; // a table of a packed ring
        memory.putLong(offset, gpa);
        memory.putInt(offset + 8, length);
        memory.putShort(offset + 12, (short) (swapped ? next : flags));
        memory.putShort(offset + 14, (short) (swapped ? flags : next));
    }

    /** The bytes of a slot's part of the descriptor table and of its indirect table. */
    private byte[] chainOf(Slot slot) {
        int count = slot.readable.count() + slot.answer.count();
        int direct = DESCRIPTOR_BYTES * (slot.indirect ? 1 : count);
        int table = slot.indirect ? DESCRIPTOR_BYTES * count : 0;
        byte[] bytes = new byte[direct + table];
        memory.get(descriptors + DESCRIPTOR_BYTES * slot.head, bytes, 0, direct);
        memory.get(slot.table, bytes, direct, table);
        return bytes;
    }

    /** Waits for the next used buffer, sleeping until notified; its length. */
    public int await() {
        awaitUsed(1);
        return take();
    }

    /** Waits until {@code count} buffers are used that were not taken, for one notification. */
    public void awaitUsed(int count) {
        long start = System.nanoTime();
        while (usedCount() < count) {
            askForNotification(count);
            if (usedCount() >= count) {
                break;
            }
            long millis = (LIMIT_NANOS - (System.nanoTime() - start)) / 1_000_000;
            boolean notified =
                    millis > 0
                            && Waiting.readable(frontend.syscalls(), call.number(), (int) millis);
            call.drain();
            require(notified || usedCount() < count, "a buffer was used without notification");
            require(notified, "no answer within a minute");
        }
    }

    /** Likewise without sleeping or wanting a notification, checking little: to measure. */
    private int spin() {
        long start = System.nanoTime();
        if (packed != null) {
            packed.wantNothing();
        } else {
            askForNotification(0); // passed already
        }
        for (int spins = 1; usedCount() == 0; spins++) {
            if (spins % SPINS_PER_LOOK == 0) {
                require(System.nanoTime() - start < LIMIT_NANOS, "no answer within a minute");
            }
            Thread.onSpinWait();
        }
        return take();
    }

    /** How many buffers are used that were not taken. */
    int usedCount() {
        if (packed != null) {
            return packed.usedCount();
        }
        return (usedIdx() - seenUsed) & 0xffff;
    }

    private int usedIdx() {
        return memory.getShortAcquire(used + 2) & 0xffff;
    }

    /** Wants to hear of the last of {@code count} used buffers; without EVENT_IDX of each. */
    private void askForNotification(int count) {
        if (packed != null) {
            packed.want(count, eventIdx());
            return;
        }
        memory.putShort(avail + 4 + 2 * size, (short) (seenUsed + count - 1));
        NativeMemory.fullFence(); // the wish must be out before the index is looked at
    }

    /** Takes the used entry that is there and checks it; its length. */
    private int take() {
        int length;
        if (packed != null) {
            lastHead = packed.usedId();
            length = packed.takeUsed();
        } else {
            int at = used + 4 + 8 * (seenUsed % size);
            lastHead = memory.getInt(at);
            length = memory.getInt(at + 4);
        }
        require(lastHead >= 0 && inFlight.get(lastHead), "used, but not in flight: " + lastHead);
        inFlight.clear(lastHead);
        int room = writable[lastHead];
        require(length >= 0 && length <= room, "used length " + length + ", room " + room);
        int flags = packed == null ? memory.getShort(used) : 0;
        require(flags == 0 || flags == NO_NOTIFY && !eventIdx(), "used flags " + flags);
        seenUsed = (seenUsed + 1) & 0xffff;
        checkUntouched(slots[lastSlot()]);
        return length;
    }

    /** What the driver wrote is as it was (virtio 1.3, 2.7.4.1 and 2.7.5.1). */
    private void checkUntouched(Slot slot) {
        if (slot.sent == null) {
            return;
        }
        byte[] now = new byte[slot.sent.length];
        slot.readable.get(now);
        require(Arrays.equals(slot.sent, now), "the device wrote to a readable buffer");
        require(Arrays.equals(slot.chain, chainOf(slot)), "the device wrote to a descriptor");
    }

    private void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalStateException("queue " + index + ": " + otherwise);
        }
    }

    /** The slot that the last used buffer belongs to. */
    public int lastSlot() {
        return lastHead / (size / slots.length);
    }

    /**
     * The ring was stopped at {@code base}: what was under way has no answer.
     *
     * @return where it is to go on
     */
    public int giveUp(int base) {
        inFlight.clear();
        if (packed != null) {
            return packed.giveUp(base);
        }
        availIdx = base;
        seenUsed = usedIdx();
        return base;
    }

    /** Whether there is a used buffer that was not taken. */
    public boolean isAnswered() {
        return usedCount() > 0;
    }

    /** Whether the request of a slot has been made available, and its answer was not taken. */
    public boolean isUnderWay(int slot) {
        return inFlight.get(slots[slot].head);
    }

    /** Where a ring goes on of which nobody knows but how far it was used. */
    int usedBase() {
        return packed == null ? usedIdx() : packed.usedBase();
    }

    /** Whether no used buffer appears within {@code millis}. */
    public boolean staysSilent(int millis) {
        Waiting.readable(frontend.syscalls(), call.number(), millis);
        return usedCount() == 0;
    }

    /** Bytes of the answer in slot {@code slot}. */
    public byte[] answer(int slot, int length) {
        byte[] bytes = new byte[length];
        slots[slot].answer.get(bytes);
        return bytes;
    }

    void close() {
        kick.close();
        call.close();
        error.close();
    }
}
