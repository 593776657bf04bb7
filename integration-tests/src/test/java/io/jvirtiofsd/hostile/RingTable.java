package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.LEFT_ALONE;
import static io.jvirtiofsd.hostile.Consequence.REFUSED;
import static io.jvirtiofsd.hostile.Consequence.RING_BREAKS;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.HandmadeChain.ANSWER;
import static io.jvirtiofsd.hostile.HostileRig.REGION_BYTES;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_ADDR;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_BASE;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_CALL;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_ENABLE;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_ERR;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_KICK;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_VRING_NUM;
import static io.jvirtiofsd.vhost.FakeFrontend.buffer;
import static io.jvirtiofsd.vhost.FakeFrontend.state;
import static io.jvirtiofsd.vhost.FakeFrontend.u64;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import java.io.IOException;
import java.util.function.BiConsumer;

/**
 * Rings of impossible sizes in impossible places, and what the driver can write to one that runs.
 * Source: vhost-user.rst, "Ring states"; virtio 1.3, 2.7.
 */
final class RingTable extends HostileTable {
    private static final int RING = 1;
    private static final int NEW_RING = 5;
    private static final int NO_FD = 0x100; // vhost-user.rst, "A vring descriptor"
    private static final int SIZE = 256;

    /** The front-end's address of the second region, which nothing uses. */
    private static final long PLACE = 0x7f00_0000_0000L + 3L * REGION_BYTES;

    private static final long END = PLACE + REGION_BYTES;
    private static final long DESCRIPTORS = PLACE;
    private static final long AVAIL = PLACE + (1 << 20);
    private static final long USED = PLACE + (2 << 20);
    private static final long LAST = Long.MAX_VALUE - 15;

    RingTable() {
        places();
        configuration();
        kicks();
        calls();
        errors();
        indexes();
        states();
    }

    private static byte[] address(int ring, int flags, long descriptors, long used, long avail) {
        return buffer(40)
                .putInt(ring)
                .putInt(flags)
                .putLong(descriptors)
                .putLong(used)
                .putLong(avail)
                .array();
    }

    private static Consequence status(HostileRig rig, int type, byte[] payload, int... fds)
            throws IOException {
        return rig.frontend().status(type, payload, fds) == 0 ? SERVED : REFUSED;
    }

    /** A new ring is configured and started. */
    private void ring(
            String name, int size, long descriptors, long avail, long used, Consequence expected) {
        add(
                name,
                rig -> {
                    byte[] places = address(NEW_RING, 0, descriptors, used, avail);
                    boolean served =
                            status(rig, SET_VRING_NUM, state(NEW_RING, size)) == SERVED
                                    && status(rig, SET_VRING_ADDR, places) == SERVED
                                    && status(rig, SET_VRING_KICK, u64(NEW_RING | NO_FD)) == SERVED;
                    return served ? SERVED : REFUSED;
                },
                expected);
    }

    private void places() {
        for (int size : new int[] {0, 3, 255, 65536, -1, Integer.MIN_VALUE}) {
            ring("a ring of " + size, size, DESCRIPTORS, AVAIL, USED, REFUSED);
        }
        ring("a ring of 1", 1, DESCRIPTORS, AVAIL, USED, SERVED);
        ring("the largest ring", 32768, DESCRIPTORS, AVAIL, USED, SERVED);
        ring("descriptors at 8 bytes", SIZE, DESCRIPTORS + 8, AVAIL, USED, REFUSED);
        ring("an available ring at 1 byte", SIZE, DESCRIPTORS, AVAIL + 1, USED, REFUSED);
        ring("a used ring at 2 bytes", SIZE, DESCRIPTORS, AVAIL, USED + 2, REFUSED);
        for (long nowhere : new long[] {0, 1L << 45, LAST, Long.MIN_VALUE, -16}) {
            String where = " at 0x%x".formatted(nowhere);
            ring("descriptors" + where, SIZE, nowhere, AVAIL, USED, REFUSED);
            ring("an available ring" + where, SIZE, DESCRIPTORS, nowhere, USED, REFUSED);
            ring("a used ring" + where, SIZE, DESCRIPTORS, AVAIL, nowhere, REFUSED);
        }
        ring("descriptors past the end", SIZE, END - 16 * SIZE + 16, AVAIL, USED, REFUSED);
        ring("an available ring past the end", SIZE, DESCRIPTORS, END - 516, USED, REFUSED);
        ring("a used ring past the end", SIZE, DESCRIPTORS, AVAIL, END - 2052, REFUSED);
        ring("descriptors up to the end", SIZE, END - 16 * SIZE, AVAIL, USED, SERVED);
        ring("descriptors before the beginning", SIZE, PLACE - 16, AVAIL, USED, REFUSED);
        ring("all areas in one place", SIZE, PLACE, PLACE, PLACE, SERVED);
    }

    private void configuration() {
        add(
                "a ring started without addresses",
                rig -> {
                    rig.frontend().acknowledged(SET_VRING_NUM, state(NEW_RING, SIZE));
                    return status(rig, SET_VRING_KICK, u64(NEW_RING | NO_FD));
                },
                REFUSED);
        add(
                "a ring started without a size",
                rig -> {
                    byte[] places = address(NEW_RING, 0, DESCRIPTORS, USED, AVAIL);
                    rig.frontend().acknowledged(SET_VRING_ADDR, places);
                    return status(rig, SET_VRING_KICK, u64(NEW_RING | NO_FD));
                },
                REFUSED);
        add(
                "a ring that is to be logged, without a log",
                rig -> {
                    byte[] places = address(NEW_RING, 1, DESCRIPTORS, USED, AVAIL);
                    return status(rig, SET_VRING_ADDR, places);
                },
                SERVED);
        add(
                "another size while the ring runs",
                rig -> status(rig, SET_VRING_NUM, state(RING, 128)),
                REFUSED);
        add(
                "another base while the ring runs",
                rig -> status(rig, SET_VRING_BASE, state(RING, 7)),
                REFUSED);
        add(
                "other addresses while the ring runs",
                rig -> status(rig, SET_VRING_ADDR, address(RING, 0, DESCRIPTORS, USED, AVAIL)),
                REFUSED);
        add(
                "a base of more than 16 bits",
                rig -> status(rig, SET_VRING_BASE, state(NEW_RING, -1)),
                SERVED);
    }

    private void kick(OddDescriptor kind, Consequence expected) {
        add(
                "a kick that is " + kind,
                rig -> {
                    try (Fd fd = kind.open(rig)) {
                        return status(rig, SET_VRING_KICK, u64(RING), fd.number());
                    }
                },
                expected);
    }

    private void kicks() {
        kick(OddDescriptor.DIRECTORY, REFUSED);
        kick(OddDescriptor.DEVICE, REFUSED);
        kick(OddDescriptor.READ_ONLY, REFUSED);
        kick(OddDescriptor.SEALED, REFUSED);
        kick(OddDescriptor.FIFO, SERVED);
        kick(OddDescriptor.FULL_FIFO, SERVED);
        kick(OddDescriptor.SOCKET, SERVED);
        kick(OddDescriptor.EPOLL, SERVED);
        add(
                "10,000 kicks for nothing",
                rig -> {
                    for (int i = 0; i < 10_000; i++) {
                        rig.ring().kick().signal();
                    }
                    return answered(rig);
                },
                SERVED);
        add(
                "a kick taken away and given back, 100 times",
                rig -> {
                    for (int i = 0; i < 100; i++) {
                        rig.frontend().acknowledged(SET_VRING_KICK, u64(RING | NO_FD));
                        rig.fuse().getattr(FuseClient.ROOT);
                        int kick = rig.ring().kick().number();
                        rig.frontend().acknowledged(SET_VRING_KICK, u64(RING), kick);
                    }
                    return answered(rig);
                },
                SERVED);
    }

    private static Consequence answered(HostileRig rig) {
        rig.fuse().getattr(FuseClient.ROOT);
        return SERVED;
    }

    /** Whatever the call descriptor is, what is asked is answered; nobody may be told. */
    private void calls() {
        for (OddDescriptor kind : OddDescriptor.values()) {
            add(
                    "a call that is " + kind,
                    rig -> {
                        try (Fd fd = kind.open(rig)) {
                            rig.frontend().acknowledged(SET_VRING_CALL, u64(RING), fd.number());
                        }
                        return used(rig);
                    },
                    SERVED);
        }
    }

    /** Makes a request, of whose answer the driver wants to hear. */
    private static Consequence used(HostileRig rig) {
        FakeDriver ring = rig.ring();
        NativeMemory memory = rig.frontend().memory().get(0).view();
        int event = memory.getShort(ring.usedOffset() + 2);
        memory.putShort(ring.availOffset() + 4 + 2 * SIZE, (short) event);
        ring.submit(0, HandmadeChain.request(), HandmadeChain.REQUEST_BYTES, 120);
        return Waiting.until(() -> !ring.staysSilent(0)) ? SERVED : LEFT_ALONE;
    }

    /** The status tells what the descriptor cannot. */
    private void errors() {
        for (OddDescriptor kind : OddDescriptor.values()) {
            add(
                    "a broken ring whose error descriptor is " + kind,
                    rig -> {
                        try (Fd fd = kind.open(rig)) {
                            rig.frontend().acknowledged(SET_VRING_ERR, u64(RING), fd.number());
                        }
                        rig.ring().makeAvailable(SIZE);
                        return Waiting.until(() -> needsReset(rig)) ? RING_BREAKS : LEFT_ALONE;
                    },
                    RING_BREAKS);
        }
    }

    private static boolean needsReset(HostileRig rig) {
        try {
            return (rig.frontend().ask(40)[0] & 0x40) != 0;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The driver writes to its ring, by offsets in the first region, and kicks. */
    private void damage(
            String name, Consequence expected, BiConsumer<FakeDriver, NativeMemory> writing) {
        add(
                name,
                rig -> {
                    writing.accept(rig.ring(), rig.frontend().memory().get(0).view());
                    rig.ring().kick().signal();
                    return rig.ofRing((int) ANSWER);
                },
                expected);
    }

    private static int availIdx(FakeDriver ring, NativeMemory memory) {
        return memory.getShort(ring.availOffset() + 2) & 0xffff;
    }

    private void indexes() {
        for (int jump : new int[] {SIZE + 1, 5000, 32768, 65535}) {
            damage(
                    "an available index that jumps by " + jump,
                    RING_BREAKS,
                    (ring, memory) ->
                            memory.putShortRelease(
                                    ring.availOffset() + 2,
                                    (short) (availIdx(ring, memory) + jump)));
        }
        damage(
                "an available ring of heads that are not there",
                RING_BREAKS,
                (ring, memory) -> {
                    for (int i = 0; i < SIZE; i++) {
                        memory.putShort(ring.availOffset() + 4 + 2 * i, (short) (SIZE + i));
                    }
                    memory.putShortRelease(
                            ring.availOffset() + 2, (short) (availIdx(ring, memory) + 1));
                });
        add(
                "one chain as often as the ring is long",
                rig -> {
                    FakeDriver ring = rig.ring();
                    NativeMemory memory = rig.frontend().memory().get(0).view();
                    memory.clear(ring.availOffset() + 4, 2 * SIZE);
                    ring.prepare(0, HandmadeChain.request(), HandmadeChain.REQUEST_BYTES, 120);
                    int until = availIdx(ring, memory) + SIZE;
                    memory.putShortRelease(ring.availOffset() + 2, (short) until);
                    ring.kick().signal();
                    int used = ring.usedOffset() + 2;
                    boolean all = Waiting.until(() -> memory.getShort(used) == (short) until);
                    return all ? SERVED : LEFT_ALONE;
                },
                SERVED);
        add(
                "a used ring full of the driver's own numbers",
                rig -> {
                    NativeMemory memory = rig.frontend().memory().get(0).view();
                    int used = rig.ring().usedOffset();
                    int flags = memory.getShort(used);
                    int index = memory.getShort(used + 2);
                    for (int at = used; at < used + 4 + 8 * SIZE; at += 4) {
                        memory.putInt(at, 0x5555_5555);
                    }
                    int request = availIdx(rig.ring(), memory);
                    rig.ring().makeAvailable(rig.ring().describe(0, 0, 120));
                    boolean own =
                            Waiting.until(() -> memory.getShort(used + 2) == (short) (request + 1));
                    memory.putShort(used, (short) flags);
                    return own && index == (short) request ? SERVED : LEFT_ALONE;
                },
                SERVED);
        add(
                "a base that the available index does not know",
                rig -> {
                    rig.frontend().stopRing(rig.ring());
                    rig.frontend().startRing(rig.ring(), 1000);
                    rig.frontend().enable(rig.ring(), 1);
                    rig.ring().kick().signal();
                    return rig.ofRing((int) ANSWER);
                },
                RING_BREAKS);
    }

    private void states() {
        add(
                "a chain in a ring that is not enabled",
                rig -> {
                    rig.frontend().acknowledged(SET_VRING_ENABLE, state(RING, 0));
                    return leftAlone(rig);
                },
                LEFT_ALONE);
        add(
                "a chain in a ring that was stopped",
                rig -> {
                    rig.frontend().stopRing(rig.ring());
                    return leftAlone(rig);
                },
                LEFT_ALONE);
        add(
                "a chain in a ring that is broken",
                rig -> {
                    rig.ring().makeAvailable(SIZE);
                    if (!rig.isRingBroken()) {
                        return SERVED;
                    }
                    return leftAlone(rig);
                },
                LEFT_ALONE);
        add(
                "a ring stopped twice",
                rig -> {
                    rig.frontend().stopRing(rig.ring());
                    return Consequence.reply(rig.frontend().ask(11, state(RING, 0)).length);
                },
                Consequence.reply(8));
        add(
                "a ring broken, stopped and started, 20 times",
                rig -> {
                    for (int i = 0; i < 20; i++) {
                        rig.ring().makeAvailable(SIZE);
                        if (!rig.isRingBroken()) {
                            return LEFT_ALONE;
                        }
                        int base = rig.ring().giveUp(rig.frontend().stopRing(rig.ring()));
                        rig.ring().error().drain();
                        rig.frontend().startRing(rig.ring(), base);
                        rig.frontend().enable(rig.ring(), 1);
                    }
                    return answered(rig);
                },
                SERVED);
    }

    /** Although another ring is served, and the daemon has done what it was told. */
    private static Consequence leftAlone(HostileRig rig) throws IOException {
        rig.ring().submit(0, HandmadeChain.request(), HandmadeChain.REQUEST_BYTES, 120);
        new FuseClient(rig.frontend(), 2).getattr(FuseClient.ROOT);
        rig.frontend().ask(1);
        return rig.ring().staysSilent(0) ? LEFT_ALONE : SERVED;
    }
}
