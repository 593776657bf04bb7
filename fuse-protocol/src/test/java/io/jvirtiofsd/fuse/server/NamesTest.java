package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.Name;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Only names that one path component can have reach the file system. */
class NamesTest {
    private static final String LONGEST = "n".repeat(255);

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final TestGuest guest = TestGuest.connected(files.fileSystem());

    @BeforeEach
    void forgetInit() {
        files.calls();
    }

    private int errno(Opcode opcode, Object... parts) {
        return guest.send(opcode, 3, bytes(parts)).errno();
    }

    private void refused(int errno, Opcode opcode, Object... parts) {
        assertEquals(errno, errno(opcode, parts));
        assertEquals(List.of(), files.calls());
    }

    @Test
    void missingNameRepliesEinval() {
        refused(Errno.EINVAL, Opcode.LOOKUP);
        refused(Errno.EINVAL, Opcode.RENAME, 4L);
        refused(Errno.EINVAL, Opcode.RENAME, 4L, "old");
        refused(Errno.EINVAL, Opcode.SYMLINK, "link");
    }

    @Test
    void nameWithoutNulRepliesEinval() {
        refused(Errno.EINVAL, Opcode.LOOKUP, "etc".getBytes());
        refused(Errno.EINVAL, Opcode.RENAME, 4L, "old", "new".getBytes());
    }

    @Test
    void emptyNameRepliesEinval() {
        refused(Errno.EINVAL, Opcode.LOOKUP, "");
        refused(Errno.EINVAL, Opcode.RENAME, 4L, "", "new");
        refused(Errno.EINVAL, Opcode.RENAME, 4L, "old", "");
        refused(Errno.EINVAL, Opcode.SYMLINK, "link", "");
    }

    @Test
    void namesOfDirectoriesAboveReplyEinval() {
        for (String name : List.of(".", "..", "/", "/etc", "a/b", "a/", "../x")) {
            refused(Errno.EINVAL, Opcode.LOOKUP, name);
            refused(Errno.EINVAL, Opcode.RENAME, 4L, "old", name);
            refused(Errno.EINVAL, Opcode.RENAME, 4L, name, "new");
            refused(Errno.EINVAL, Opcode.SYMLINK, name, "target");
        }
    }

    @Test
    void namesThatOnlyLookLikeThoseAreFine() {
        for (String name : List.of("...", ".a", "a.", "..a", " ", "\\", "\n", "ä")) {
            assertEquals(0, errno(Opcode.LOOKUP, name), name);
        }
    }

    @Test
    void bytesThatAreNoTextAreFine() {
        files.answer(
                "lookup",
                arguments -> {
                    Name name = (Name) arguments[1];
                    assertEquals(2, name.length());
                    assertEquals((byte) 0xff, name.toByteArray()[0]);
                    return FakeEntry.of(5, 0100644);
                });
        assertEquals(0, errno(Opcode.LOOKUP, (Object) new byte[] {(byte) 0xff, (byte) 0x80, 0}));
    }

    @Test
    void longNamesReplyEnametoolong() {
        assertEquals(0, errno(Opcode.LOOKUP, LONGEST));
        assertEquals(0, errno(Opcode.RENAME, 4L, LONGEST, LONGEST));
        files.calls();
        for (int length : new int[] {256, 257, 1024, 4095, 100_000}) {
            String name = "n".repeat(length);
            refused(Errno.ENAMETOOLONG, Opcode.LOOKUP, name);
            refused(Errno.ENAMETOOLONG, Opcode.RENAME, 4L, "old", name);
            refused(Errno.ENAMETOOLONG, Opcode.RENAME, 4L, name, "new");
            refused(Errno.ENAMETOOLONG, Opcode.SYMLINK, name, "target");
        }
    }

    @Test
    void linkTargetsMayBePaths() {
        String longest = "/".repeat(4095);
        assertEquals(0, errno(Opcode.SYMLINK, LONGEST, longest));
        assertEquals(0, errno(Opcode.SYMLINK, "link", ".."));
        files.calls();
        refused(Errno.ENAMETOOLONG, Opcode.SYMLINK, "l", longest + "/");
    }

    @Test
    void whatFollowsTheNamesIsIgnored() {
        assertEquals(0, errno(Opcode.LOOKUP, "etc", 0L));
        assertEquals(List.of("lookup(3, etc)"), files.calls());
    }
}
