package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every request goes through, whatever it asks for. */
class FuseWorkerTest {
    private static final int EXTENSION_BYTES = 8;

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final FuseServer server = new FuseServer(files.fileSystem(), FuseOptions.defaults());
    private final FuseWorker worker = server.newWorker();
    private final TestGuest guest = new TestGuest(worker);

    @BeforeEach
    void begin() {
        guest.init();
        files.calls();
    }

    private int errnoOf(byte[] request) {
        return guest.sendRaw(request, TestGuest.ROOM).errno();
    }

    private byte[] lookup(String name) {
        return guest.request(Opcode.LOOKUP.code(), 1, 0, 0, 0, bytes(name));
    }

    @Test
    void lessThanAHeaderGetsNothing() {
        for (int length = 0; length < InHeader.BYTES; length++) {
            byte[] piece = Arrays.copyOf(lookup("x"), length);
            assertNull(guest.sendRaw(piece, TestGuest.ROOM).body());
        }
    }

    @Test
    void lengthThatIsNotTheReadableBytesRepliesEinval() {
        for (int len : new int[] {0, 40, 41, 43, Integer.MAX_VALUE, -1}) {
            byte[] request = lookup("x");
            System.arraycopy(bytes(len), 0, request, 0, 4);
            assertEquals(Errno.EINVAL, errnoOf(request), "len " + len);
        }
        assertEquals(List.of(), files.calls());
    }

    @Test
    void everythingButInitRepliesEioBeforeInit() {
        server.reset();
        files.calls();
        for (Opcode opcode : Opcode.values()) {
            if (opcode != Opcode.INIT && opcode.reply() != Reply.NONE) {
                assertEquals(Errno.EIO, guest.send(opcode, 1, new byte[200]).errno());
            }
        }
        assertEquals(Errno.EIO, errnoOf(guest.request(7, 1, 0, 0, 0, bytes())));
        assertEquals(List.of(), files.calls());
    }

    @Test
    void unknownOpcodesReplyEnosys() {
        for (int code : new int[] {0, 7, 19, 54, 63, 64, 4096, 4097, -1}) {
            byte[] request = guest.request(code, 1, 0, 0, 0, bytes());
            assertEquals(Errno.ENOSYS, errnoOf(request), "opcode " + code);
        }
    }

    @Test
    void initOfTheOtherByteOrderGetsNothing() {
        byte[] request = guest.request(Opcode.INIT_SWAPPED, 0, 0, 0, 0, new byte[64]);
        assertNull(guest.sendRaw(request, TestGuest.ROOM).body());
    }

    @Test
    void nothingRunsWhoseAnswerDoesNotFit() {
        byte[] arguments = bytes(0040755, 022, "dir");
        for (int room = 0; room < 16; room++) {
            assertNull(guest.send(Opcode.MKDIR, 1, arguments, room).body());
        }
        for (int room = 16; room < 16 + EntryOut.BYTES; room++) {
            assertEquals(Errno.EIO, guest.send(Opcode.MKDIR, 1, arguments, room).errno());
        }
        assertEquals(List.of(), files.calls());
        int exact = 16 + EntryOut.BYTES;
        assertEquals(exact, guest.send(Opcode.MKDIR, 1, arguments, exact).length());
    }

    @Test
    void requestsWithoutReplyNeverGetOne() {
        for (Opcode opcode : Opcode.values()) {
            if (opcode.reply() == Reply.NONE) {
                for (int bytes = 0; bytes < 64; bytes++) {
                    assertNull(guest.send(opcode, 1, new byte[bytes], 4096).body());
                }
            }
        }
    }

    @Test
    void tooFewArgumentsReplyEinval() {
        for (Opcode opcode : Opcode.values()) {
            int tooFew = opcode.argumentBytes() - 1;
            if (tooFew >= 0 && opcode.reply() != Reply.NONE) {
                int errno = guest.send(opcode, 1, new byte[tooFew]).errno();
                assertEquals(Errno.EINVAL, errno, opcode.name());
            }
        }
        assertEquals(List.of(), files.calls());
    }

    @Test
    void extensionsAreNoPartOfTheArguments() {
        byte[] body = bytes("name", new byte[EXTENSION_BYTES]);
        byte[] request = guest.request(Opcode.RMDIR.code(), 1, 0, 0, 1, body);
        assertEquals(0, errnoOf(request));
        assertEquals(List.of("rmdir(1, name)"), files.calls());
        byte[] data = bytes(91L, 0L, 4, 0, 0L, 0, 0, "data".getBytes(), 0L);
        assertEquals(0, errnoOf(guest.request(Opcode.WRITE.code(), 1, 0, 0, 1, data)));
        assertEquals(List.of("write(1, 91, 0, 0, 0, 4 bytes)"), files.calls());
    }

    @Test
    void extensionsLongerThanTheArgumentsReplyEinval() {
        byte[] body = bytes("name");
        for (int extlen : new int[] {1, 2, 0x7fff, 0xffff}) {
            byte[] request = guest.request(Opcode.RMDIR.code(), 1, 0, 0, extlen, body);
            assertEquals(Errno.EINVAL, errnoOf(request));
        }
    }

    @Test
    void extensionLengthIsPaddingBefore738() {
        guest.init(37, 0x7bff_fffb, 0);
        byte[] request = guest.request(Opcode.RMDIR.code(), 1, 0, 0, 9, bytes("name"));
        assertEquals(0, errnoOf(request));
    }

    @Test
    void errorsHaveNoBody() {
        files.fail("lookup", Errno.EACCES);
        TestGuest.Answer answer = guest.sendRaw(lookup("x"), TestGuest.ROOM);
        assertEquals(16, answer.length());
        assertEquals(Errno.EACCES, answer.errno());
    }

    @Test
    void unexpectedExceptionsReplyEioAndAreCounted() {
        for (Throwable thrown :
                List.of(
                        new IllegalStateException("on purpose"),
                        new AssertionError("on purpose"),
                        new NoClassDefFoundError("on purpose"),
                        new InternalError("as after SIGBUS"))) {
            files.answer(
                    "getattr",
                    arguments -> {
                        throw thrown;
                    });
            assertEquals(Errno.EIO, guest.send(Opcode.GETATTR, 1, bytes(0, 0, 0L)).errno());
        }
        OperationCounts counts =
                server.statistics().stream()
                        .filter(count -> count.operation().equals("GETATTR"))
                        .findFirst()
                        .orElseThrow();
        assertEquals(new OperationCounts("GETATTR", 4, 4, 4), counts);
    }

    @Test
    void lackOfMemoryIsOneRequestsEnomem() {
        files.answer(
                "getattr",
                arguments -> {
                    throw new OutOfMemoryError("on purpose");
                });
        assertEquals(Errno.ENOMEM, guest.send(Opcode.GETATTR, 1, bytes(0, 0, 0L)).errno());
    }

    @Test
    void noErrorOfTheMachineLeavesARequestUnanswered() {
        for (Error thrown : new Error[] {new StackOverflowError(), new UnknownError()}) {
            files.answer(
                    "getattr",
                    arguments -> {
                        throw thrown;
                    });
            assertEquals(Errno.EIO, guest.send(Opcode.GETATTR, 1, bytes(0, 0, 0L)).errno());
        }
    }

    @Test
    void guestMemoryOutOfReachGetsNothing() {
        RequestReader broken =
                new RequestReader() {
                    @Override
                    public int remaining() {
                        return 64;
                    }

                    @Override
                    public void read(byte[] target, int at, int length) {
                        throw new InternalError("as after SIGBUS");
                    }

                    @Override
                    public GuestData data(int size) {
                        throw new AssertionError();
                    }
                };
        assertEquals(0, worker.handle(broken, new HeapWriter(100)));
    }

    @Test
    void replyMemoryOutOfReachGetsNothing() {
        ReplyWriter broken =
                new ReplyWriter() {
                    @Override
                    public int capacity() {
                        return 4096;
                    }

                    @Override
                    public void write(int position, byte[] source, int at, int length) {
                        throw new InternalError("as after SIGBUS");
                    }

                    @Override
                    public GuestData data(int position, int size) {
                        throw new AssertionError();
                    }
                };
        assertEquals(0, worker.handle(new HeapReader(lookup("x")), broken));
    }

    @Test
    void requestsAndErrorsAreCountedPerOperation() {
        guest.send(Opcode.RMDIR, 1, bytes("dir"));
        guest.send(Opcode.RMDIR, 1, bytes(""));
        guest.send(Opcode.FORGET, 1, bytes(1L));
        guest.sendRaw(guest.request(63, 1, 0, 0, 0, bytes()), TestGuest.ROOM);
        List<OperationCounts> counts = server.statistics();
        assertEquals(
                List.of(
                        new OperationCounts("FORGET", 1, 0, 0),
                        new OperationCounts("RMDIR", 2, 1, 0),
                        new OperationCounts("INIT", 1, 0, 0),
                        new OperationCounts("UNKNOWN", 1, 1, 0)),
                counts);
    }

    @Test
    void uniqueIsEchoedUnchangedWithAllBits() {
        byte[] request = lookup("x");
        Arrays.fill(request, 8, 16, (byte) 0xff);
        assertTrue(guest.sendRaw(request, TestGuest.ROOM).length() > 16); // checks unique
    }
}
