package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FeatureMode;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.SecurityContext;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** What comes with requests that make something: umask, security context, group; and its INIT. */
class CreationTest {
    private static final int FLAGS = 0x7bff_fffb; // Linux 7.2
    private static final int FLAGS2 = 0x5ff;
    private static final long ACL =
            InitFlag.POSIX_ACL.mask() | InitFlag.DONT_MASK.mask() | InitFlag.SETXATTR_EXT.mask();

    private final RecordingFileSystem files = new RecordingFileSystem();
    private Caller seen;
    private List<SecurityContext> contexts;
    private int group;

    CreationTest() {
        files.answer(
                "mkdir",
                arguments -> {
                    seen = (Caller) arguments[0];
                    contexts = seen.securityContexts();
                    group = seen.supplementaryGroup();
                    return FakeEntry.of(8, 0040755);
                });
    }

    private TestGuest guest(FuseOptions options) {
        return new TestGuest(new FuseServer(files.fileSystem(), options).newWorker());
    }

    private TestGuest labelling() {
        TestGuest guest = guest(FuseOptions.defaults().withSecurityLabel(FeatureMode.AUTO));
        guest.init(45, FLAGS, FLAGS2);
        return guest;
    }

    private static long flags(TestGuest.Answer answer) {
        assertEquals(0, answer.errno());
        InitOut init = InitOut.read(answer.reader());
        return init.flags() & 0xffff_ffffL | (long) init.flags2() << 32;
    }

    @Test
    void accessListsAreAgreedOnAsAWhole() {
        FuseOptions options = FuseOptions.defaults().withPosixAcl(FeatureMode.AUTO);
        assertEquals(ACL, flags(guest(options).init(45, FLAGS, FLAGS2)) & ACL);
        int without = (int) (FLAGS & ~InitFlag.DONT_MASK.mask());
        long others = InitFlag.POSIX_ACL.mask() | InitFlag.DONT_MASK.mask();
        assertEquals(0, flags(guest(options).init(45, without, FLAGS2)) & others);
        long never = flags(guest(FuseOptions.defaults()).init(45, FLAGS, FLAGS2));
        assertEquals(0, never & others);
    }

    @Test
    void whatMustBeHadAndIsNotOfferedRepliesEproto() {
        FuseOptions acl = FuseOptions.defaults().withPosixAcl(FeatureMode.ALWAYS);
        FuseOptions label = FuseOptions.defaults().withSecurityLabel(FeatureMode.ALWAYS);
        assertEquals(0, guest(acl).init(45, FLAGS, FLAGS2).errno());
        assertEquals(0, guest(label).init(45, FLAGS, FLAGS2).errno());
        assertEquals(Errno.EPROTO, guest(acl).init(45, 1 << 22, 0).errno());
        assertEquals(Errno.EPROTO, guest(label).init(45, FLAGS, 0).errno());
        assertEquals(Errno.EPROTO, guest(label).init(37, FLAGS, FLAGS2).errno());
    }

    @Test
    void contextsWithoutALengthAreNotAgreedOn() {
        FuseOptions label = FuseOptions.defaults().withSecurityLabel(FeatureMode.AUTO);
        assertTrue(InitFlag.SECURITY_CTX.in(flags(guest(label).init(38, FLAGS, FLAGS2))));
        assertFalse(InitFlag.SECURITY_CTX.in(flags(guest(label).init(37, FLAGS, FLAGS2))));
    }

    @Test
    void theUmaskIsLeftOnlyToThoseWhoAgreed() {
        TestGuest guest = guest(FuseOptions.defaults().withPosixAcl(FeatureMode.AUTO));
        guest.init(45, FLAGS, FLAGS2);
        files.calls();
        guest.send(Opcode.MKDIR, 3, bytes(0040777, 022, "dir"));
        guest.send(Opcode.MKNOD, 3, bytes(0100666, 0, 077, 0, "file"));
        guest.send(Opcode.CREATE, 3, bytes(2, 0100666, 07, 0, "file"));
        NewFile in = new NewFile(2, 0100666, 07, false);
        assertEquals(
                List.of(
                        "mkdir(1000:1001, 3, dir, 511, 18)",
                        "mknod(1000:1001, 3, file, 33206, 0, 63)",
                        "create(1000:1001, 3, file, " + in + ")"),
                files.calls());
    }

    @Test
    void whatTheGuestCannotBeToldOfIsClosedAgain() {
        TestGuest guest = guest(FuseOptions.defaults());
        guest.init(45, FLAGS, FLAGS2);
        for (Opcode opcode : List.of(Opcode.CREATE, Opcode.TMPFILE)) {
            String method = opcode.name().toLowerCase(Locale.ROOT);
            for (FakeEntry entry : List.of(FakeEntry.of(1, 0100644), FakeEntry.of(9, 0644))) {
                CreateReply reply = new CreateReply(entry, new OpenReply(93, 0));
                files.answer(method, arguments -> reply);
                files.calls();
                byte[] in = bytes(2, 0100644, 0, 0, "file");
                assertTrue(guest.send(opcode, 3, in).errno() > 0);
                assertTrue(files.calls().contains("release(93)"), method);
            }
        }
    }

    private static byte[] context(String name, byte[] value) {
        int size = 16 + name.length() + 1 + value.length;
        int padded = (size + 7) & -8;
        return bytes(padded, 1, value.length, 0, name, value, new byte[padded - size]);
    }

    private static int mkdir(TestGuest guest, byte[]... records) {
        byte[] extensions = bytes((Object[]) records);
        byte[] body = bytes(0040755, 0, "dir", extensions);
        assertEquals(0, extensions.length % 8);
        byte[] request = guest.request(Opcode.MKDIR.code(), 1, 0, 0, extensions.length / 8, body);
        return guest.sendRaw(request, TestGuest.ROOM).errno();
    }

    @Test
    void contextAndGroupReachTheFileSystem() {
        TestGuest guest = labelling();
        byte[] value = "system_u:object_r:x".getBytes();
        byte[] group = bytes(16, 32, 1, 77);
        byte[] unknown = bytes(8, 99);
        assertEquals(0, mkdir(guest, context("security.selinux", value), unknown, group));
        assertEquals("security.selinux", contexts.get(0).name().toString());
        assertArrayEquals(value, contexts.get(0).value());
        assertEquals(77, this.group);
        assertEquals(0, mkdir(guest, bytes(8, 0), bytes(16, 32, 0, 0)));
        assertEquals(List.of(), contexts);
        assertEquals(-1, this.group);
        guest.send(Opcode.MKDIR, 3, bytes(0040755, 0, "dir"));
        assertEquals(List.of(), contexts);
    }

    @Test
    void theLargestContextFits() {
        TestGuest guest = labelling();
        String longest = "n".repeat(255);
        assertEquals(0, mkdir(guest, context(longest, new byte[65_536]), bytes(16, 32, 1, 5)));
        assertEquals(65_536, contexts.get(0).value().length);
        assertEquals(Errno.EINVAL, mkdir(guest, context("n", new byte[65_537])));
        assertEquals(Errno.EINVAL, mkdir(guest, context("n".repeat(256), new byte[4])));
        assertEquals(Errno.E2BIG, mkdir(guest, context("n", new byte[100_000])));
    }

    @Test
    void recordsThatDoNotFitReplyEinval() {
        TestGuest guest = labelling();
        byte[] good = context("security.selinux", "label".getBytes());
        for (int at = 0; at < 12; at++) {
            for (byte value : new byte[] {(byte) 0x7f, (byte) 0x80, (byte) 0xff}) {
                byte[] bad = good.clone();
                bad[at] = value;
                int errno = mkdir(guest, bad);
                boolean otherType = at >= 4 && at < 8; // unknown ones are passed over
                assertEquals(otherType ? 0 : Errno.EINVAL, errno, "byte " + at);
            }
        }
        assertEquals(Errno.EINVAL, mkdir(guest, good, good));
        assertEquals(Errno.EINVAL, mkdir(guest, bytes(0L)));
        assertEquals(Errno.EINVAL, mkdir(guest, bytes(16, 32, 2, 5)));
        assertEquals(Errno.EINVAL, mkdir(guest, bytes(8, 32)));
        assertEquals(Errno.EINVAL, mkdir(guest, bytes(8, 1)));
        assertEquals(Errno.EINVAL, mkdir(guest, bytes(24, 2, 0L, 0L)));
        byte[] empty = context("", new byte[7]);
        assertEquals(Errno.EINVAL, mkdir(guest, empty));
        byte[] endless = Arrays.copyOf(good, good.length);
        Arrays.fill(endless, 16, endless.length, (byte) 'x');
        assertEquals(Errno.EINVAL, mkdir(guest, endless));
    }

    @Test
    void withoutAgreementNothingIsRead() {
        TestGuest guest = guest(FuseOptions.defaults());
        guest.init(45, 1 << 22 | 1 << 30, 0);
        assertEquals(0, mkdir(guest, bytes(0L)));
        assertEquals(List.of(), contexts);
    }
}
