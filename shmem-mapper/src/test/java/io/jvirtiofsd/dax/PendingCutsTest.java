package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.BlockedCall.Numbers;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.FileId;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of 1000 bytes, which the guest or a program of the host is about to cut. */
class PendingCutsTest {
    private static final int THREAD = (int) ProcessHandle.current().pid();
    private static final FileId FILE = new FileId(1, 2);
    private static final FileId OTHER = new FileId(1, 3);
    private static final long SIZE = 1000;
    private static final String PROGRAM = " 0x7ffc00000000 0x7f0000001234\n";
    private static final String CUTS_TO_100 = "77 0x3 0x64 0x0 0x0 0x0 0x0" + PROGRAM;
    private static final String READS = "0 0x3 0x1 0x1 0x0 0x0 0x0" + PROGRAM;

    private final PendingCuts cuts = new PendingCuts();

    @TempDir Path folder;

    /** The call of a thread of which /proc has this line. */
    private BlockedCall call(String line) throws IOException {
        byte[] path = folder.resolve("syscall").toString().getBytes(StandardCharsets.UTF_8);
        Syscalls syscalls =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            if (name.equals("openat")) {
                                arguments[1] = Scratch.get().path(path, 0, path.length);
                            }
                            return real.getAsLong();
                        });
        says(line);
        return BlockedCall.of(syscalls, Numbers.X86_64, THREAD);
    }

    private void says(String line) throws IOException {
        Files.writeString(folder.resolve("syscall"), line);
    }

    @Test
    void theSmallestOfTheGuestsOwnCutsCountsUntilItEnds() {
        assertEquals(Long.MAX_VALUE, cuts.ownSize(FILE));
        cuts.begin(FILE, 500);
        cuts.begin(FILE, 300);
        cuts.begin(FILE, 300);
        assertEquals(300, cuts.ownSize(FILE));
        assertEquals(Long.MAX_VALUE, cuts.ownSize(OTHER));
        cuts.end(FILE, 300);
        assertEquals(300, cuts.ownSize(FILE));
        cuts.end(FILE, 300);
        assertEquals(500, cuts.ownSize(FILE));
        cuts.end(FILE, 500);
        assertEquals(Long.MAX_VALUE, cuts.ownSize(FILE));
    }

    @Test
    void aProgramsCutIsExpectedUntilItsThreadIsSeenElsewhere() throws IOException {
        cuts.add(FILE, call(CUTS_TO_100), 0);
        assertEquals(100, cuts.sizeToBe(FILE, SIZE));
        assertEquals(SIZE, cuts.sizeToBe(OTHER, SIZE));
        assertEquals(100, cuts.sizeToBe(FILE, 100)); // it may grow and be cut then
        says("running\n");
        assertEquals(100, cuts.sizeToBe(FILE, SIZE));
        says(READS);
        assertEquals(SIZE, cuts.sizeToBe(FILE, SIZE));
    }

    @Test
    void aShorterFileProvesTheOnlyCut() throws IOException {
        cuts.add(FILE, call(CUTS_TO_100), SIZE);
        assertEquals(100, cuts.sizeToBe(FILE, SIZE));
        assertEquals(999, cuts.sizeToBe(FILE, 999));
        assertEquals(SIZE, cuts.sizeToBe(FILE, SIZE)); // and is over for good
    }

    @Test
    void aShorterFileProvesNothingOnceTheGuestCutsToo() throws IOException {
        cuts.add(FILE, call(CUTS_TO_100), SIZE);
        cuts.begin(FILE, 900);
        assertEquals(100, cuts.sizeToBe(FILE, 900));
        cuts.add(FILE, call(CUTS_TO_100), 900); // while the guest's own goes on
        cuts.end(FILE, 900);
        assertEquals(100, cuts.sizeToBe(FILE, 800));
    }

    @Test
    void anUnseenCallMakesAFileUnsureButNoShorter() throws IOException {
        cuts.add(FILE, call("what is not understood"), 0);
        assertTrue(cuts.isUnsure(FILE, SIZE));
        assertFalse(cuts.isUnsure(OTHER, SIZE));
        assertEquals(SIZE, cuts.sizeToBe(FILE, SIZE));
        says(READS);
        assertFalse(cuts.isUnsure(FILE, SIZE));
    }

    @Test
    void whatIsOverIsForgotten() throws IOException {
        cuts.add(FILE, call(CUTS_TO_100), 0);
        cuts.forget();
        assertEquals(100, cuts.sizeToBe(FILE, SIZE));
        says(READS);
        cuts.forget();
        says(CUTS_TO_100); // again the same, which nobody has been asked about
        assertEquals(SIZE, cuts.sizeToBe(FILE, SIZE));
    }
}
