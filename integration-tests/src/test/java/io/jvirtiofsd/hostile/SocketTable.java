package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.REFUSED;
import static io.jvirtiofsd.hostile.Consequence.RINGS_STOP;
import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.SESSION_ENDS;
import static io.jvirtiofsd.hostile.Consequence.reply;
import static io.jvirtiofsd.vhost.FakeFrontend.buffer;
import static io.jvirtiofsd.vhost.FakeFrontend.state;
import static io.jvirtiofsd.vhost.FakeFrontend.u64;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Messages that cannot be, on the front-end's socket: headers, sizes, descriptors, order. Source:
 * vhost-user.rst.
 */
final class SocketTable extends HostileTable {
    private static final int PLAIN = 1; // flags: version 1
    private static final int ACKED = 9; // and NEED_REPLY
    private static final int NO_FD = 0x100; // vhost-user.rst, "A vring descriptor"
    private static final int UNUSED_RING = 5;
    private static final byte[] NONE = {};

    private static final int SET_CONFIG = 25;
    private static final int FDS_AT_ONCE = 253; // SCM_MAX_FD

    SocketTable() {
        headers();
        sizes();
        descriptors();
        values();
        order();
    }

    /** One message; {@code fds} descriptors of the guest's memory come with it. */
    private void message(
            String name, int type, int flags, byte[] payload, int fds, Consequence expected) {
        add(name, rig -> send(rig, type, flags, payload, fds), expected);
    }

    /** One header that announces {@code size} bytes, of which none come. */
    private void header(String name, int type, int flags, int size, Consequence expected) {
        byte[] bytes = buffer(12).putInt(type).putInt(flags).putInt(size).array();
        add(name, rig -> sendBytes(rig, bytes), expected);
    }

    private static int[] copies(HostileRig rig, int count) {
        int[] fds = new int[count];
        Arrays.fill(fds, rig.memory());
        return fds;
    }

    static Consequence send(HostileRig rig, int type, int flags, byte[] payload, int fds)
            throws IOException {
        FakeFrontend frontend = rig.frontend();
        frontend.send(type, flags, payload, copies(rig, fds));
        try {
            if (flags == ACKED) {
                byte[] ack = frontend.receive(type);
                return ack.length == 8 && ack[0] == 0 ? SERVED : REFUSED;
            }
            return next(rig);
        } catch (IOException e) {
            return end(rig);
        }
    }

    private static Consequence sendBytes(HostileRig rig, byte[] bytes) throws IOException {
        rig.frontend().sendBytes(bytes);
        return end(rig);
    }

    /** Whether the session still answers what is asked next. */
    private static Consequence next(HostileRig rig) throws IOException {
        rig.frontend().ask(FakeFrontend.GET_FEATURES);
        return SERVED;
    }

    private static Consequence end(HostileRig rig) throws IOException {
        assertTrue(rig.frontend().isClosedByPeer());
        return SESSION_ENDS;
    }

    private static Consequence disconnect(HostileRig rig) throws IOException {
        rig.frontend().disconnect();
        return SESSION_ENDS;
    }

    private static byte[] config(int offset, int size, int bytes) {
        return buffer(12 + bytes).putInt(offset).putInt(size).array();
    }

    private void headers() {
        int get = FakeFrontend.GET_FEATURES;
        header("flags without a version", get, 0, 0, SESSION_ENDS);
        header("flags of version 2", get, 2, 0, SESSION_ENDS);
        header("flags of version 3", get, 3, 0, SESSION_ENDS);
        header("flags of a reply", get, 5, 0, SESSION_ENDS);
        header("flags of a reply that wants an acknowledgement", get, 0xd, 0, SESSION_ENDS);
        header("a reserved flag", get, 0x11, 0, SESSION_ENDS);
        header("the highest flag", get, 0x8000_0001, 0, SESSION_ENDS);
        header("all flags", get, -1, 0, SESSION_ENDS);
        header("a payload of a byte too many", get, PLAIN, 4097, SESSION_ENDS);
        header("a payload of 64 KiB", get, PLAIN, 1 << 16, SESSION_ENDS);
        header("a payload of 2 GiB", get, PLAIN, Integer.MAX_VALUE, SESSION_ENDS);
        header("a payload of a negative size", get, PLAIN, -1, SESSION_ENDS);
        for (int type : new int[] {0, 46, 63, 64, 99, 1 << 30, -1}) {
            message("unknown message " + type, type, ACKED, NONE, 0, REFUSED);
            message("unknown message " + type + ", silently", type, PLAIN, NONE, 0, SESSION_ENDS);
        }
        for (int type : new int[] {6, 7, 19, 20, 22, 23, 27, 29, 30, 33, 35, 42, 43}) {
            message("message " + type + ", not offered", type, ACKED, NONE, 0, REFUSED);
        }
        // An acknowledgement would be taken for the body that the front-end waits for.
        for (int type : new int[] {26, 28, 41, 45}) {
            message("message " + type + ", not offered", type, ACKED, NONE, 0, SESSION_ENDS);
        }
        message("the base of a ring there is not", 11, ACKED, state(99, 0), 0, SESSION_ENDS);
        message("features, with a payload", 1, ACKED, u64(0), 0, SESSION_ENDS);
        message("a message not offered, silently", 20, PLAIN, u64(0), 0, SESSION_ENDS);
    }

    private void sizes() {
        message("a ring size without payload", 8, ACKED, NONE, 0, REFUSED);
        message("a ring size of 4 bytes", 8, ACKED, new byte[4], 0, REFUSED);
        message("a ring size of 12 bytes", 8, ACKED, new byte[12], 0, REFUSED);
        message("ring addresses of 39 bytes", 9, ACKED, new byte[39], 0, REFUSED);
        message("ring addresses of 4096 bytes", 9, ACKED, new byte[4096], 0, REFUSED);
        message("features of 4 bytes", 2, ACKED, new byte[4], 0, REFUSED);
        message("features of 16 bytes, silently", 2, PLAIN, new byte[16], 0, SESSION_ENDS);
        message("an owner with payload", 3, ACKED, new byte[8], 0, REFUSED);
        message("a record of requests of 20 bytes", 32, ACKED, new byte[20], 1, REFUSED);
        message("a wish for a record of 20 bytes", 31, ACKED, new byte[20], 0, SESSION_ENDS);
        message("a region of 32 bytes", 37, ACKED, new byte[32], 1, REFUSED);
        message("a region of 48 bytes", 37, ACKED, new byte[48], 1, REFUSED);
        message("the base of a ring without a number", 11, PLAIN, NONE, 0, SESSION_ENDS);
        message("configuration of 11 bytes", 24, PLAIN, new byte[11], 0, SESSION_ENDS);
        for (int[] range : new int[][] {{0, 257}, {0, -1}, {-1, 4}, {37, 4}, {41, 0}, {0, 8}}) {
            byte[] payload = config(range[0], range[1], 4);
            add(
                    "configuration at %d of %d bytes, in 4".formatted(range[0], range[1]),
                    rig -> reply(rig.frontend().ask(24, payload).length),
                    reply(0));
        }
        message("configuration to be written", SET_CONFIG, ACKED, config(0, 4, 4), 0, REFUSED);
    }

    private void descriptors() {
        message("a descriptor with what takes none", 1, PLAIN, NONE, 1, SESSION_ENDS);
        message("a descriptor with a ring size", 8, ACKED, state(1, 256), 1, REFUSED);
        message("253 descriptors with features", 2, ACKED, u64(0), FDS_AT_ONCE, REFUSED);
        message("a kick without its descriptor", 12, ACKED, u64(1), 0, REFUSED);
        message("a kick with two descriptors", 12, ACKED, u64(1), 2, REFUSED);
        message("a call with a descriptor it denies", 13, ACKED, u64(1 | NO_FD), 1, REFUSED);
        message("an error descriptor that is not there", 14, ACKED, u64(1), 0, REFUSED);
        message("a back-end channel without socket", 21, ACKED, NONE, 0, REFUSED);
        message("a back-end channel with two sockets", 21, ACKED, NONE, 2, REFUSED);
        message("a back-end channel that is a file", 21, ACKED, NONE, 1, SERVED);
        message("descriptors of a message not offered", 33, ACKED, NONE, 1, REFUSED);
        message(
                "an unknown message of 4096 bytes",
                99,
                ACKED,
                new byte[4096],
                FDS_AT_ONCE,
                REFUSED);
        add(
                "253 descriptors with an unknown message",
                rig -> {
                    byte[] bytes = buffer(12).putInt(99).putInt(PLAIN).array();
                    rig.frontend().sendBytes(bytes, copies(rig, FDS_AT_ONCE));
                    return end(rig);
                },
                SESSION_ENDS);
        add("253 descriptors with each byte of a message", SocketTable::flood, SESSION_ENDS);
        add(
                "descriptors with half a header, and the end",
                rig -> {
                    rig.frontend().sendBytes(new byte[] {5, 0, 0}, copies(rig, 8));
                    return disconnect(rig);
                },
                SESSION_ENDS);
    }

    /** Linux lets no more pass at a time, but a message may come in as many pieces as bytes. */
    private static Consequence flood(HostileRig rig) throws IOException {
        ByteBuffer bytes = buffer(12 + 264).putInt(5).putInt(PLAIN).putInt(264).rewind();
        try {
            while (bytes.hasRemaining()) {
                rig.frontend().sendBytes(new byte[] {bytes.get()}, copies(rig, FDS_AT_ONCE));
            }
        } catch (IOException e) {
            // it had enough before the last byte
        }
        return end(rig);
    }

    private void values() {
        message("all features", 2, ACKED, u64(-1), 0, REFUSED);
        message("dirty logging without a log", 2, ACKED, u64(1L << 26), 0, SERVED);
        message("features not offered, silently", 2, PLAIN, u64(1L << 33), 0, SESSION_ENDS);
        message("all protocol features", 16, ACKED, u64(-1), 0, REFUSED);
        message("in-band kicks, not offered", 16, ACKED, u64(1 << 14), 0, REFUSED);
        message("a ring enabled twice over", 18, ACKED, state(1, 2), 0, REFUSED);
        message("a ring enabled negatively", 18, ACKED, state(1, -1), 0, REFUSED);
        message("ring 65 enabled, of 65", 18, ACKED, state(65, 1), 0, REFUSED);
        message("ring -1 enabled", 18, ACKED, state(-1, 1), 0, REFUSED);
        message("a call for ring 255", 13, ACKED, u64(255 | NO_FD), 0, REFUSED);
        message("the base of ring 65", 11, PLAIN, state(65, 0), 0, SESSION_ENDS);
        message("the base of ring -1", 11, PLAIN, state(-1, 0), 0, SESSION_ENDS);
        message("all bits of a status", 39, ACKED, u64(-1), 0, SERVED);
        add(
                "the base of a ring that never ran",
                rig -> reply(rig.frontend().ask(11, state(UNUSED_RING, 0)).length),
                reply(8));
    }

    private void order() {
        message("an owner once more", 3, ACKED, NONE, 0, SERVED);
        message("an owner no more", 4, ACKED, NONE, 0, SERVED);
        add(
                "a message of a feature that was given back",
                rig -> {
                    rig.frontend().acknowledged(16, u64(FakeFrontend.PF_REPLY_ACK));
                    return send(rig, 37, ACKED, new byte[40], 1);
                },
                REFUSED);
        add(
                "an acknowledgement wanted after giving that back",
                rig -> {
                    rig.frontend().send(16, PLAIN, u64(0));
                    return send(rig, 8, ACKED, state(1, 7), 0);
                },
                SESSION_ENDS);
        add(
                "a device reset in the middle of everything",
                rig -> {
                    rig.frontend().acknowledged(FakeFrontend.RESET_DEVICE, NONE);
                    return RINGS_STOP;
                },
                RINGS_STOP);
        add(
                "a message byte by byte",
                rig -> {
                    ByteBuffer bytes = buffer(20).putInt(18).putInt(ACKED).putInt(8);
                    bytes.put(state(1, 1)).rewind();
                    while (bytes.hasRemaining()) {
                        rig.frontend().sendBytes(new byte[] {bytes.get()});
                    }
                    return Consequence.reply(rig.frontend().receive(18).length);
                },
                reply(8));
        add(
                "half a header, while the rings go on",
                rig -> {
                    rig.frontend().sendBytes(new byte[] {1, 0, 0, 0, 1});
                    rig.fuse().getattr(rig.file);
                    return disconnect(rig);
                },
                SESSION_ENDS);
        add(
                "half a payload, and the end",
                rig -> {
                    rig.frontend().sendBytes(buffer(16).putInt(8).putInt(1).putInt(8).array());
                    return disconnect(rig);
                },
                SESSION_ENDS);
        add(
                "a good message and a broken one at once",
                rig -> {
                    ByteBuffer both = buffer(24).putInt(3).putInt(PLAIN).putInt(0);
                    return sendBytes(rig, both.putInt(3).putInt(7).putInt(0).array());
                },
                SESSION_ENDS);
        add(
                "replies that nobody reads, while the rings go on",
                rig -> {
                    for (int i = 0; i < 400; i++) { // more than a socket holds
                        rig.frontend().send(FakeFrontend.GET_FEATURES, PLAIN, NONE);
                    }
                    rig.fuse().getattr(rig.file);
                    return disconnect(rig);
                },
                SESSION_ENDS);
    }
}
