package io.jvirtiofsd.bench;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;

/**
 * The driver's side of a split ring that the fake front-end has started, with as little work as can
 * be, so that it is the device which is measured. Each chain is one descriptor that leads to a
 * table, as Linux's are. Takes the ring over from its {@link FakeDriver} and gives it back.
 *
 * <p><i>Confined to one thread at a time.</i> Source: virtio 1.3, 2.7.
 */
final class BareRing {
    private static final int DESCRIPTOR_BYTES = 16; // virtio 1.3, 2.7.5
    private static final short INDIRECT = 4; // virtio 1.3, 2.7.5
    private static final int INDEX_MASK = 0xffff;

    private final FakeFrontend frontend;
    private final FakeDriver driver;
    private final NativeMemory memory;
    private final int size;
    private final int descriptors;
    private final int avail;
    private final int used;
    private int availIdx;
    private int published;
    private int seenUsed;
    private int usedLength;
    private long kicks;
    private long calls;

    /** Ring {@code index}, which has {@code size} entries and agreed on EVENT_IDX. */
    BareRing(FakeFrontend frontend, int index, int size) {
        this.frontend = frontend;
        this.driver = frontend.queue(index);
        this.memory = frontend.memory().get(0).view();
        this.size = size;
        this.descriptors = driver.descriptorsOffset();
        this.avail = driver.availOffset();
        this.used = driver.usedOffset();
    }

    /** Takes the ring over; nothing may be in flight. */
    void begin() {
        availIdx = memory.getShort(avail + 2) & INDEX_MASK;
        published = availIdx;
        seenUsed = usedIdx();
        driver.call().drain();
        kicks = 0;
        calls = 0;
    }

    /** Gives the ring back; nothing may be in flight. */
    void end() {
        calls += driver.call().drain();
        driver.giveUp(availIdx);
    }

    /** How often the device was kicked since {@link #begin}. */
    long kicks() {
        return kicks;
    }

    /** How often the device has interrupted between {@link #begin} and {@link #end}. */
    long calls() {
        return calls;
    }

    /**
     * Has the chain of a table follow those that are there, to be seen after {@link #publish}.
     *
     * @param head which descriptor leads to it, 0 to the ring's size; not in flight
     */
    void put(int head, long tableGpa, int tableBytes) {
        int at = descriptors + DESCRIPTOR_BYTES * head;
        memory.putLong(at, tableGpa);
        memory.putInt(at + 8, tableBytes);
        memory.putShort(at + 12, INDIRECT);
        memory.putShort(avail + 4 + 2 * (availIdx & size - 1), (short) head);
        availIdx = availIdx + 1 & INDEX_MASK;
    }

    /** Shows the device what was put, and kicks it if it wants that. */
    void publish() {
        memory.putShortRelease(avail + 2, (short) availIdx);
        NativeMemory.fullFence();
        int event = memory.getShort(used + 4 + 8 * size) & INDEX_MASK;
        if ((availIdx - event - 1 & INDEX_MASK) < (availIdx - published & INDEX_MASK)) {
            driver.kick().signal();
            kicks++;
        }
        published = availIdx;
    }

    /** How many chains are used that were not taken. */
    int usedCount() {
        return usedIdx() - seenUsed & INDEX_MASK;
    }

    private int usedIdx() {
        return memory.getShortAcquire(used + 2) & INDEX_MASK;
    }

    /** Takes a used chain that is there; its head. */
    int take() {
        int at = used + 4 + 8 * (seenUsed & size - 1);
        usedLength = memory.getInt(at + 4);
        seenUsed = seenUsed + 1 & INDEX_MASK;
        return memory.getInt(at);
    }

    /** How many bytes the device says it has written to what was taken last. */
    int usedLength() {
        return usedLength;
    }

    /** Wants no interrupt for what is used from now on. */
    void wantNothing() {
        want(seenUsed - 1); // passed already
    }

    /** Sleeps until the next chain is used; false if none is within {@code millis}. */
    boolean sleep(int millis) {
        want(seenUsed);
        if (usedCount() > 0) {
            return true;
        }
        boolean called = Waiting.readable(frontend.syscalls(), driver.call().number(), millis);
        calls += driver.call().drain();
        return called;
    }

    private void want(int event) {
        memory.putShort(avail + 4 + 2 * size, (short) event);
        NativeMemory.fullFence(); // the wish must be out before the index is looked at
    }
}
