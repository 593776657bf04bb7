package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Errno;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each request leaves one line that names what was asked and answered. */
class TraceLineTest {
    private final List<String> lines = new ArrayList<>();
    private final RecordingFileSystem files = new RecordingFileSystem();
    private final FuseServer server =
            new FuseServer(files.fileSystem(), FuseOptions.defaults().withTrace(lines::add));
    private final TestGuest guest = new TestGuest(server.newWorker());

    @BeforeEach
    void begin() {
        guest.init();
        lines.clear();
    }

    /** The one line of a request, after the part that all have. */
    private String line(Opcode opcode, Object... body) {
        guest.send(opcode, 3, bytes(body));
        assertEquals(1, lines.size());
        String line = lines.remove(0).replaceFirst("unique=\\d+", "unique=N");
        String head = "fuse " + opcode + " unique=N node=3 uid=1000 gid=1001 pid=4321 ";
        assertTrue(line.startsWith(head), line);
        return line.substring(head.length());
    }

    @Test
    void errorsByName() {
        files.fail("lookup", Errno.ENOENT);
        assertEquals("name=\"etc\" -> -ENOENT", line(Opcode.LOOKUP, "etc"));
    }

    @Test
    void entries() {
        String text = line(Opcode.LOOKUP, "etc");
        assertTrue(text.startsWith("name=\"etc\" -> ENTRY nodeid=5 generation=7"), text);
        assertTrue(text.contains(" mode=0100644 "), text);
        assertTrue(text.endsWith(" flags=ATTR_DAX"), text);
    }

    @Test
    void openFlagsByName() {
        assertEquals(
                "flags=O_RDWR|O_TRUNC|O_SYNC openFlags=OPEN_KILL_SUIDGID"
                        + " -> OPEN fh=91 openFlags=FOPEN_KEEP_CACHE",
                line(Opcode.OPEN, 04011002, 1));
    }

    @Test
    void dataIsCountedNotShown() {
        assertEquals(
                "fh=91 offset=8 size=100 readFlags=READ_LOCKOWNER lockOwner=6 flags=O_RDONLY"
                        + " -> 100 bytes",
                line(Opcode.READ, 91L, 8L, 100, 2, 6L, 0, 0));
        assertEquals(
                "fh=18446744073709551615 offset=0 size=4 writeFlags=WRITE_CACHE|0x80 lockOwner=0"
                        + " flags=O_WRONLY -> WRITE size=4",
                line(Opcode.WRITE, -1L, 0L, 4, 0x81, 0L, 1, 0, "data".getBytes()));
        files.answer("read", arguments -> 0);
        assertTrue(line(Opcode.READ, 91L, 8L, 100, 0, 0L, 0, 0).endsWith(" -> 0 bytes"));
    }

    @Test
    void twoNames() {
        assertEquals(
                "newdir=4 flags=RENAME_EXCHANGE name=\"a\" newName=\"b\" -> ok",
                line(Opcode.RENAME2, 4L, 2, 0, "a", "b"));
        assertTrue(line(Opcode.SYMLINK, "a", "../b").startsWith("name=\"a\" target=\"../b\" -> "));
    }

    @Test
    void bytesThatAreNoTextInHex() {
        files.fail("unlink", Errno.EPERM);
        byte[] name = {'a', ' ', '"', '\\', '\n', 0x7f, (byte) 0xc3, (byte) 0xa4, 0};
        assertEquals(
                "name=\"a \\x22\\x5c\\x0a\\x7f\\xc3\\xa4\" -> -EPERM",
                line(Opcode.UNLINK, (Object) name));
    }

    @Test
    void noReply() {
        assertEquals("nlookup=2 -> no reply", line(Opcode.FORGET, 2L));
        assertEquals("count=2 -> no reply", line(Opcode.BATCH_FORGET, 2, 0, 1L, 1L, 2L, 1L));
    }

    @Test
    void refusedArgumentsAreNotShown() {
        line(Opcode.FORGET, 2L);
        assertEquals("-> -EINVAL", line(Opcode.MKDIR, 0755));
        guest.sendRaw(bytes(1, 9, 2L, 3L, 1000, 1001, 4321, 0, 0755, 0, "dir"), 4096);
        assertTrue(lines.get(0).endsWith("pid=4321 -> -EINVAL"), lines.get(0));
    }

    @Test
    void unknownOpcodes() {
        guest.sendRaw(guest.request(-1, 3, 0, 0, 0, bytes()), 4096);
        assertTrue(lines.get(0).startsWith("fuse opcode-4294967295 unique="), lines.get(0));
        assertTrue(lines.get(0).endsWith(" -> -ENOSYS"), lines.get(0));
    }

    @Test
    void initFlagsByName() {
        String text =
                line(Opcode.INIT, 7, 45, 131_072, 1 | 1 << 30, 1 << 6 | 1 << 31, new byte[44]);
        assertTrue(
                text.startsWith(
                        "major=7 minor=45 maxReadahead=131072 flags=ASYNC_READ|INIT_EXT"
                                + " flags2=NO_EXPORT_SUPPORT|0x80000000 -> INIT major=7 minor=45"),
                text);
        assertTrue(text.contains(" flags=ASYNC_READ|INIT_EXT "), text);
        assertTrue(text.endsWith(" flags2=NO_EXPORT_SUPPORT"), text);
    }

    @Test
    void setattrByName() {
        int valid = AttributeChange.FATTR_MODE | AttributeChange.FATTR_KILL_SUIDGID;
        String text = line(Opcode.SETATTR, valid, 0, new byte[60], 0600, new byte[16]);
        assertTrue(text.startsWith("valid=FATTR_MODE|FATTR_KILL_SUIDGID fh=0 "), text);
        assertTrue(text.contains(" mode=0600 "), text);
    }
}
