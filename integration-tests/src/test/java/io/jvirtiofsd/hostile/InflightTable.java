package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.REFUSED;
import static io.jvirtiofsd.hostile.Consequence.RINGS_STOP;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.SESSION_ENDS;
import static io.jvirtiofsd.vhost.FakeFrontend.GET_INFLIGHT_FD;
import static io.jvirtiofsd.vhost.FakeFrontend.SET_INFLIGHT_FD;
import static io.jvirtiofsd.vhost.FakeFrontend.inflight;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeMemory;
import java.io.IOException;

/**
 * Records of what is in flight that were made by nobody, for other rings, or are cut short. Source:
 * vhost-user.rst, "Inflight I/O tracking".
 */
final class InflightTable extends HostileTable {
    private static final boolean PACKED = (FakeFrontend.FEATURES & FakeFrontend.F_RING_PACKED) != 0;
    private static final int RINGS = 3;
    private static final int SIZE = 256; // of the rig's rings
    private static final int PAGE = 4096;
    private static final int STRIDE = 32 + 32 * SIZE + 63 & -64; // of either format, or less
    private static final int BYTES = RINGS * STRIDE;
    private static final int MOST = 65; // rings that the device can have
    private static final int VERSION = 8;
    private static final int DESC_NUM = 10;

    /** Something done to the record while no ring runs. */
    private interface Harm {
        void to(NativeMemory record);
    }

    InflightTable() {
        offers();
        places();
        files();
        contents();
        cuts();
    }

    /** Hands over a record while the rings are stopped; they go on, whatever comes of it. */
    private static Consequence set(HostileRig rig, byte[] payload, int... fds) throws IOException {
        int[] bases = rig.frontend().stop();
        long status = rig.frontend().status(SET_INFLIGHT_FD, payload, fds);
        rig.frontend().resume(bases);
        return status == 0 ? SERVED : REFUSED;
    }

    /** A record of {@code bytes} zeros, and no more, in the place of the rig's. */
    private static Consequence ofFile(HostileRig rig, int bytes, byte[] payload)
            throws IOException {
        try (FakeMemory file = new FakeMemory(rig.frontend().syscalls(), 0, 0, bytes, 0)) {
            return set(rig, payload, file.fd());
        }
    }

    private void offer(String name, int queues, int size, Consequence expected) {
        add(
                "a wish for a record of " + name,
                rig -> {
                    byte[] wish = inflight(0, 0, queues, size);
                    try {
                        int length = rig.frontend().ask(GET_INFLIGHT_FD, wish).length;
                        rig.frontend().received().close();
                        return length == wish.length ? SERVED : REFUSED;
                    } catch (IOException e) {
                        return SESSION_ENDS;
                    }
                },
                expected);
    }

    private void offers() {
        offer("no rings", 0, SIZE, SESSION_ENDS);
        offer("a ring too many", MOST + 1, SIZE, SESSION_ENDS);
        offer("65535 rings", 0xffff, SIZE, SESSION_ENDS);
        offer("rings of nothing", RINGS, 0, SESSION_ENDS);
        offer("rings of a descriptor too many", RINGS, 32769, SESSION_ENDS);
        offer("rings of 65535", RINGS, 0xffff, SESSION_ENDS);
        offer("the largest rings", MOST, 32768, SERVED);
    }

    private void place(String name, int fileBytes, byte[] payload, Consequence expected) {
        add("a record " + name, rig -> ofFile(rig, fileBytes, payload), expected);
    }

    private void places() {
        place("as it should be", BYTES, inflight(BYTES, 0, RINGS, SIZE), SERVED);
        place("behind something else", PAGE + BYTES, inflight(BYTES, 72, RINGS, SIZE), SERVED);
        place("of no bytes", BYTES, inflight(0, 0, RINGS, SIZE), REFUSED);
        place("of a page", BYTES, inflight(PAGE / 2, 0, RINGS, SIZE), REFUSED);
        place("of negative bytes", BYTES, inflight(-BYTES, 0, RINGS, SIZE), REFUSED);
        place("of all bytes", BYTES, inflight(Long.MAX_VALUE, 0, RINGS, SIZE), REFUSED);
        place("past its file", BYTES, inflight(BYTES, 8, RINGS, SIZE), REFUSED);
        place("before its file", BYTES, inflight(BYTES, -8, RINGS, SIZE), REFUSED);
        place(
                "at the end of all",
                BYTES,
                inflight(BYTES, Long.MAX_VALUE - 7, RINGS, SIZE),
                REFUSED);
        place("at an odd place", PAGE + BYTES, inflight(BYTES, 4, RINGS, SIZE), REFUSED);
        place("of no ring", BYTES, inflight(BYTES, 0, 0, SIZE), REFUSED);
        place("of more rings than there are", BYTES, inflight(BYTES, 0, MOST + 1, 1), REFUSED);
        place("of rings of nothing", BYTES, inflight(BYTES, 0, RINGS, 0), REFUSED);
        place("of rings of 40000", BYTES, inflight(BYTES, 0, 1, 40_000), REFUSED);
        place("in a file that is too short", PAGE, inflight(BYTES, 0, RINGS, SIZE), REFUSED);
        add(
                "a record while rings run",
                rig -> {
                    byte[] payload = inflight(BYTES, 0, RINGS, SIZE);
                    long status = rig.frontend().status(SET_INFLIGHT_FD, payload, rig.memory());
                    return status == 0 ? SERVED : REFUSED;
                },
                REFUSED);
    }

    private void files() {
        for (OddDescriptor kind : OddDescriptor.values()) {
            add(
                    "a record that is " + kind,
                    rig -> {
                        try (Fd fd = kind.open(rig)) {
                            byte[] payload = inflight(BYTES, 0, RINGS, SIZE);
                            return set(rig, payload, fd.number());
                        }
                    },
                    REFUSED);
        }
        byte[] payload = inflight(BYTES, 0, RINGS, SIZE);
        add("a record without a file", rig -> set(rig, payload), REFUSED);
    }

    /** Rings go on with a record to which {@code harm} is done before; its file. */
    private static FakeMemory goOn(HostileRig rig, Harm harm) throws IOException {
        FakeMemory file = new FakeMemory(rig.frontend().syscalls(), 0, 0, BYTES, 0);
        harm.to(file.view());
        if (set(rig, inflight(BYTES, 0, RINGS, SIZE), file.fd()) == REFUSED) {
            file.close();
            return null;
        }
        return file;
    }

    private void content(String name, Harm harm, Consequence expected) {
        add(
                "a record of " + name,
                rig -> {
                    FakeMemory file = goOn(rig, harm);
                    if (file == null) {
                        return REFUSED;
                    }
                    file.close();
                    return rig.isRingBroken() ? RINGS_STOP : SERVED;
                },
                expected);
    }

    private void contents() {
        content("version 2", record -> record.putShort(VERSION, (short) 2), REFUSED);
        content(
                "a smaller ring",
                record -> {
                    record.putShort(DESC_NUM, (short) (SIZE / 2));
                    record.putShort(VERSION, (short) 1);
                },
                REFUSED);
        content(
                "another ring",
                record -> {
                    // The second one, which is the first request queue's.
                    int stride = PACKED ? STRIDE : 16 + 16 * SIZE + 63 & -64;
                    for (int at = stride + 12; at < stride + 32; at++) {
                        record.putByte(at, (byte) 0x7f);
                    }
                    record.putShort(stride + DESC_NUM, (short) SIZE);
                    record.putShort(stride + VERSION, (short) 1);
                },
                RINGS_STOP);
    }

    /**
     * A JVM may tell a thread of a fault when it comes back from a system call, so that is asked.
     */
    private static boolean isBroken(HostileRig rig) {
        int error = rig.ring().error().number();
        return Waiting.until(
                () -> {
                    rig.ring().kick().signal();
                    return Waiting.readable(rig.frontend().syscalls(), error, 10);
                });
    }

    private void cuts() {
        add(
                "a record that is cut short before rings start",
                rig -> {
                    FakeFrontend frontend = rig.frontend();
                    int[] bases = frontend.stop();
                    try (FakeMemory file = new FakeMemory(frontend.syscalls(), 0, 0, BYTES, 0)) {
                        byte[] payload = inflight(BYTES, 0, RINGS, SIZE);
                        frontend.acknowledged(SET_INFLIGHT_FD, payload, file.fd());
                        frontend.syscalls().ftruncate(file.fd(), 0);
                    }
                    frontend.resume(bases);
                    return isBroken(rig) ? RINGS_STOP : SERVED;
                },
                RINGS_STOP);
        add(
                "a record that is cut short while rings run",
                rig -> {
                    try (FakeMemory file = goOn(rig, record -> {})) {
                        rig.fuse().getattr(rig.file);
                        rig.frontend().syscalls().ftruncate(file.fd(), 0);
                    }
                    rig.ring().submit(0, new byte[40], 40, 16);
                    return isBroken(rig) ? RINGS_STOP : SERVED;
                },
                RINGS_STOP);
    }
}
