package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.server.AttributeWire.StatxOut;
import io.jvirtiofsd.fuse.server.ControlRequests.IoctlOut;
import io.jvirtiofsd.fuse.server.ControlRequests.PollOut;
import io.jvirtiofsd.fuse.server.FileRequests.CreateOut;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Operations that Linux uses seldom: IOCTL, POLL, SYNCFS, STATX, TMPFILE, the larger COPY. */
class ControlRequestsTest {
    private static final int GETFLAGS = 0x8008_6601;
    private static final int SETFLAGS = 0x4008_6602;
    private static final int FSGETXATTR = 0x801c_581f;
    private static final int FSSETXATTR = 0x401c_5820;

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final TestGuest guest = TestGuest.connected(files.fileSystem());

    @BeforeEach
    void forgetInit() {
        files.calls();
    }

    private TestGuest.Answer ok(Opcode opcode, byte[] body, String call) {
        TestGuest.Answer answer = guest.send(opcode, 3, body);
        assertEquals(0, answer.errno(), () -> Errno.name(answer.errno()));
        assertEquals(List.of(call), files.calls());
        return answer;
    }

    private void refused(int errno, Opcode opcode, byte[] body) {
        assertEquals(errno, guest.send(opcode, 3, body).errno());
        assertEquals(List.of(), files.calls());
    }

    private static byte[] ioctl(int command, byte[] in, int outSize) {
        return bytes(91L, 0, command, 0L, in.length, outSize, in);
    }

    @Test
    void flagsAreReadAndSetByFourBytes() {
        files.answer("ioctlGet", arguments -> new byte[] {1, 2, 3, 4});
        String call = "ioctlGet(3, 91, " + GETFLAGS + ", 4)";
        for (int size : new int[] {4, 8}) {
            TestGuest.Answer answer = ok(Opcode.IOCTL, ioctl(GETFLAGS, new byte[0], size), call);
            assertEquals(new IoctlOut(0, 0, 0, 0), IoctlOut.read(answer.reader()));
            assertEquals(IoctlOut.BYTES + size, answer.body().length);
            assertEquals(4, answer.body()[IoctlOut.BYTES + 3]);
        }
        byte[] flags = {'f', 'l', 'a', 'g', 0, 0, 0, 0};
        TestGuest.Answer set =
                ok(
                        Opcode.IOCTL,
                        ioctl(SETFLAGS, flags, 0),
                        "ioctlSet(3, 91, " + SETFLAGS + ", flag)");
        assertEquals(IoctlOut.BYTES, set.body().length);
    }

    @Test
    void projectAttributesHave28Bytes() {
        String call = "ioctlGet(3, 91, " + FSGETXATTR + ", 28)";
        assertEquals(44, ok(Opcode.IOCTL, ioctl(FSGETXATTR, new byte[0], 28), call).body().length);
        guest.send(Opcode.IOCTL, 3, ioctl(FSSETXATTR, new byte[28], 0));
        assertEquals(1, files.calls().size());
    }

    @Test
    void everyOtherCommandRepliesEnotty() {
        for (int command : new int[] {0, 0x5401, 0x8004_6601, 0x4004_6602, 0xc020_660b, -1}) {
            refused(Errno.ENOTTY, Opcode.IOCTL, ioctl(command, new byte[8], 8));
        }
    }

    @Test
    void wrongSizesReplyEinval() {
        for (int size : new int[] {0, 3, 65, 1 << 20, -1, Integer.MIN_VALUE}) {
            refused(Errno.EINVAL, Opcode.IOCTL, ioctl(GETFLAGS, new byte[0], size));
        }
        refused(Errno.EINVAL, Opcode.IOCTL, ioctl(SETFLAGS, new byte[3], 0));
        refused(Errno.EINVAL, Opcode.IOCTL, ioctl(SETFLAGS, new byte[65], 0));
        refused(Errno.EINVAL, Opcode.IOCTL, ioctl(FSSETXATTR, new byte[27], 0));
        for (int said : new int[] {0, 3, 5, -1, Integer.MAX_VALUE}) {
            byte[] body = bytes(91L, 0, SETFLAGS, 0L, said, 0, new byte[4]);
            refused(Errno.EINVAL, Opcode.IOCTL, body);
        }
        byte[] body = ioctl(GETFLAGS, new byte[0], 8);
        assertEquals(Errno.EINVAL, guest.send(Opcode.IOCTL, 3, body, 16 + 16 + 7).errno());
    }

    @Test
    void poll() {
        TestGuest.Answer answer = ok(Opcode.POLL, bytes(91L, 7L, 1, 0xff), "poll(3, 91, 255)");
        assertEquals(new PollOut(5), PollOut.read(answer.reader()));
    }

    @Test
    void syncfs() {
        assertEquals(16, ok(Opcode.SYNCFS, bytes(0L), "syncfs(3)").length());
    }

    @Test
    void statx() {
        byte[] body = bytes(1, 0, 91L, 0x2000, 0xfff);
        TestGuest.Answer answer = ok(Opcode.STATX, body, "statx(3, true, 91, 4095)");
        assertEquals(
                new StatxOut(1, 500_000_000, 0, FakeStatx.expected(0100644)),
                StatxOut.read(answer.reader()));
        files.answer("statx", arguments -> FakeStatx.of(0));
        assertEquals(Errno.EIO, guest.send(Opcode.STATX, 3, body).errno());
    }

    /** Linux sends "/", which means nothing. */
    @Test
    void tmpfileHasNoName() {
        NewFile in = new NewFile(2, 0100644, 0, false);
        TestGuest.Answer answer =
                ok(
                        Opcode.TMPFILE,
                        bytes(2, 0100644, 022, 0, "/"),
                        "tmpfile(1000:1001, 3, " + in + ")");
        CreateOut created = CreateOut.read(answer.reader());
        assertEquals(9, created.entry().nodeid());
        assertEquals(94, created.open().fh());
        refused(Errno.EINVAL, Opcode.TMPFILE, bytes(2, 0040755, 0, 0, "/"));
        refused(Errno.EINVAL, Opcode.TMPFILE, bytes(2, 0100644, 0, 0));
    }

    @Test
    void theLargerCopyAnswersInEightBytes() {
        files.answer("copyFileRange", arguments -> 5L);
        byte[] body = bytes(91L, 8L, 4L, 92L, 16L, 10L, 0L);
        TestGuest.Answer answer = guest.send(Opcode.COPY_FILE_RANGE_64, 3, body);
        assertArrayEquals(bytes(5L), answer.body());
    }
}
