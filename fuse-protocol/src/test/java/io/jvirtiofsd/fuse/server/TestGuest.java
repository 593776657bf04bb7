package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.FileSystem;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A guest that sends well-formed requests to one worker and checks the form of each answer. */
final class TestGuest {
    static final int ROOM = 4096;

    private final FuseWorker worker;
    private long unique = 2;

    TestGuest(FuseWorker worker) {
        this.worker = worker;
    }

    /** An answer: {@code errno} is 0 or positive; null body for no reply at all. */
    record Answer(int length, int errno, byte[] body) {
        WireReader reader() {
            WireReader reader = new WireReader();
            reader.reset(body, 0, body.length);
            return reader;
        }
    }

    /** A server of {@code fileSystem} with a session begun, and its guest. */
    static TestGuest connected(FileSystem fileSystem) {
        TestGuest guest = new TestGuest(new FuseServer(fileSystem, options()).newWorker());
        assertEquals(0, guest.init().errno());
        return guest;
    }

    static FuseOptions options() {
        return FuseOptions.defaults();
    }

    /** INIT as Linux 7.2 sends it on virtio-fs. */
    Answer init() {
        return init(45, 0x7bff_fffb, 0x5ff);
    }

    Answer init(int minor, int flags, int flags2) {
        return send(Opcode.INIT, 0, bytes(7, minor, 131_072, flags, flags2, new byte[44]));
    }

    /** Sends with {@link #ROOM} bytes of room, or none if the operation has no answer. */
    Answer send(Opcode opcode, long nodeId, byte[] body) {
        return send(opcode, nodeId, body, opcode.reply() == Reply.NONE ? 0 : ROOM);
    }

    Answer send(Opcode opcode, long nodeId, byte[] body, int room) {
        return sendRaw(request(opcode.code(), nodeId, 1000, 1001, 0, body), room);
    }

    Answer sendRaw(byte[] request, int room) {
        HeapWriter writer = new HeapWriter(room);
        int length = worker.handle(new HeapReader(request), writer);
        byte[] reply = writer.bytes();
        if (length == 0) {
            return new Answer(0, 0, null);
        }
        ByteBuffer header = ByteBuffer.wrap(reply).order(ByteOrder.LITTLE_ENDIAN);
        assertTrue(length >= 16 && length <= room, "used length " + length);
        assertEquals(length, header.getInt(0), "out.len");
        int error = header.getInt(4);
        assertTrue(error <= 0 && error > -512, "error " + error);
        assertTrue(error == 0 || length == 16, "an error has no body");
        assertEquals(
                ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).getLong(8),
                header.getLong(8),
                "unique");
        return new Answer(length, -error, Arrays.copyOfRange(reply, 16, length));
    }

    /** A request with a right length. */
    byte[] request(int opcode, long nodeId, int uid, int gid, int totalExtlen, byte[] body) {
        unique += 2;
        return bytes(
                InHeader.BYTES + body.length,
                opcode,
                unique,
                nodeId,
                uid,
                gid,
                4321,
                (short) totalExtlen,
                (short) 0,
                body);
    }

    /** Little-endian bytes of numbers by their type, arrays as they are, strings with a NUL. */
    static byte[] bytes(Object... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (Object part : parts) {
            if (part instanceof byte[] value) {
                out.writeBytes(value);
            } else if (part instanceof String value) {
                out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
                out.write(0);
            } else {
                out.writeBytes(number((Number) part));
            }
        }
        return out.toByteArray();
    }

    private static byte[] number(Number number) {
        int bytes = number instanceof Long ? 8 : number instanceof Integer ? 4 : 2;
        ByteBuffer buffer = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
        return Arrays.copyOf(buffer.putLong(number.longValue()).array(), bytes);
    }
}
