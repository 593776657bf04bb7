package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.server.XattrRequests.GetxattrOut;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Extended attributes between wire and file system: sizes, limits, both forms of SETXATTR. */
class XattrRequestsTest {
    private static final String LONGEST = "user." + "n".repeat(250);
    private static final int MAX = 65_536;

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final List<String> trace = new ArrayList<>();
    private final TestGuest guest =
            new TestGuest(
                    new FuseServer(files.fileSystem(), FuseOptions.defaults().withTrace(trace::add))
                            .newWorker());

    @BeforeEach
    void init() {
        guest.init();
        files.calls();
    }

    private void ok(Opcode opcode, byte[] body, String call) {
        TestGuest.Answer answer = guest.send(opcode, 3, body);
        assertEquals(0, answer.errno(), () -> Errno.name(answer.errno()));
        assertEquals(16, answer.length());
        assertEquals(List.of(call), files.calls());
    }

    private void refused(int errno, Opcode opcode, byte[] body) {
        assertEquals(errno, guest.send(opcode, 3, body).errno());
        assertEquals(List.of(), files.calls());
    }

    private static byte[] set(int size, int flags, String name, byte[] value) {
        return bytes(size, flags, 0, 0, name, value);
    }

    @Test
    void setPassesNameValueAndFlags() {
        byte[] value = {'v', 0, '/', 'w'};
        ok(
                Opcode.SETXATTR,
                bytes(4, 1, 1, 0, "user.a/b", value),
                "setxattr(3, user.a/b, v\0/w, 1, true)");
        ok(
                Opcode.SETXATTR,
                set(0, 2, "user.empty", new byte[0]),
                "setxattr(3, user.empty, , 2, false)");
        assertTrue(trace.get(1).contains("XATTR_CREATE"), trace.get(1));
        assertTrue(trace.get(1).contains("SETXATTR_ACL_KILL_SGID"), trace.get(1));
    }

    @Test
    void guestsWithoutTheExtensionSendEightBytes() {
        guest.init(32, (int) (0x7bff_fffb & ~InitFlag.SETXATTR_EXT.mask()), 0);
        files.calls();
        ok(
                Opcode.SETXATTR,
                bytes(5, 2, "user.a", "value".getBytes()),
                "setxattr(3, user.a, value, 2, false)");
        refused(Errno.EINVAL, Opcode.SETXATTR, bytes(0));
        refused(Errno.EINVAL, Opcode.SETXATTR, bytes(0, 0));
    }

    @Test
    void aValueOfAnotherSizeThanSaidRepliesEinval() {
        for (int size : new int[] {0, 3, 5}) {
            refused(Errno.EINVAL, Opcode.SETXATTR, set(size, 0, "user.a", new byte[4]));
        }
        refused(Errno.EINVAL, Opcode.SETXATTR, bytes(0, 0, 0, 0));
        refused(Errno.EINVAL, Opcode.SETXATTR, bytes(0, 0, 0, 0, "user.a".getBytes()));
        refused(Errno.EINVAL, Opcode.SETXATTR, set(4, 4, "user.a", new byte[4]));
    }

    @Test
    void valuesEndAt64KiB() {
        byte[] largest = set(MAX, 0, LONGEST, new byte[MAX]);
        assertEquals(0, guest.send(Opcode.SETXATTR, 3, largest).errno());
        files.calls();
        refused(Errno.E2BIG, Opcode.SETXATTR, set(MAX + 1, 0, "user.a", new byte[MAX + 1]));
        refused(Errno.E2BIG, Opcode.SETXATTR, set(-1, 0, "user.a", new byte[4]));
        refused(Errno.E2BIG, Opcode.SETXATTR, set(1 << 30, 0, "user.a", new byte[200_000]));
    }

    @Test
    void namesEndAt255BytesAndAreNeverEmpty() {
        ok(Opcode.REMOVEXATTR, bytes(LONGEST), "removexattr(3, " + LONGEST + ")");
        refused(Errno.ERANGE, Opcode.REMOVEXATTR, bytes(LONGEST + "n"));
        refused(Errno.ERANGE, Opcode.REMOVEXATTR, bytes(""));
        refused(Errno.ERANGE, Opcode.GETXATTR, bytes(4, 0, LONGEST + "n"));
        refused(Errno.ERANGE, Opcode.GETXATTR, bytes(4, 0, ""));
        refused(Errno.ERANGE, Opcode.SETXATTR, set(4, 0, LONGEST + "n", new byte[4]));
        refused(Errno.EINVAL, Opcode.REMOVEXATTR, "user.a".getBytes());
    }

    @Test
    void getAnswersValueOrSize() {
        TestGuest.Answer value = guest.send(Opcode.GETXATTR, 3, bytes(5, 0, "user.a"));
        assertArrayEquals("value".getBytes(), value.body());
        assertEquals(List.of("getxattr(3, user.a)"), files.calls());
        TestGuest.Answer size = guest.send(Opcode.GETXATTR, 3, bytes(0, 0, "user.a"));
        assertEquals(new GetxattrOut(5), GetxattrOut.read(size.reader()));
        assertEquals(5, guest.send(Opcode.GETXATTR, 3, bytes(-1, 0, "user.a")).body().length);
    }

    @Test
    void tooLittleRoomRepliesErange() {
        assertEquals(Errno.ERANGE, guest.send(Opcode.GETXATTR, 3, bytes(4, 0, "a")).errno());
        assertEquals(Errno.ERANGE, guest.send(Opcode.GETXATTR, 3, bytes(9, 0, "a"), 20).errno());
        assertEquals(Errno.EIO, guest.send(Opcode.GETXATTR, 3, bytes(0, 0, "a"), 20).errno());
        assertEquals(Errno.ERANGE, guest.send(Opcode.LISTXATTR, 3, bytes(13, 0)).errno());
    }

    @Test
    void listAnswersNamesOrSize() {
        TestGuest.Answer names = guest.send(Opcode.LISTXATTR, 3, bytes(14, 0));
        assertArrayEquals("user.a\0user.b\0".getBytes(), names.body());
        TestGuest.Answer size = guest.send(Opcode.LISTXATTR, 3, bytes(0, 0));
        assertEquals(new GetxattrOut(14), GetxattrOut.read(size.reader()));
    }

    @Test
    void moreThanAHostMayHaveRepliesE2big() {
        files.answer("getxattr", arguments -> new byte[MAX + 1]);
        assertEquals(Errno.E2BIG, guest.send(Opcode.GETXATTR, 3, bytes(0, 0, "a")).errno());
        files.answer("getxattr", arguments -> new byte[MAX]);
        byte[] body = bytes(MAX, 0, "a");
        assertEquals(MAX, guest.send(Opcode.GETXATTR, 3, body, MAX + 16).body().length);
    }

    @Test
    void accessListsThatNobodyAppliesAreRefusedAndHidden() {
        for (String acl : List.of("system.posix_acl_access", "system.posix_acl_default")) {
            refused(Errno.EOPNOTSUPP, Opcode.SETXATTR, set(4, 0, acl, new byte[4]));
            refused(Errno.EOPNOTSUPP, Opcode.GETXATTR, bytes(4, 0, acl));
            refused(Errno.EOPNOTSUPP, Opcode.REMOVEXATTR, bytes(acl));
        }
        String names = "system.posix_acl_access\0user.a\0system.posix_acl_default\0";
        files.answer("listxattr", arguments -> names.getBytes());
        TestGuest.Answer shown = guest.send(Opcode.LISTXATTR, 3, bytes(100, 0));
        assertArrayEquals("user.a\0".getBytes(), shown.body());
    }
}
