package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.RINGS_STOP;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.SESSION_ENDS;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.FuseOpcode.SETUPMAPPING;
import static io.jvirtiofsd.hostile.Wire.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeShmem.Answering;
import java.util.Arrays;

/**
 * What a front-end answers on the back-end channel, when it is asked to map a page of a file.
 * Source: vhost-user.rst, "Back-end message types".
 */
final class AnswerTable extends HostileTable {
    private static final int EIO = 5;
    private static final int MAP = 9; // vhost-user.rst
    private static final int UNMAP = 10; // vhost-user.rst
    private static final int REPLY = 5; // flags
    private static final int FDS_AT_ONCE = 253; // SCM_MAX_FD
    private static final byte[] GOOD = bytes(MAP, REPLY, 8, 0L);

    AnswerTable() {
        refusals();
        nonsense();
        descriptors();
        silence();
    }

    /** A SETUPMAPPING whose request to the front-end is answered so. */
    private void answered(String name, Answering answering, Consequence expected) {
        add(
                name,
                rig -> {
                    rig.shmem().answerBy(answering);
                    return rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                },
                expected);
    }

    private void answered(String name, byte[] answer, Consequence expected) {
        answered(name, (channel, type) -> channel.send(answer), expected);
    }

    private void refusals() {
        for (long status : new long[] {1, 12, -1, Long.MIN_VALUE, 1L << 32}) {
            answered("status " + status, bytes(MAP, REPLY, 8, status), errno(EIO));
        }
        add(
                "a refusal, and then an answer",
                rig -> {
                    byte[] refusal = bytes(MAP, REPLY, 8, 1L);
                    rig.shmem().answerBy((channel, type) -> channel.send(refusal));
                    assertEquals(
                            errno(EIO),
                            rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0));
                    return rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                },
                SERVED);
    }

    private void nonsense() {
        for (int type : new int[] {UNMAP, 0, -1}) {
            answered("an answer to request " + type, bytes(type, REPLY, 8, 0L), errno(EIO));
        }
        for (int flags : new int[] {0, 1, 4, 7, 0xd, -1}) {
            answered("an answer with flags " + flags, bytes(MAP, flags, 8, 0L), errno(EIO));
        }
        for (int size : new int[] {0, 4, 9, 4096, Integer.MAX_VALUE, -1}) {
            answered("an answer of " + size + " bytes", bytes(MAP, REPLY, size, 0L), errno(EIO));
        }
        byte[] ones = new byte[4096];
        Arrays.fill(ones, (byte) -1);
        answered("a page of ones", ones, errno(EIO));
        answered("zeros", new byte[20], errno(EIO));
        answered(
                "an answer byte by byte",
                (channel, type) -> {
                    for (byte one : GOOD) {
                        channel.send(new byte[] {one});
                    }
                },
                SERVED);
        answered("two answers", bytes(GOOD, GOOD), SERVED);
        answered(
                "half an answer, and the end",
                (channel, type) -> {
                    channel.send(Arrays.copyOf(GOOD, 7));
                    channel.hangUp();
                },
                errno(EIO));
        answered("the end", (channel, type) -> channel.hangUp(), errno(EIO));
        add(
                "a request after the channel was given up",
                rig -> {
                    rig.shmem().answerBy((channel, type) -> channel.send(new byte[20]));
                    rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                    return rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                },
                errno(EIO));
    }

    private void descriptors() {
        for (int count : new int[] {1, 8, FDS_AT_ONCE}) {
            add(
                    "an answer with " + count + " descriptors",
                    rig -> {
                        int[] fds = new int[count];
                        Arrays.fill(fds, rig.memory());
                        rig.shmem().answerBy((channel, type) -> channel.send(GOOD, fds));
                        return rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                    },
                    SERVED);
        }
        add(
                "253 descriptors with each byte of an answer",
                rig -> {
                    int[] fds = new int[FDS_AT_ONCE];
                    Arrays.fill(fds, rig.memory());
                    rig.shmem()
                            .answerBy(
                                    (channel, type) -> {
                                        for (byte one : GOOD) {
                                            channel.send(new byte[] {one}, fds);
                                        }
                                    });
                    return rig.ask(SETUPMAPPING.code, rig.page, MappingTable.good(), 0);
                },
                errno(EIO));
    }

    /** Something that the front-end does instead of answering. */
    private interface Instead {
        void with(HostileRig rig) throws Exception;
    }

    /** The guest's request is given back with EIO at once, whatever else comes of it. */
    private void silent(String name, Instead instead, Consequence expected) {
        add(
                name,
                rig -> {
                    byte[] header = new byte[40];
                    FakeFrontend.buffer(40)
                            .putInt(80)
                            .putInt(SETUPMAPPING.code)
                            .putLong(4711)
                            .putLong(rig.page)
                            .rewind()
                            .get(header);
                    rig.shmem().withhold();
                    byte[] request = bytes(header, MappingTable.good());
                    rig.ring().submit(0, request, request.length, 16);
                    assertTrue(Waiting.until(rig.shmem()::isWithholding));
                    instead.with(rig);
                    assertTrue(Waiting.until(() -> !rig.ring().staysSilent(0)));
                    int error = FakeFrontend.buffer(16).put(rig.ring().answer(0, 16)).getInt(4);
                    assertEquals(-EIO, error);
                    return expected;
                },
                expected);
    }

    private void silence() {
        silent("no answer, and the rings stop", rig -> rig.frontend().stop(), RINGS_STOP);
        silent(
                "no answer, and the device is reset",
                rig -> rig.frontend().acknowledged(FakeFrontend.RESET_DEVICE, new byte[0]),
                RINGS_STOP);
        silent(
                "no answer, and the front-end dies",
                rig -> rig.frontend().disconnect(),
                SESSION_ENDS);
        silent(
                "no answer, and another channel",
                rig ->
                        rig.frontend()
                                .acknowledged(
                                        FakeFrontend.SET_BACKEND_REQ_FD, new byte[0], rig.memory()),
                SERVED);
    }
}
