package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Name;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import org.junit.jupiter.api.Test;

/**
 * Whatever a guest sends, nothing is thrown, nothing is written beyond the room, the length told is
 * the length written, and the fault is never the server's own.
 */
class HostileRequestTest {
    private static final String SEED = "4711";

    /** Characters traced so far: tracing must stand hostile requests too. */
    private long traced;

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final FuseServer server =
            new FuseServer(
                    files.fileSystem(),
                    FuseOptions.defaults().withTrace(line -> traced += line.length()));
    private final TestGuest guest = new TestGuest(server.newWorker());

    /** A good body of each operation that has a handler and any bytes at all. */
    private static final Map<Opcode, byte[]> GOOD =
            Map.ofEntries(
                    Map.entry(Opcode.LOOKUP, bytes("name")),
                    Map.entry(Opcode.FORGET, bytes(1L)),
                    Map.entry(Opcode.GETATTR, bytes(1, 0, 91L)),
                    Map.entry(Opcode.SETATTR, new byte[88]),
                    Map.entry(Opcode.SYMLINK, bytes("name", "to/target")),
                    Map.entry(Opcode.MKNOD, bytes(0100644, 0, 022, 0, "name")),
                    Map.entry(Opcode.MKDIR, bytes(0755, 022, "name")),
                    Map.entry(Opcode.UNLINK, bytes("name")),
                    Map.entry(Opcode.RMDIR, bytes("name")),
                    Map.entry(Opcode.RENAME, bytes(4L, "old", "new")),
                    Map.entry(Opcode.LINK, bytes(5L, "name")),
                    Map.entry(Opcode.OPEN, bytes(2, 0)),
                    Map.entry(Opcode.READ, bytes(91L, 0L, 4096, 0, 0L, 0, 0)),
                    Map.entry(Opcode.WRITE, bytes(91L, 0L, 4, 0, 0L, 0, 0, "data".getBytes())),
                    Map.entry(Opcode.RELEASE, new byte[24]),
                    Map.entry(Opcode.FSYNC, new byte[16]),
                    Map.entry(Opcode.SETXATTR, bytes(4, 0, 0, 0, "user.a", "data".getBytes())),
                    Map.entry(Opcode.GETXATTR, bytes(100, 0, "user.a")),
                    Map.entry(Opcode.LISTXATTR, bytes(100, 0)),
                    Map.entry(Opcode.REMOVEXATTR, bytes("user.a")),
                    Map.entry(Opcode.FLUSH, new byte[24]),
                    Map.entry(Opcode.INIT, bytes(7, 45, 131_072, -1, -1, new byte[44])),
                    Map.entry(Opcode.OPENDIR, bytes(0, 0)),
                    Map.entry(Opcode.READDIR, bytes(92L, 0L, 4096, 0, 0L, 0, 0)),
                    Map.entry(Opcode.RELEASEDIR, new byte[24]),
                    Map.entry(Opcode.FSYNCDIR, new byte[16]),
                    Map.entry(Opcode.ACCESS, bytes(4, 0)),
                    Map.entry(Opcode.CREATE, bytes(2, 0100644, 022, 0, "name")),
                    Map.entry(Opcode.INTERRUPT, bytes(2L)),
                    Map.entry(Opcode.BATCH_FORGET, bytes(2, 0, 5L, 1L, 6L, 1L)),
                    Map.entry(Opcode.FALLOCATE, bytes(91L, 0L, 4096L, 0, 0)),
                    Map.entry(Opcode.READDIRPLUS, bytes(92L, 0L, 4096, 0, 0L, 0, 0)),
                    Map.entry(Opcode.IOCTL, bytes(91L, 0, 0x4008_6602, 0L, 4, 0, 0)),
                    Map.entry(Opcode.POLL, bytes(91L, 0L, 0, 5)),
                    Map.entry(Opcode.SYNCFS, bytes(0L)),
                    Map.entry(Opcode.TMPFILE, bytes(2, 0100644, 022, 0, "/")),
                    Map.entry(Opcode.STATX, bytes(0, 0, 91L, 0, 0xfff)),
                    Map.entry(Opcode.COPY_FILE_RANGE_64, bytes(91L, 0L, 4L, 92L, 0L, 10L, 0L)),
                    Map.entry(Opcode.RENAME2, bytes(4L, 1, 0, "old", "new")),
                    Map.entry(Opcode.LSEEK, bytes(91L, 0L, 3, 0)),
                    Map.entry(Opcode.COPY_FILE_RANGE, bytes(91L, 0L, 4L, 92L, 0L, 10L, 0L)));

    HostileRequestTest() {
        files.answer("readdir", arguments -> listing((DirectorySink) arguments[4]));
        guest.init();
    }

    private static Object listing(DirectorySink sink) {
        Name name = Name.of("an-entry".getBytes());
        for (int i = 1; sink.add(i, i, 8, name); i++) {}
        return null;
    }

    /** Sends, and checks that whatever came of it was nobody's bug. */
    private void send(byte[] request, int room) {
        guest.sendRaw(request, room);
        assertEquals(0, server.statistics().stream().mapToLong(OperationCounts::bugs).sum());
        files.calls();
        if (server.current() == null) {
            guest.init();
        }
    }

    private static void putLen(byte[] request, int len) {
        System.arraycopy(bytes(len), 0, request, 0, Math.min(4, request.length));
    }

    @Test
    void everyOperationCutAtEveryLength() {
        for (Opcode opcode : Opcode.values()) {
            byte[] good = GOOD.getOrDefault(opcode, new byte[0]);
            byte[] request = guest.request(opcode.code(), 1, 0, 0, 0, good);
            for (int length = 0; length <= request.length; length++) {
                byte[] cut = Arrays.copyOf(request, length);
                send(cut.clone(), 4096);
                putLen(cut, length);
                send(cut, 4096);
            }
        }
    }

    @Test
    void everyOperationWithEveryRoom() {
        for (Opcode opcode : Opcode.values()) {
            byte[] good = GOOD.getOrDefault(opcode, new byte[0]);
            for (int room = 0; room <= 200; room++) {
                send(guest.request(opcode.code(), 1, 0, 0, 0, good), room);
            }
        }
    }

    @Test
    void everyByteOfEveryOperationReplaced() {
        for (Opcode opcode : Opcode.values()) {
            byte[] good = GOOD.getOrDefault(opcode, new byte[0]);
            byte[] request = guest.request(opcode.code(), 1, 0, 0, 0, good);
            for (int at = 0; at < request.length; at++) {
                for (byte value : new byte[] {0, 1, '/', 0x7f, (byte) 0x80, (byte) 0xff}) {
                    byte[] changed = request.clone();
                    changed[at] = value;
                    send(changed, 4096);
                }
            }
        }
    }

    @Property(tries = 5000, seed = SEED)
    void anyBytes(@ForAll("requests") byte[] request, @ForAll("rooms") int room) {
        send(request, room);
    }

    /** Mostly known opcodes and right lengths, so that the handlers are reached. */
    @Provide
    Arbitrary<byte[]> requests() {
        Arbitrary<Integer> opcodes =
                Arbitraries.frequencyOf(
                        Tuple.of(9, Arbitraries.of(Opcode.class).map(Opcode::code)),
                        Tuple.of(1, Arbitraries.integers()));
        Arbitrary<byte[]> bodies =
                Arbitraries.bytes().array(byte[].class).ofMinSize(0).ofMaxSize(400);
        Arbitrary<Integer> lies = Arbitraries.integers().between(0, 9);
        return Combinators.combine(opcodes, bodies, lies, Arbitraries.longs())
                .as(HostileRequestTest::request);
    }

    private static byte[] request(int opcode, byte[] body, int lie, long seed) {
        Random random = new Random(seed);
        int len = InHeader.BYTES + body.length;
        return bytes(
                lie == 0 ? random.nextInt() : len,
                opcode,
                random.nextLong(),
                random.nextLong(),
                random.nextInt(),
                random.nextInt(),
                random.nextInt(),
                (short) (lie == 1 ? random.nextInt() : random.nextInt(4) / 3),
                (short) 0,
                body);
    }

    @Provide
    Arbitrary<Integer> rooms() {
        return Arbitraries.frequencyOf(
                Tuple.of(1, Arbitraries.integers().between(0, 200)),
                Tuple.of(1, Arbitraries.integers().between(200, 5000)));
    }
}
