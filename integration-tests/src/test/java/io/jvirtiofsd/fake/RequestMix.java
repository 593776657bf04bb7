package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;

/**
 * What a guest's kernel asks for when it is busy, and, each fourth time, what only a broken or
 * hostile one asks for; in buffers cut in many ways. Owned by the thread of one queue.
 *
 * <p>Answers begin in the first region of the memory; the rest may lie in the second, which may be
 * taken away, so that a good request fails with EIO then. <i>Confined to its thread.</i>
 */
final class RequestMix {
    /** Bytes of the file, of one READ and one WRITE: byte i is {@link #content}(i). */
    static final int FILE_BYTES = 4096;

    private static final int LOOKUP = 1;
    private static final int FORGET = 2;
    private static final int GETATTR = 3;
    private static final int READ = 15;
    private static final int WRITE = 16;
    private static final int STATFS = 17;
    private static final int BATCH_FORGET = 42;
    private static final int EIO = 5;
    private static final int IN_HEADER = 40;
    private static final int OUT_HEADER = 16;
    private static final int RANDOM_BYTES = 160;
    private static final long UNKNOWN = 0x7777_7777_7777L;
    private static final long NO_MEMORY_GPA = 1L << 40;
    private static final int NEXT = 1; // virtio 1.3, 2.7.5

    /** What may come of a request. */
    private enum Outcome {
        SUCCESS,
        ERROR,
        NONE
    }

    /**
     * A request as it is sent, but for its id.
     *
     * @param room bytes of its writable part
     * @param cut whether its buffers may be cut and spread over both regions
     */
    private record Kind(byte[] bytes, int room, Outcome outcome, boolean cut) {}

    private final Random random;
    private final Kind[] good;
    private final Kind[] bad;
    private final Kind strayBuffer;
    private final Kind[] sent;
    private final boolean[] spread;
    private final long[] ids;
    private final byte[] content = new byte[FILE_BYTES];
    private long unique;
    private long malformed;
    private long unreachable;

    /** For a queue of {@code slots} slots and a file of {@link #FILE_BYTES} with this name. */
    RequestMix(int slots, long node, long fh, String name, long seed) {
        random = new Random(seed);
        sent = new Kind[slots];
        spread = new boolean[slots];
        ids = new long[slots];
        for (int i = 0; i < FILE_BYTES; i++) {
            content[i] = content(i);
        }
        ByteBuffer read = FakeFrontend.buffer(40).putLong(fh).putLong(0).putInt(FILE_BYTES);
        ByteBuffer write = FakeFrontend.buffer(40 + FILE_BYTES).putLong(fh).putLong(0);
        write.putInt(FILE_BYTES).position(40).put(content);
        byte[] getattr = request(GETATTR, node, new byte[16]);
        good =
                new Kind[] {
                    good(getattr, 104),
                    good(getattr, 104),
                    good(request(LOOKUP, FuseClient.ROOT, cString(name)), 128),
                    good(request(READ, node, read.array()), FILE_BYTES),
                    good(request(WRITE, node, write.array()), 8),
                    good(request(STATFS, node, new byte[0]), 80),
                };
        byte[] lying = getattr.clone();
        lying[0]++;
        byte[] otherFile = read.putLong(0, UNKNOWN).array();
        byte[] tooMuch = write.putInt(16, FILE_BYTES + 1).array();
        byte[] manyItems = FakeFrontend.buffer(24).putInt(1000).array();
        bad =
                new Kind[] {
                    bad(lying),
                    bad(request(999, node, new byte[16])),
                    bad(request(0, node, new byte[0])),
                    bad(request(GETATTR, node, new byte[8])),
                    bad(request(GETATTR, UNKNOWN, new byte[16])),
                    bad(request(READ, node, otherFile)),
                    bad(request(WRITE, node, tooMuch)),
                    bad(request(LOOKUP, FuseClient.ROOT, new byte[] {'f'})),
                    bad(request(LOOKUP, FuseClient.ROOT, cString("a/b"))),
                    bad(request(LOOKUP, FuseClient.ROOT, cString("n".repeat(300)))),
                    bad(new byte[RANDOM_BYTES]),
                    new Kind(getattr, OUT_HEADER + 103, Outcome.ERROR, true),
                    new Kind(getattr, OUT_HEADER - 1, Outcome.NONE, false),
                    new Kind(getattr, 0, Outcome.NONE, false),
                    new Kind(new byte[IN_HEADER - 1], 200, Outcome.NONE, false),
                    new Kind(request(FORGET, UNKNOWN, new byte[8]), 0, Outcome.NONE, true),
                    new Kind(request(BATCH_FORGET, 0, manyItems), 0, Outcome.NONE, true),
                };
        strayBuffer = new Kind(getattr, OUT_HEADER + 104, Outcome.ERROR, false);
    }

    private static byte content(int at) {
        return (byte) (at * 7 + (at >> 8));
    }

    /** The file's content. */
    byte[] content() {
        return content;
    }

    private static Kind good(byte[] bytes, int answerBytes) {
        return new Kind(bytes, OUT_HEADER + answerBytes, Outcome.SUCCESS, true);
    }

    private static Kind bad(byte[] bytes) {
        return new Kind(bytes, OUT_HEADER + 200, Outcome.ERROR, true);
    }

    private static byte[] request(int opcode, long node, byte[] arguments) {
        int length = IN_HEADER + arguments.length;
        ByteBuffer request = FakeFrontend.buffer(length).putInt(length).putInt(opcode);
        request.putLong(0).putLong(node).position(IN_HEADER);
        return request.put(arguments).array();
    }

    private static byte[] cString(String text) {
        return (text + "\0").getBytes(StandardCharsets.UTF_8);
    }

    /** Puts some request into {@code slot} of {@code queue}; the head of its chain. */
    int put(FakeDriver queue, int slot) {
        boolean isBad = random.nextInt(4) == 0;
        Kind[] kinds = isBad ? bad : good;
        int choice = random.nextInt(isBad ? kinds.length + 1 : kinds.length);
        Kind kind = choice == kinds.length ? strayBuffer : kinds[choice];
        if (isBad) {
            malformed++;
        }
        if (kind.bytes.length == RANDOM_BYTES) {
            random.nextBytes(kind.bytes);
        }
        unique += 2;
        ByteBuffer.wrap(kind.bytes).putLong(8, Long.reverseBytes(unique));
        sent[slot] = kind;
        ids[slot] = unique;
        cut(queue, slot, kind);
        int head = queue.prepare(slot, kind.bytes, kind.bytes.length, kind.room);
        if (kind == strayBuffer) {
            int arguments = queue.descriptorsOffset() + 16 * (head + 1);
            queue.put(arguments, NO_MEMORY_GPA, 16, NEXT, head + 2);
            queue.redescribed(slot);
        }
        return head;
    }

    private void cut(FakeDriver queue, int slot, Kind kind) {
        if (!kind.cut) {
            spread[slot] = false;
            queue.spread(false).indirect(false).pieces(kind == strayBuffer ? IN_HEADER : 1024);
            return;
        }
        int rarelyIfLarge = kind.bytes.length + kind.room > 1024 ? 32 : 3;
        boolean fine = random.nextInt(rarelyIfLarge) == 0;
        spread[slot] = random.nextBoolean();
        queue.spread(spread[slot])
                .pieces(fine ? IN_HEADER : random.nextBoolean() ? 1024 : 1 << 20)
                .indirect(fine || random.nextBoolean());
    }

    /** Checks the answer of {@code used} bytes in {@code slot}. */
    void check(FakeDriver queue, int slot, int used) {
        Kind kind = sent[slot];
        if (kind.outcome == Outcome.NONE) {
            require(used == 0, kind, "is answered by " + used + " bytes");
            return;
        }
        require(used >= OUT_HEADER && used <= kind.room, kind, "is answered by " + used);
        ByteBuffer answer = FakeFrontend.buffer(used).put(queue.answer(slot, used));
        int error = answer.getInt(4);
        require(answer.getInt(0) == used, kind, "has a length of " + answer.getInt(0));
        boolean unread = spread[slot] && error == -EIO; // with a header that cannot be read
        require(answer.getLong(8) == ids[slot] || unread, kind, "has id " + answer.getLong(8));
        if (kind.outcome == Outcome.ERROR) {
            require(used == OUT_HEADER && error < 0 && error > -512, kind, "has error " + error);
        } else if (error == 0) {
            require(used == kind.room, kind, "is answered by " + used);
            checkBody(kind, answer);
        } else {
            require(spread[slot] && error == -EIO, kind, "has error " + error);
            unreachable++;
        }
    }

    private void checkBody(Kind kind, ByteBuffer answer) {
        if (kind.room == OUT_HEADER + FILE_BYTES) {
            boolean same =
                    Arrays.equals(
                            answer.array(), OUT_HEADER, kind.room, content, 0, content.length);
            require(same, kind, "has other data");
        } else if (kind.room == OUT_HEADER + 8) {
            require(answer.getInt(OUT_HEADER) == FILE_BYTES, kind, "has written less");
        }
    }

    private static void require(boolean condition, Kind kind, String otherwise) {
        if (!condition) {
            throw new IllegalStateException(
                    "request of %d bytes with opcode %d %s"
                            .formatted(kind.bytes.length, kind.bytes[4] & 0xff, otherwise));
        }
    }

    /** Requests so far that no kernel makes. */
    long malformed() {
        return malformed;
    }

    /** Good requests so far that failed, as a part of them was not in memory. */
    long unreachable() {
        return unreachable;
    }
}
