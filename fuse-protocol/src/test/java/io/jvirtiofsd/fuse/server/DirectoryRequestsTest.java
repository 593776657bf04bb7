package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** READDIR and READDIRPLUS answer whole records, and every lookup counted is one delivered. */
class DirectoryRequestsTest {
    private final RecordingFileSystem files = new RecordingFileSystem();
    private final TestGuest guest = TestGuest.connected(files.fileSystem());

    /** What the file system does with the sink. */
    private interface Listing {
        void into(DirectorySink sink) throws Throwable;
    }

    @BeforeEach
    void forgetInit() {
        files.calls();
    }

    private TestGuest.Answer list(Opcode opcode, int size, Listing listing) {
        return list(opcode, size, TestGuest.ROOM, listing);
    }

    private TestGuest.Answer list(Opcode opcode, int size, int room, Listing listing) {
        files.answer(
                "readdir",
                arguments -> {
                    listing.into((DirectorySink) arguments[4]);
                    return null;
                });
        return guest.send(opcode, 3, bytes(92L, 7L, size, 0, 0L, 0, 0), room);
    }

    private static Name name(String text) {
        return Name.of(text.getBytes());
    }

    /** Names in the body of a READDIR answer. */
    private static List<String> names(byte[] body) {
        List<String> names = new ArrayList<>();
        WireReader in = new WireReader();
        in.reset(body, 0, body.length);
        while (in.remaining() > 0) {
            in.skip(16); // ino, off
            byte[] name = new byte[in.u32()];
            in.skip(4); // type
            int at = body.length - in.remaining();
            System.arraycopy(body, at, name, 0, name.length);
            in.skip((name.length + 7) & -8);
            names.add(new String(name));
        }
        return names;
    }

    @Test
    void readdirPassesPositionAndKind() {
        list(Opcode.READDIR, 100, sink -> {});
        list(Opcode.READDIRPLUS, 100, sink -> {});
        assertEquals(
                List.of("readdir(3, 92, 7, false, sink)", "readdir(3, 92, 7, true, sink)"),
                files.calls());
    }

    @Test
    void endOfDirectoryIsAnEmptyAnswer() {
        TestGuest.Answer answer = list(Opcode.READDIR, 100, sink -> {});
        assertEquals(0, answer.errno());
        assertEquals(16, answer.length());
    }

    @Test
    void recordsArePaddedToEightBytes() {
        TestGuest.Answer answer =
                list(
                        Opcode.READDIR,
                        4096,
                        sink -> {
                            sink.add(11, 1, 4, name("."));
                            sink.add(12, 2, 8, name("eightlen"));
                            sink.add(13, 3, 8, name("nine-long"));
                        });
        assertEquals(32 + 32 + 40, answer.body().length);
        assertEquals(List.of(".", "eightlen", "nine-long"), names(answer.body()));
    }

    @Test
    void nothingIsAddedBeyondTheSizeAskedFor() {
        List<Boolean> added = new ArrayList<>();
        TestGuest.Answer answer =
                list(
                        Opcode.READDIR,
                        64,
                        sink -> {
                            for (int i = 1; i <= 3; i++) {
                                added.add(sink.add(10 + i, i, 8, name("n" + i)));
                            }
                            added.add(sink.fits(1));
                        });
        assertEquals(List.of(true, true, false, false), added);
        assertEquals(64, answer.body().length);
    }

    @Test
    void sizesBeyondRoomAndBeyondTwoGibAreCut() {
        for (int size : new int[] {Integer.MAX_VALUE, -1, Integer.MIN_VALUE}) {
            TestGuest.Answer answer =
                    list(
                            Opcode.READDIR,
                            size,
                            300 << 10,
                            sink -> {
                                for (int i = 1; sink.add(i, i, 8, name("entry")); i++) {}
                            });
            assertEquals(Request.MAX_READDIR_BYTES, answer.body().length);
            answer =
                    list(
                            Opcode.READDIR,
                            size,
                            16 + 70,
                            sink -> {
                                for (int i = 1; sink.add(i, i, 8, name("entry")); i++) {}
                            });
            assertEquals(64, answer.body().length);
        }
    }

    @Test
    void firstEntryThatDoesNotFitRepliesEinval() {
        for (int size : new int[] {0, 1, 31}) {
            TestGuest.Answer answer =
                    list(Opcode.READDIR, size, sink -> sink.add(11, 1, 4, name(".")));
            assertEquals(Errno.EINVAL, answer.errno());
        }
    }

    @Test
    void plusCarriesEntriesAndPlainNames() {
        TestGuest.Answer answer =
                list(
                        Opcode.READDIRPLUS,
                        4096,
                        sink -> {
                            sink.add(11, 1, 4, name("."));
                            sink.add(FakeEntry.of(5, 0100644), 2, name("file"));
                        });
        assertEquals(2 * 160, answer.body().length);
        WireReader in = answer.reader();
        assertEquals(0, EntryOut.read(in).nodeid());
        in.skip(32);
        EntryOut entry = EntryOut.read(in);
        assertEquals(5, entry.nodeid());
        assertEquals(101, in.u64()); // ino of the attributes
    }

    @Test
    void entriesBeforeAnErrorAreDelivered() {
        Listing failing =
                sink -> {
                    sink.add(FakeEntry.of(5, 0100644), 1, name("file"));
                    throw ErrnoException.of(Errno.EIO);
                };
        TestGuest.Answer answer = list(Opcode.READDIRPLUS, 4096, failing);
        assertEquals(0, answer.errno());
        assertEquals(160, answer.body().length);
    }

    @Test
    void errorWithoutEntriesIsTheAnswer() {
        TestGuest.Answer answer =
                list(
                        Opcode.READDIRPLUS,
                        4096,
                        sink -> {
                            throw ErrnoException.of(Errno.EBADF);
                        });
        assertEquals(Errno.EBADF, answer.errno());
    }

    @Test
    void lookupsOfEntriesThatAreNotDeliveredAreTakenBack() {
        Listing failing =
                sink -> {
                    sink.add(FakeEntry.of(5, 0100644), 1, name("first"));
                    sink.add(11, 2, 4, name("not-counted"));
                    sink.add(FakeEntry.of(6, 0100644), 3, name("second-and-longer"));
                    throw new IllegalStateException("on purpose");
                };
        assertEquals(Errno.EIO, list(Opcode.READDIRPLUS, 4096, failing).errno());
        List<String> calls = files.calls();
        assertEquals(List.of("forget(5, 1)", "forget(6, 1)"), calls.subList(1, 3));
    }

    @Test
    void entryWithoutTypeIsABug() {
        Listing wrong = sink -> sink.add(FakeEntry.of(5, 0644), 1, name("file"));
        assertEquals(Errno.EIO, list(Opcode.READDIRPLUS, 4096, wrong).errno());
        assertEquals("forget(5, 1)", files.calls().get(1)); // the guest has not heard of it
    }
}
