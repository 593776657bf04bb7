package io.jvirtiofsd.hostile;

import static io.jvirtiofsd.hostile.Consequence.SERVED;
import static io.jvirtiofsd.hostile.Consequence.UNANSWERED;
import static io.jvirtiofsd.hostile.Consequence.errno;
import static io.jvirtiofsd.hostile.FuseOpcode.BATCH_FORGET;
import static io.jvirtiofsd.hostile.FuseOpcode.DESTROY;
import static io.jvirtiofsd.hostile.FuseOpcode.FORGET;
import static io.jvirtiofsd.hostile.FuseOpcode.GETATTR;
import static io.jvirtiofsd.hostile.FuseOpcode.INIT;
import static io.jvirtiofsd.hostile.FuseOpcode.INTERRUPT;
import static io.jvirtiofsd.hostile.FuseOpcode.LOOKUP;
import static io.jvirtiofsd.hostile.FuseOpcode.MKDIR;
import static io.jvirtiofsd.hostile.FuseOpcode.NOTIFY_REPLY;
import static io.jvirtiofsd.hostile.FuseOpcode.READ;
import static io.jvirtiofsd.hostile.Wire.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** Requests whose header lies, and sessions that begin and end where they should not. */
final class HeaderTable extends HostileTable {
    private static final int ENOENT = 2;
    private static final int EIO = 5;
    private static final int E2BIG = 7;
    private static final int EINVAL = 22;
    private static final int ENOSYS = 38;
    private static final int EPROTO = 71;
    private static final int EOVERFLOW = 75;

    private static final int HEADER = 40; // fuse.h
    private static final int OUT_HEADER = 16; // fuse.h
    private static final long UNIQUE = 4712;
    private static final long ROOT = FuseClient.ROOT;
    private static final int INIT_SWAPPED = 0x1a00_0000;
    private static final byte[] GETATTR_ARGUMENTS = new byte[16];

    HeaderTable() {
        lengths();
        opcodes();
        ids();
        rooms();
        extensions();
        sessions();
        forgetting();
    }

    /** All fields of a header. */
    private record Header(
            int len, int opcode, long unique, long node, int uid, int gid, int pid, int extlen) {
        static Header of(FuseOpcode opcode, int body) {
            return new Header(HEADER + body, opcode.code, UNIQUE, ROOT, 0, 0, 1, 0);
        }

        Header len(int value) {
            return new Header(value, opcode, unique, node, uid, gid, pid, extlen);
        }

        Header opcode(int value) {
            return new Header(len, value, unique, node, uid, gid, pid, extlen);
        }

        Header unique(long value) {
            return new Header(len, opcode, value, node, uid, gid, pid, extlen);
        }

        Header node(long value) {
            return new Header(len, opcode, unique, value, uid, gid, pid, extlen);
        }

        Header caller(int newUid, int newGid, int newPid) {
            return new Header(len, opcode, unique, node, newUid, newGid, newPid, extlen);
        }

        Header extlen(int value) {
            return new Header(len, opcode, unique, node, uid, gid, pid, value);
        }

        byte[] with(byte[] body) {
            short padding = 0;
            return bytes(len, opcode, unique, node, uid, gid, pid, (short) extlen, padding, body);
        }
    }

    /** One request as it is; the answer must name it and tell its own length. */
    private static Consequence send(HostileRig rig, byte[] request, int room) {
        int used = rig.ring().request(request, room);
        if (used == 0) {
            return UNANSWERED;
        }
        ByteBuffer answer = FakeFrontend.buffer(used).put(rig.ring().answer(0, used));
        assertEquals(used, answer.getInt(0));
        assertEquals(
                FakeFrontend.buffer(request.length).put(request).getLong(8), answer.getLong(8));
        return errno(-answer.getInt(4));
    }

    private void request(String name, byte[] request, int room, Consequence expected) {
        add(name, rig -> send(rig, request, room), expected);
    }

    private static Header getattr() {
        return Header.of(GETATTR, 16);
    }

    private void getattr(String name, Header header, Consequence expected) {
        request(name, header.with(GETATTR_ARGUMENTS), OUT_HEADER + 104, expected);
    }

    private void lengths() {
        byte[] whole = getattr().with(GETATTR_ARGUMENTS);
        for (int length : new int[] {1, 7, 8, 16, 39}) {
            request(length + " bytes of a header", Arrays.copyOf(whole, length), 200, UNANSWERED);
        }
        for (int len : new int[] {0, 39, 40, 55, 57, 4096, Integer.MAX_VALUE, -1, 1 << 31}) {
            getattr(
                    "a request of 56 bytes, of " + len + " it says",
                    getattr().len(len),
                    errno(EINVAL));
        }
        request("a header without its arguments", Arrays.copyOf(whole, HEADER), 200, errno(EINVAL));
        request(
                "a megabyte behind the arguments",
                getattr().len(HEADER + (1 << 20)).with(new byte[1 << 20]),
                200,
                SERVED);
    }

    private void opcodes() {
        for (int opcode : new int[] {0, 7, 19, 37, 54, 63, 64, 4095, 4096, 4097, 1 << 30, -1}) {
            getattr("opcode " + opcode, getattr().opcode(opcode), errno(ENOSYS));
        }
        getattr("an opcode of the other byte order", getattr().opcode(INIT_SWAPPED), UNANSWERED);
        getattr(
                "an answer to a question nobody asked",
                getattr().opcode(NOTIFY_REPLY.code),
                UNANSWERED);
        getattr("an interrupt of nothing", getattr().opcode(INTERRUPT.code), UNANSWERED);
    }

    private void ids() {
        for (long unique : new long[] {0, 1, Long.MIN_VALUE, -1}) {
            getattr("request " + unique, getattr().unique(unique), SERVED);
        }
        long[] unknown = {0, 2000, 1L << 32 | 1, 1L << 63 | 1, -1, Long.MAX_VALUE};
        for (long node : unknown) {
            getattr("node " + node, getattr().node(node), errno(ENOENT));
        }
        getattr("a caller without ids, who looks", getattr().caller(-1, -1, -1), SERVED);
        Header mkdir = Header.of(MKDIR, 8 + 2);
        byte[] directory = bytes(0700, 0, "x");
        int room = OUT_HEADER + 128;
        request(
                "no user makes a directory",
                mkdir.caller(-1, 0, 1).with(directory),
                room,
                errno(EOVERFLOW));
        request(
                "no group makes a directory",
                mkdir.caller(0, -1, 1).with(directory),
                room,
                errno(EOVERFLOW));
        add(
                "a node that was forgotten",
                rig -> {
                    rig.fuse().forget(rig.other, 1);
                    return send(rig, getattr().node(rig.other).with(GETATTR_ARGUMENTS), 200);
                },
                errno(ENOENT));
    }

    private void rooms() {
        byte[] whole = getattr().with(GETATTR_ARGUMENTS);
        request("room for nothing", whole, 0, UNANSWERED);
        request("room for 15 bytes", whole, 15, UNANSWERED);
        request("room for an error only", whole, OUT_HEADER, errno(EIO));
        request("room for a byte too little", whole, OUT_HEADER + 103, errno(EIO));
        request("room for a megabyte", whole, 1 << 20, SERVED);
        add(
                "a directory that nobody could hear of",
                rig -> {
                    byte[] mkdir = Header.of(MKDIR, 8 + 5).with(bytes(0700, 0, "deaf"));
                    Consequence consequence = send(rig, mkdir, OUT_HEADER + 127);
                    return java.nio.file.Files.exists(rig.share().resolve("deaf"))
                            ? SERVED
                            : consequence;
                },
                errno(EIO));
    }

    /** A MKDIR with {@code records} at its end, of which the header tells in units of 8 bytes. */
    private void extension(String name, int extlen, byte[] records, Consequence expected) {
        byte[] body = bytes(0700, 0, "ext", records);
        Header header = Header.of(MKDIR, body.length).extlen(extlen);
        request(name, header.with(body), OUT_HEADER + 128, expected);
    }

    private void extensions() {
        getattr("extensions longer than the request", getattr().extlen(0xffff), errno(EINVAL));
        getattr("extensions in place of the arguments", getattr().extlen(1), errno(EINVAL));
        int groups = 32; // fuse.h FUSE_EXT_GROUPS
        byte[] group = bytes(16, groups, 1, 0);
        extension("extensions in place of the name", 2, new byte[12], errno(EINVAL));
        extension("an extension of size 0", 1, bytes(0, groups), errno(EINVAL));
        extension("an extension of size 7", 1, bytes(7, groups), errno(EINVAL));
        extension("an extension of size 12", 2, bytes(12, groups, 0, 0), errno(EINVAL));
        extension("an extension beyond the end", 1, bytes(16, groups), errno(EINVAL));
        extension("an extension of a negative size", 1, bytes(-8, groups), errno(EINVAL));
        extension("a group without its number", 1, bytes(8, groups), errno(EINVAL));
        extension("two groups in one", 2, bytes(16, groups, 2, 0), errno(EINVAL));
        extension("2^32 - 1 groups", 2, bytes(16, groups, -1, 0), errno(EINVAL));
        extension("groups twice", 4, bytes(group, group), errno(EINVAL));
        extension("two security contexts", 2, bytes(16, 2, 0L), errno(EINVAL));
        extension("a security context without a name", 2, bytes(16, 1, 0, 0), errno(EINVAL));
        extension(
                "a security context beyond the end",
                3,
                bytes(24, 1, 99, 0, "user.a", (short) 0),
                errno(EINVAL));
        extension("more extensions than there may be", 0x2100, new byte[0x2100 * 8], errno(E2BIG));
    }

    private static byte[] init(int major, int minor, int flags) {
        byte[] body = bytes(major, minor, 131072, flags, new byte[48]);
        return Header.of(INIT, body.length).node(0).with(body);
    }

    /** What comes of an INIT; another one follows, so that the witness has a session. */
    private void init(String name, byte[] request, Consequence expected) {
        add(
                name,
                rig -> {
                    Consequence consequence = send(rig, request, OUT_HEADER + 64);
                    rig.fuse().init(HostileRig.INIT_FLAGS);
                    return consequence;
                },
                expected);
    }

    private void sessions() {
        init("version 6", init(6, 45, 0), errno(EPROTO));
        init("version 0", init(0, 0, 0), errno(EPROTO));
        init("version 8", init(8, 0, 0), SERVED);
        init("version 2^32 - 1", init(-1, -1, -1), SERVED);
        init("version 7.30", init(7, 30, 0), errno(EPROTO));
        init("version 7.(2^32 - 1)", init(7, -1, 0), errno(EPROTO));
        init("all flags there are", init(7, 45, -1), SERVED);
        init("an INIT of 15 bytes", Header.of(INIT, 15).with(new byte[15]), errno(EINVAL));
        add(
                "a request after the end",
                rig -> {
                    rig.fuse().destroy();
                    byte[] late = getattr().with(GETATTR_ARGUMENTS);
                    Consequence consequence = send(rig, late, OUT_HEADER + 104);
                    rig.fuse().init(HostileRig.INIT_FLAGS);
                    return consequence;
                },
                errno(EIO));
        add(
                "the end, twice",
                rig -> {
                    rig.fuse().destroy();
                    Consequence consequence =
                            send(rig, Header.of(DESTROY, 0).with(new byte[0]), OUT_HEADER);
                    rig.fuse().init(HostileRig.INIT_FLAGS);
                    return consequence;
                },
                errno(EIO));
        add(
                "an unknown request after the end",
                rig -> {
                    rig.fuse().destroy();
                    byte[] unknown = getattr().opcode(99).with(GETATTR_ARGUMENTS);
                    Consequence consequence = send(rig, unknown, OUT_HEADER);
                    rig.fuse().init(HostileRig.INIT_FLAGS);
                    return consequence;
                },
                errno(EIO));
        add(
                "a node and a handle of the session before",
                rig -> {
                    rig.fuse().init(HostileRig.INIT_FLAGS);
                    byte[] read = bytes(rig.fh, 0L, 7, 0, 0L, 0, 0);
                    byte[] request = Header.of(READ, read.length).node(rig.file).with(read);
                    return send(rig, request, OUT_HEADER + 7);
                },
                errno(9));
        add(
                "100 sessions in a row",
                rig -> {
                    for (int i = 0; i < 100; i++) {
                        rig.fuse().init(HostileRig.INIT_FLAGS);
                        rig.fuse().lookup(ROOT, "file");
                    }
                    return SERVED;
                },
                SERVED);
    }

    /** What has no answer, and what it must not have done. */
    private void forgetting() {
        forget("the root forgotten", FORGET, ROOT, bytes(-1L), true);
        forget("a file forgotten 2^64 - 1 times", FORGET, 0, bytes(-1L), false);
        forget("a FORGET without a count", FORGET, 0, new byte[0], true);
        forget("a FORGET of nobody", FORGET, -1, bytes(1L), true);
        forget("-1 nodes forgotten", BATCH_FORGET, 0, bytes(-1, 0), true);
        forget("2 nodes forgotten, of one", BATCH_FORGET, 0, bytes(2, 0, ROOT, 1L), true);
        forget("2^31 - 1 nodes forgotten", BATCH_FORGET, 0, bytes(Integer.MAX_VALUE, 0, 0L), true);
        byte[] many = bytes(65537, 0, new byte[65537 * 16]);
        forget("65,537 nodes forgotten", BATCH_FORGET, 0, many, true);
        add(
                "a lookup that has no room, and is not counted",
                rig -> {
                    byte[] lookup = Header.of(LOOKUP, 6).with(bytes("other"));
                    send(rig, lookup, OUT_HEADER + 127);
                    rig.fuse().forget(rig.other, 1);
                    return send(rig, getattr().node(rig.other).with(GETATTR_ARGUMENTS), 200);
                },
                errno(ENOENT));
    }

    /**
     * Node 0 stands for a file that is known; {@code kept} tells whether it still is afterwards.
     */
    private void forget(String name, FuseOpcode opcode, long node, byte[] body, boolean kept) {
        add(
                name,
                rig -> {
                    long whom = node == 0 && opcode == FORGET ? rig.other : node;
                    Header header = Header.of(opcode, body.length).node(whom);
                    Consequence consequence = send(rig, header.with(body), OUT_HEADER);
                    assertEquals(kept, isKnown(rig, rig.other));
                    return consequence;
                },
                UNANSWERED);
    }

    private static boolean isKnown(HostileRig rig, long node) throws IOException {
        return send(rig, getattr().node(node).with(GETATTR_ARGUMENTS), 200).equals(SERVED);
    }
}
