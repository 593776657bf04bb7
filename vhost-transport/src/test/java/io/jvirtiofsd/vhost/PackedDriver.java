package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.NativeMemory;

/**
 * The driver's side of one packed ring: copies chains into it from a table, and finds what is used.
 * The id of a chain is the index of its first descriptor in that table. Owned by its {@link
 * FakeDriver}. <i>Confined to one thread at a time.</i> Source: virtio 1.3, 2.8.
 */
public final class PackedDriver {
    private static final int DESCRIPTOR_BYTES = 16; // virtio 1.3, 2.8.13
    private static final int NEXT = 1; // virtio 1.3, 2.8.13
    private static final int WRITE = 2; // virtio 1.3, 2.8.13
    private static final int INDIRECT = 4; // virtio 1.3, 2.8.13
    private static final int AVAIL = 1 << 7; // virtio 1.3, 2.8.1
    private static final int USED = 1 << 15; // virtio 1.3, 2.8.1
    private static final int DISABLE = 1; // virtio 1.3, 2.8.14
    private static final int AT_DESCRIPTOR = 2; // virtio 1.3, 2.8.14
    private static final int WRAP = 1 << 15; // virtio 1.3, 2.8.14

    private static final int NONE = -1;

    private final NativeMemory memory;
    private final int ring;
    private final int size;
    private final int[] slots; // that the chain of an id takes in the ring
    private int lastSlots; // likewise of the chain that was added last
    private int availAt;
    private int usedAt;
    private boolean availWrap = true;
    private boolean usedWrap = true;

    // Behind the chains that are known to be used, and how many of them were not taken yet: who
    // looked at all of them each time would take from the device what it is about to write.
    private int seenAt;
    private boolean seenWrap = true;
    private int seen;

    // What was added and not published: its first descriptor's place and flags, and its slots.
    private int firstAt = NONE;
    private int firstFlags;
    private int added;

    /** An empty ring of {@code size} descriptors at {@code ring} of {@code memory}. */
    PackedDriver(NativeMemory memory, int ring, int size) {
        this.memory = memory;
        this.ring = ring;
        this.size = size;
        this.slots = new int[size];
        memory.clear(ring, DESCRIPTOR_BYTES * size + 8);
    }

    /** Offset of the descriptors in the region. */
    public int ring() {
        return ring;
    }

    /** Offset of the driver's event word. */
    public int driverEvent() {
        return ring + DESCRIPTOR_BYTES * size;
    }

    /** Offset of the device's event word. */
    public int deviceEvent() {
        return driverEvent() + 4;
    }

    /** Offset of the descriptor that is made available next. */
    public int next() {
        return ring + DESCRIPTOR_BYTES * availAt;
    }

    /** The bits that make a descriptor available in this round. */
    public int availableBits() {
        return availWrap ? AVAIL : USED;
    }

    /** Copies a chain from the split queue's table at {@code table}, not yet visible. */
    void add(int table, int head) {
        int count = 0;
        int flags = NEXT;
        for (int index = head; (flags & NEXT) != 0 && count < size; count++) {
            int from = table + DESCRIPTOR_BYTES * index;
            int to = next();
            flags = memory.getShort(from + 12) & 0xffff;
            memory.putLong(to, memory.getLong(from));
            memory.putInt(to + 8, memory.getInt(from + 8));
            memory.putShort(to + 12, (short) head);
            append(to, flags);
            index = memory.getShort(from + 14) & 0xffff;
        }
        slots[head] = count;
        lastSlots = count;
        added += count;
    }

    /** Adds a chain that breaks a rule, not yet visible: a table of no descriptors. */
    void addBroken() {
        int to = next();
        memory.putInt(to + 8, 0);
        append(to, INDIRECT);
        added++;
    }

    /** Writes the flags of the descriptor at {@code to}, unless it is the first one added. */
    private void append(int to, int flags) {
        if (firstAt == NONE) {
            firstAt = to + 14;
            firstFlags = flags | availableBits();
        } else {
            memory.putShort(to + 14, (short) (flags | availableBits()));
        }
        if (++availAt == size) {
            availAt = 0;
            availWrap = !availWrap;
        }
    }

    /** Makes available what was added; whether the device wants a kick for it. */
    boolean publish(boolean eventIdx) {
        if (added == 0) {
            return false;
        }
        memory.putShortRelease(firstAt, (short) firstFlags);
        NativeMemory.fullFence();
        int wish = memory.getInt(deviceEvent());
        boolean wanted = wish >>> 16 != DISABLE;
        if (eventIdx && wish >>> 16 == AT_DESCRIPTOR) {
            int event = wish & WRAP - 1;
            if ((wish & WRAP) != 0 != availWrap) {
                event -= size;
            }
            int before = availAt - added;
            wanted = ((availAt - event - 1) & 0xffff) < ((availAt - before) & 0xffff);
        }
        added = 0;
        firstAt = NONE;
        return wanted;
    }

    /** Chains that are used and were not taken. */
    int usedCount() {
        while (seen < size && isUsed(seenAt, seenWrap)) {
            see();
        }
        return seen;
    }

    private void see() {
        seenAt += slots[idAt(seenAt)];
        if (seenAt >= size) {
            seenAt -= size;
            seenWrap = !seenWrap;
        }
        seen++;
    }

    private boolean isUsed(int at, boolean wrap) {
        int flags = memory.getShortAcquire(ring + DESCRIPTOR_BYTES * at + 14);
        return (flags & AVAIL) != 0 == wrap && (flags & USED) != 0 == wrap;
    }

    private int idAt(int at) {
        return memory.getShort(ring + DESCRIPTOR_BYTES * at + 12) & 0xffff;
    }

    /** The id of the chain that {@link #takeUsed} takes. */
    int usedId() {
        return idAt(usedAt);
    }

    /** Takes the used descriptor that is there; its length, 0 if nothing was written. */
    int takeUsed() {
        if (seen == 0) {
            see();
        }
        seen--;
        int at = ring + DESCRIPTOR_BYTES * usedAt;
        boolean written = (memory.getShort(at + 14) & WRITE) != 0;
        int length = written ? memory.getInt(at + 8) : 0;
        usedAt += slots[idAt(usedAt)];
        if (usedAt >= size) {
            usedAt -= size;
            usedWrap = !usedWrap;
        }
        return length;
    }

    /**
     * Wants to hear of the last of {@code count} used chains that were not taken, more than {@link
     * #usedCount} has just told. If that is more than one beyond those, all chains in flight take
     * as many slots as the one that was added last.
     */
    void want(int count, boolean eventIdx) {
        if (eventIdx) {
            int at = seenAt + (count - seen - 1) * lastSlots;
            boolean around = at >= size;
            int event = around ? at - size : at;
            memory.putShort(driverEvent(), (short) (seenWrap != around ? event | WRAP : event));
        }
        memory.putShortRelease(driverEvent() + 2, (short) (eventIdx ? AT_DESCRIPTOR : 0));
        NativeMemory.fullFence(); // the wish must be out before the ring is looked at
    }

    void wantNothing() {
        memory.putShortRelease(driverEvent() + 2, (short) DISABLE);
    }

    /** A base with the used position as the available one. */
    int usedBase() {
        int used = usedWrap ? usedAt | WRAP : usedAt;
        return used | used << 16;
    }

    /**
     * The ring was stopped at {@code base}: what was available then is not used any more.
     *
     * @return where it is to go on: the used position is the available one
     */
    int giveUp(int base) {
        availAt = base & WRAP - 1;
        availWrap = (base & WRAP) != 0;
        usedAt = availAt;
        usedWrap = availWrap;
        seenAt = availAt;
        seenWrap = availWrap;
        seen = 0;
        return base & 0xffff | base << 16;
    }
}
