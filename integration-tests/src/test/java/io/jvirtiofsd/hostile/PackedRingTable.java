package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.LEFT_ALONE;
import static io.jvirtiofsd.hostile.Consequence.REFUSED;
import static io.jvirtiofsd.hostile.Consequence.RING_BREAKS;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.INDIRECT;
import static io.jvirtiofsd.hostile.HandmadeChain.NEXT;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST;
import static io.jvirtiofsd.hostile.HandmadeChain.REQUEST_BYTES;
import static io.jvirtiofsd.hostile.HandmadeChain.TABLE;
import static io.jvirtiofsd.hostile.HandmadeChain.WRITE;
import static io.jvirtiofsd.hostile.HostileRig.REGION_BYTES;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_FEATURES;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_ADDR;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_BASE;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_KICK;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_NUM;
import static io.jvirtiofsd.vhost.FakeFrontend.buffer;
import static io.jvirtiofsd.vhost.FakeFrontend.state;
import static io.jvirtiofsd.vhost.FakeFrontend.u64;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.PackedDriver;
import java.io.IOException;

/** What {@link RingTable} and {@link ChainTable} ask, of packed rings. Source: virtio 1.3, 2.8. */
final class PackedRingTable extends HostileTable {
    private static final long FEATURES = FakeFrontend.FEATURES | FakeFrontend.F_RING_PACKED;
    private static final int NEW_RING = 5;
    private static final int NO_FD = 0x100; // vhost-user.rst, "A vring descriptor"
    private static final int SIZE = 256;
    private static final int AVAIL = 1 << 7; // virtio 1.3, 2.8.1
    private static final int USED = 1 << 15; // virtio 1.3, 2.8.1
    private static final int FRESH = 0x80008000; // vhost-user.rst, "A vring state description"

    /** The front-end's address of the second region, which nothing uses. */
    private static final long PLACE = 0x7f00_0000_0000L + 3L * REGION_BYTES;

    private static final long END = PLACE + REGION_BYTES;
    private static final long EVENTS = PLACE + (1 << 20);

    /** One descriptor; the bits that make it available are added. */
    private record Descriptor(long gpa, int length, int id, int flags) {}

    /** What is done to a rig whose rings are packed. */
    private interface Act {
        Consequence on(HostileRig rig) throws Exception;
    }

    PackedRingTable() {
        places();
        chains();
        ids();
        words();
    }

    private void packed(String name, Act act, Consequence expected) {
        add(
                name + ", packed",
                rig -> {
                    rig.reconnect(FEATURES);
                    return act.on(rig);
                },
                expected);
    }

    private static boolean served(HostileRig rig, int type, byte[] payload) throws IOException {
        return rig.frontend().status(type, payload) == 0;
    }

    private static Consequence start(
            HostileRig rig, int size, int base, long descriptors, long driver, long device)
            throws IOException {
        byte[] places =
                buffer(40)
                        .putInt(NEW_RING)
                        .putInt(0)
                        .putLong(descriptors)
                        .putLong(device)
                        .putLong(driver)
                        .array();
        boolean served =
                served(rig, SET_VRING_NUM, state(NEW_RING, size))
                        && served(rig, SET_VRING_BASE, state(NEW_RING, base))
                        && served(rig, SET_VRING_ADDR, places)
                        && served(rig, SET_VRING_KICK, u64(NEW_RING | NO_FD));
        return served ? SERVED : REFUSED;
    }

    private void place(String name, int size, long descriptors, long event, Consequence expected) {
        packed(name, rig -> start(rig, size, FRESH, descriptors, event, EVENTS), expected);
        packed(
                name + ", the device's event word",
                rig -> start(rig, size, FRESH, descriptors, EVENTS, event),
                expected);
    }

    private void places() {
        for (int size : new int[] {0, 32769, 65536, -1, Integer.MIN_VALUE}) {
            place("a ring of " + size, size, PLACE, EVENTS, REFUSED);
        }
        for (int size : new int[] {1, 3, 255, 32767, 32768}) {
            place("a ring of " + size, size, PLACE, EVENTS, SERVED);
        }
        place("descriptors at 8 bytes", SIZE, PLACE + 8, EVENTS, REFUSED);
        place("an event word at 2 bytes", SIZE, PLACE, EVENTS + 2, REFUSED);
        place("an event word past the end", SIZE, PLACE, END, REFUSED);
        place("an event word up to the end", SIZE, PLACE, END - 4, SERVED);
        place("descriptors past the end", 7, END - 6 * 16, EVENTS, REFUSED);
        place("descriptors up to the end", 7, END - 7 * 16, EVENTS, SERVED);
        place("all areas in one place", SIZE, PLACE, PLACE, SERVED);
        for (int base : new int[] {7, 7 << 16, -1, 0x7fff}) {
            String name = "a base of 0x%x in a ring of 7".formatted(base);
            packed(name, rig -> start(rig, 7, base, PLACE, EVENTS, EVENTS + 4), REFUSED);
        }
        packed(
                "another format while rings run",
                rig ->
                        served(rig, SET_FEATURES, u64(FEATURES & ~FakeFrontend.F_RING_PACKED))
                                ? SERVED
                                : REFUSED,
                REFUSED);
        packed(
                "a split ring of a packed one's size",
                rig -> {
                    int[] bases = rig.frontend().stop();
                    rig.frontend().acknowledged(SET_VRING_NUM, state(NEW_RING, 7));
                    byte[] split = u64(FEATURES & ~FakeFrontend.F_RING_PACKED);
                    rig.frontend().acknowledged(SET_FEATURES, split);
                    byte[] places =
                            buffer(40)
                                    .putInt(NEW_RING)
                                    .putInt(0)
                                    .putLong(PLACE)
                                    .putLong(EVENTS)
                                    .putLong(EVENTS)
                                    .array();
                    rig.frontend().acknowledged(SET_VRING_ADDR, places);
                    boolean served = served(rig, SET_VRING_KICK, u64(NEW_RING | NO_FD));
                    rig.frontend().resume(bases);
                    return served ? SERVED : REFUSED;
                },
                REFUSED);
    }

    /** Puts descriptors where the next chain begins, the first one last, and kicks. */
    private static void put(HostileRig rig, Descriptor... descriptors) {
        NativeMemory memory = rig.frontend().memory().get(0).view();
        byte[] request = HandmadeChain.request();
        memory.put((int) REQUEST, request, 0, request.length);
        memory.clear((int) ANSWER, ANSWER_BYTES);
        PackedDriver ring = rig.ring().packed();
        for (int i = descriptors.length - 1; i >= 0; i--) {
            Descriptor one = descriptors[i];
            int at = ring.next() + 16 * i;
            memory.putLong(at, one.gpa);
            memory.putInt(at + 8, one.length);
            memory.putShort(at + 12, (short) one.id);
            memory.putShortRelease(at + 14, (short) (one.flags | ring.availableBits()));
        }
        rig.ring().kick().signal();
    }

    /** Whether the ring breaks within {@code millis}. */
    private static boolean isBroken(HostileRig rig, int millis) {
        int error = rig.ring().error().number();
        return Waiting.readable(rig.frontend().syscalls(), error, millis);
    }

    private static boolean isAnswered(HostileRig rig) {
        return rig.frontend().memory().get(0).view().getInt((int) ANSWER) != 0;
    }

    private static Consequence outcome(HostileRig rig) {
        if (!Waiting.until(() -> isAnswered(rig) || isBroken(rig, 0))) {
            return LEFT_ALONE;
        }
        return isAnswered(rig) ? SERVED : RING_BREAKS;
    }

    private void chain(String name, Consequence expected, Descriptor... descriptors) {
        packed(
                name,
                rig -> {
                    put(rig, descriptors);
                    return outcome(rig);
                },
                expected);
    }

    private void chains() {
        Descriptor request = new Descriptor(REQUEST, REQUEST_BYTES, 0, NEXT);
        Descriptor answer = new Descriptor(ANSWER, ANSWER_BYTES, 0, WRITE);
        chain("a chain of two", SERVED, request, answer);
        chain(
                "an answer before its request",
                RING_BREAKS,
                new Descriptor(ANSWER, ANSWER_BYTES, 0, NEXT | WRITE),
                new Descriptor(REQUEST, REQUEST_BYTES, 0, 0));
        chain(
                "a table behind a buffer",
                RING_BREAKS,
                request,
                new Descriptor(TABLE, 16, 0, INDIRECT));
        for (int bytes : new int[] {0, 1, 15, 17, -1, -16, Integer.MIN_VALUE}) {
            Descriptor table = new Descriptor(TABLE, bytes, 0, INDIRECT);
            chain("a table of " + bytes + " bytes", RING_BREAKS, table);
        }
        chain(
                "a table that is nowhere",
                RING_BREAKS,
                new Descriptor(HandmadeChain.MEMORY_END - 16, 32, 0, INDIRECT));
        chain(
                "a table and more",
                RING_BREAKS,
                new Descriptor(TABLE, 16, 0, INDIRECT | NEXT),
                answer);
        packed(
                "a table that contains itself",
                rig -> {
                    NativeMemory memory = rig.frontend().memory().get(0).view();
                    memory.putLong((int) TABLE, TABLE);
                    memory.putInt((int) TABLE + 8, 16);
                    memory.putInt((int) TABLE + 12, INDIRECT << 16);
                    put(rig, new Descriptor(TABLE, 16, 0, INDIRECT));
                    return outcome(rig);
                },
                RING_BREAKS);
        packed(
                "a chain that goes on around the ring",
                rig -> {
                    fill(rig, NEXT | rig.ring().packed().availableBits());
                    return outcome(rig);
                },
                RING_BREAKS);
        packed(
                "flags that change while they are read",
                rig -> {
                    NativeMemory memory = rig.frontend().memory().get(0).view();
                    int[] flags = {NEXT, AVAIL, USED | NEXT};
                    for (int i = 0; i < 100_000; i++) {
                        int at = rig.ring().packed().ring() + 16 * (i * 7 % SIZE) + 14;
                        memory.putShort(at, (short) flags[i % flags.length]);
                        rig.ring().kick().signal();
                    }
                    // One of these is a chain without an end in the round the device is in.
                    int[] endless = {NEXT | AVAIL, NEXT | USED};
                    boolean broken = false;
                    for (int i = 0; !broken && i < 1_000; i++) {
                        fill(rig, endless[i % 2]);
                        broken = isBroken(rig, 20);
                    }
                    return broken ? RING_BREAKS : LEFT_ALONE;
                },
                RING_BREAKS);
    }

    /** Gives all descriptors these flags, the next one last, which may be looked at, and kicks. */
    private static void fill(HostileRig rig, int flags) {
        NativeMemory memory = rig.frontend().memory().get(0).view();
        memory.clear((int) ANSWER, ANSWER_BYTES);
        int from = rig.ring().packed().ring();
        int next = rig.ring().packed().next() - from;
        for (int i = SIZE - 1; i >= 0; i--) {
            memory.putShortRelease(from + (next + 16 * i) % (16 * SIZE) + 14, (short) flags);
        }
        rig.ring().kick().signal();
    }

    private void ids() {
        for (int id : new int[] {SIZE, 32768, 65535}) {
            packed(
                    "a chain with the id " + id,
                    rig -> {
                        PackedDriver ring = rig.ring().packed();
                        int at = ring.next();
                        NativeMemory memory = rig.frontend().memory().get(0).view();
                        put(
                                rig,
                                new Descriptor(REQUEST, REQUEST_BYTES, 1, NEXT),
                                new Descriptor(ANSWER, ANSWER_BYTES, id, WRITE));
                        boolean used = Waiting.until(() -> memory.getShort(at + 12) == (short) id);
                        return used ? outcome(rig) : LEFT_ALONE;
                    },
                    SERVED);
        }
    }

    /** The driver writes what means nothing to the event words, also to the device's own. */
    private void words() {
        for (int word : new int[] {-1, 0x3ffff, 0x2ffff, 0x2fffe, 0x27fff, 0x50000}) {
            packed(
                    "event words of 0x%x".formatted(word),
                    rig -> {
                        NativeMemory memory = rig.frontend().memory().get(0).view();
                        memory.putInt(rig.ring().packed().driverEvent(), word);
                        memory.putInt(rig.ring().packed().deviceEvent(), word);
                        put(
                                rig,
                                new Descriptor(REQUEST, REQUEST_BYTES, 0, NEXT),
                                new Descriptor(ANSWER, ANSWER_BYTES, 0, WRITE));
                        return outcome(rig);
                    },
                    SERVED);
        }
        packed(
                "a ring full of ones",
                rig -> {
                    NativeMemory memory = rig.frontend().memory().get(0).view();
                    memory.clear((int) ANSWER, ANSWER_BYTES);
                    int from = rig.ring().packed().ring();
                    for (int at = from; at < from + 16 * SIZE; at += 8) {
                        memory.putLong(at, -1);
                    }
                    rig.ring().kick().signal();
                    // Neither used nor available in this round, and whatever else: in no hurry.
                    rig.frontend().ask(FakeFrontend.GET_FEATURES);
                    return LEFT_ALONE;
                },
                LEFT_ALONE);
    }
}
