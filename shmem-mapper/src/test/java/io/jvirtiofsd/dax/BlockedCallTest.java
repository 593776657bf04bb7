package io.jvirtiofsd.dax;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.BlockedCall.Numbers;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is made of the lines of /proc/TID/syscall; unless a test says so, they are of x86-64. */
class BlockedCallTest {
    private static final int THREAD = (int) ProcessHandle.current().pid();
    private static final String PROGRAM = " 0x7ffc00000000 0x7f0000001234";

    private final Syscalls real = Syscalls.load();

    @TempDir Path folder;

    /** This machine's calls, but any file that is opened has this line. */
    private Syscalls saying(String line) throws Exception {
        Path said = Files.writeString(folder.resolve("syscall"), line + "\n");
        byte[] path = said.toString().getBytes(StandardCharsets.UTF_8);
        return AlteredSyscalls.with(
                (name, arguments, call) -> {
                    if (name.equals("openat")) {
                        arguments[1] = Scratch.get().path(path, 0, path.length);
                    }
                    return call.getAsLong();
                });
    }

    private BlockedCall seen(String line) throws Exception {
        return BlockedCall.of(saying(line), Numbers.X86_64, THREAD);
    }

    @ParameterizedTest
    @CsvSource({
        "truncate,      76 0x1 0x64 0x0 0x0 0x0 0x0,                       100",
        "ftruncate,     77 0x3 0x1000 0x0 0x0 0x0 0x0,                     4096",
        "creat,         85 0x1 0x1b6 0x0 0x0 0x0 0x0,                      0",
        "open,          2 0x1 0x241 0x1b6 0x0 0x0 0x0,                     0",
        "openat,        257 0xffffff9c 0x1 0x241 0x1b6 0x0 0x0,            0",
        "handle,        304 0x3 0x1 0x201 0x0 0x0 0x0,                     0",
        "collapse,      285 0x3 0x8 0x200000 0x1000 0x0 0x0,               2097152"
    })
    void aCallThatCutsIsKnownWithWhatItSpares(String name, String line, long keeps)
            throws Exception {
        BlockedCall call = seen(line + PROGRAM);
        assertTrue(call.mayCut() && call.isKnown());
        assertEquals(keeps, call.keeps());
    }

    @ParameterizedTest
    @CsvSource({
        "read,          0 0x3 0x1 0x1000 0x0 0x0 0x0",
        "mmap,          9 0x0 0x1000 0x1 0x1 0x3 0x0",
        "openat,        257 0xffffff9c 0x1 0x80002 0x0 0x0 0x0",
        "execve,        59 0x1 0x1 0x1 0x0 0x0 0x0",
        "punch,         285 0x3 0x3 0x200000 0x1000 0x0 0x0",
        "preadv,        295 0x3 0x1 0x4 0x0 0x0 0x0",
        "reflink,       16 0x3 0x40049409 0x4 0x0 0x0 0x0"
    })
    void aHarmlessCallIsKnownToBe(String name, String line) throws Exception {
        assertFalse(seen(line + PROGRAM).mayCut());
    }

    @ParameterizedTest
    @CsvSource({
        "io_uring_enter,         426 0x3 0x1 0x1 0x1 0x0 0x0 0x7ffc00000000 0x7f0000001234",
        "a worker of io_uring,   0 0x3 0x1 0x1000 0x0 0x0 0x0 0x0 0x0",
        "another ioctl,          16 0x3 0x6611 0x4 0x0 0x0 0x0 0x7ffc00000000 0x7f0000001234",
        "a new fallocate,        285 0x3 0x100 0x0 0x1 0x0 0x0 0x7ffc00000000 0x7f0000001234",
        "openat of i386,         295 0xffffff9c 0x1 0x241 0x1b6 0x0 0x0 0xff000000 0xf7000000",
        "ftruncate64 of i386,    194 0x3 0x64 0x0 0x0 0x0 0x0 0xff000000 0xf7000000",
        "read of x32,            1073741824 0x3 0x1 0x1 0x0 0x0 0x0 0xff000000 0xf7000000",
        "a core dump,            -1 0x7ffc00000000 0x7f0000001234",
        "openat2 not looked at,  437 0xffffff9c 0x1 0x8 0x18 0x0 0x0 0x7ffc00000000 0x7f0000001234",
        "what is not understood, something else"
    })
    void whatIsNotKnownMayCutEverything(String name, String line) throws Exception {
        BlockedCall call = seen(line);
        assertTrue(call.mayCut());
        assertFalse(call.isKnown());
        assertEquals(0, call.keeps());
    }

    @ParameterizedTest
    @CsvSource({
        "truncate,   45 0x1 0x64 0x0 0x0 0x0 0x0,                 CUTS,     100",
        "ftruncate,  46 0x3 0x1000 0x0 0x0 0x0 0x0,               CUTS,     4096",
        "collapse,   47 0x3 0x8 0x200000 0x1000 0x0 0x0,          CUTS,     2097152",
        "punch,      47 0x3 0x3 0x200000 0x1000 0x0 0x0,          HARMLESS, 0",
        "openat,     56 0xffffff9c 0x1 0x241 0x1b6 0x0 0x0,       CUTS,     0",
        "openat,     56 0xffffff9c 0x1 0x80002 0x0 0x0 0x0,       HARMLESS, 0",
        "handle,     265 0x3 0x1 0x201 0x0 0x0 0x0,               CUTS,     0",
        "reflink,    29 0x3 0x40049409 0x4 0x0 0x0 0x0,           HARMLESS, 0",
        "ioctl,      29 0x3 0x6611 0x4 0x0 0x0 0x0,               UNKNOWN,  0",
        "read,       63 0x3 0x1 0x1000 0x0 0x0 0x0,               HARMLESS, 0",
        "io_submit,  2 0x3 0x1 0x1000 0x0 0x0 0x0,                HARMLESS, 0",
        "mmap,       222 0x0 0x1000 0x1 0x1 0x3 0x0,              HARMLESS, 0",
        "read here,  0 0x3 0x1 0x1000 0x0 0x0 0x0,                UNKNOWN,  0",
        "creat here, 85 0x1 0x1b6 0x0 0x0 0x0 0x0,                UNKNOWN,  0"
    })
    void theNumbersOfTheOtherMachineAreItsOwn(String name, String line, String effect, long keeps)
            throws Exception {
        BlockedCall call = BlockedCall.of(saying(line + PROGRAM), Numbers.AARCH64, THREAD);
        assertEquals(!effect.equals("UNKNOWN"), call.isKnown());
        assertEquals(!effect.equals("HARMLESS"), call.mayCut());
        assertEquals(effect.equals("HARMLESS") ? Long.MAX_VALUE : keeps, call.keeps());
    }

    @Test
    void aThreadThatIsNoneOfOursIsNotLookedFor() throws Exception {
        BlockedCall call =
                BlockedCall.of(saying("0 0x3 0x1 0x1 0x0 0x0 0x0" + PROGRAM), Numbers.X86_64, 0);
        assertTrue(call.mayCut());
        assertFalse(call.isOver());
    }

    @Test
    void aCallIsOverOnceTheThreadIsSeenElsewhere() throws Exception {
        String line = "77 0x3 0x1000 0x0 0x0 0x0 0x0";
        BlockedCall call = seen(line + PROGRAM);
        assertFalse(call.isOver());
        Files.writeString(folder.resolve("syscall"), "running\n");
        assertFalse(call.isOver());
        Files.writeString(folder.resolve("syscall"), "");
        assertFalse(call.isOver());
        Files.writeString(folder.resolve("syscall"), line + " 0x7ffc00000000 0x7f0000009999\n");
        assertTrue(call.isOver());
    }

    @Test
    void aCallThatWasNotSeenIsOverOnceTheThreadIsSeenInAHarmlessOne() throws Exception {
        BlockedCall call = seen("");
        assertFalse(call.isOver());
        Files.writeString(folder.resolve("syscall"), "77 0x3 0x1 0x0 0x0 0x0 0x0" + PROGRAM);
        assertFalse(call.isOver());
        Files.writeString(folder.resolve("syscall"), "0 0x3 0x1 0x1 0x0 0x0 0x0" + PROGRAM);
        assertTrue(call.isOver());
    }

    @Test
    void theCallOfAThreadThatIsGoneIsOver() throws Exception {
        assertTrue(BlockedCall.of(real, Integer.MAX_VALUE).isOver());
    }
}
