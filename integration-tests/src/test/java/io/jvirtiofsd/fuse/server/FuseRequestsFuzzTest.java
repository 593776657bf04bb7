package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuzz.ErrorLog;
import io.jvirtiofsd.fuzz.Fuzzer;
import io.jvirtiofsd.fuzz.RequestSequence;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Whatever requests a guest sends, each gets the answer that its opcode demands, which fits its
 * room, and none meets a fault of the server's own. The file system behind answers as told.
 *
 * <p>An input is a byte of settings (1: no INIT comes before; 2: with a trace), and a {@link
 * RequestSequence}.
 */
public class FuseRequestsFuzzTest {
    private static final RecordingFileSystem FILES = new RecordingFileSystem();
    private static final int NO_INIT = 1;
    private static final int TRACE = 2;

    private static final FuseServer SERVER = new FuseServer(FILES.fileSystem(), options());
    private static final TestGuest GUEST = new TestGuest(SERVER.newWorker());
    private static final FuseServer TRACING =
            new FuseServer(FILES.fileSystem(), options().withTrace(String::length));
    private static final TestGuest TRACED = new TestGuest(TRACING.newWorker());

    static {
        FILES.answer("readdir", arguments -> list((DirectorySink) arguments[4]));
        FILES.answer("mapsFiles", arguments -> true);
        FILES.answer("listsByNode", arguments -> false);
        FILES.answer("findsForgotten", arguments -> true);
        FILES.answer("find", arguments -> FakeEntry.of(5, 0100644));
        FILES.answer("parent", arguments -> FakeEntry.of(1, 0040755));
        FILES.answer("getlk", arguments -> FileLock.WHOLE_FILE_UNLOCKED);
        FILES.answer("setlkw", arguments -> Optional.empty());
    }

    private static FuseOptions options() {
        FuseOptions options =
                FuseOptions.defaults()
                        .withPosixAcl(FeatureMode.AUTO)
                        .withSecurityLabel(FeatureMode.AUTO);
        for (Feature feature : Feature.values()) {
            options = options.with(feature, true);
        }
        return options;
    }

    private static Object list(DirectorySink sink) {
        Name name = Name.of("an-entry".getBytes());
        for (int i = 1; sink.add(i, i, 8, name); i++) {}
        return null;
    }

    /** For Jazzer, before the first input. */
    public static void fuzzerInitialize() {
        ErrorLog.watch();
    }

    /** For Jazzer. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) {
            return;
        }
        boolean traced = (input[0] & TRACE) != 0;
        TestGuest guest = traced ? TRACED : GUEST;
        if ((input[0] & NO_INIT) == 0) {
            guest.init();
        }
        RequestSequence requests = new RequestSequence(input, 1);
        while (requests.next()) {
            send(guest, requests.request(), requests.room());
        }
        (traced ? TRACING : SERVER).reset();
        FILES.calls();
        ErrorLog.check();
    }

    private static void send(TestGuest guest, byte[] request, int room) {
        int opcode =
                request.length < InHeader.BYTES
                        ? Opcode.INIT_SWAPPED
                        : ByteBuffer.wrap(request).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
        Opcode row = Opcode.of(opcode);
        boolean answered = opcode != Opcode.INIT_SWAPPED && room >= Request.OUT_HEADER_BYTES;
        if (row != null && row.reply() == Reply.NONE) {
            answered = false;
        }
        assertEquals(answered, guest.sendRaw(request, room).length() > 0);
    }

    @Test
    void everyRequestGetsItsAnswer() throws Exception {
        Fuzzer.run(FuseRequestsFuzzTest.class, "requests");
    }
}
