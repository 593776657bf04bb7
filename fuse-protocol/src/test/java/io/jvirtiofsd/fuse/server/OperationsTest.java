package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.server.AttributeWire.Attr;
import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.FileRequests.CreateOut;
import io.jvirtiofsd.fuse.server.FileRequests.LseekIn;
import io.jvirtiofsd.fuse.server.FileRequests.LseekOut;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.WriteOut;
import io.jvirtiofsd.fuse.server.NodeRequests.Kstatfs;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each operation hands the file system what the guest asked, and the guest what it answered. */
class OperationsTest {
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

    private void empty(Opcode opcode, byte[] body, String call) {
        assertEquals(16, ok(opcode, body, call).length());
    }

    private EntryOut entry(Opcode opcode, byte[] body, String call) {
        return EntryOut.read(ok(opcode, body, call).reader());
    }

    @Test
    void lookup() {
        EntryOut entry = entry(Opcode.LOOKUP, bytes("etc"), "lookup(3, etc)");
        assertEquals(5, entry.nodeid());
        assertEquals(7, entry.generation());
        assertEquals(2, entry.entryValid());
        assertEquals(250_000_000, entry.entryValidNsec());
        assertEquals(1, entry.attrValid());
        assertEquals(500_000_000, entry.attrValidNsec());
        assertEquals(0100644, entry.attr().mode());
    }

    @Test
    void forgetHasNoReply() {
        assertNull(guest.send(Opcode.FORGET, 3, bytes(4L)).body());
        assertEquals(List.of("forget(3, 4)"), files.calls());
    }

    @Test
    void batchForgetTakesEachItem() {
        byte[] body = bytes(2, 0, 10L, 1L, 11L, 2L);
        assertNull(guest.send(Opcode.BATCH_FORGET, 0, body).body());
        assertEquals(List.of("forget(10, 1)", "forget(11, 2)"), files.calls());
    }

    @Test
    void batchForgetOfManyItemsIsWorkedOffInPieces() {
        byte[] items = new byte[5000 * 16];
        guest.send(Opcode.BATCH_FORGET, 0, bytes(5000, 0, items));
        assertEquals(5000, files.calls().size());
    }

    @Test
    void getattr() {
        byte[] byNode = bytes(0, 0, 55L);
        AttrOut attributes =
                AttrOut.read(ok(Opcode.GETATTR, byNode, "getattr(3, false, 55)").reader());
        assertEquals(1, attributes.attrValid());
        assertEquals(500_000_000, attributes.attrValidNsec());
        assertEquals(
                new Attr(
                        101, 102, 103, 104, 106, 108, 105, 107, 109, 0100644, 111, 112, 113, 114,
                        115, 2),
                attributes.attr());
        ok(Opcode.GETATTR, bytes(1, 0, 55L), "getattr(3, true, 55)");
    }

    @Test
    void setattr() {
        int valid = AttributeChange.FATTR_MODE | AttributeChange.FATTR_SIZE;
        byte[] body = bytes(valid, 0, 55L, 10L, 11L, 12L, 13L, 14L, 15, 16, 17, 0600, 0, 18, 19, 0);
        AttributeChange change =
                new AttributeChange(valid, 55, 10, 11, 12, 13, 14, 15, 16, 17, 0600, 18, 19);
        TestGuest.Answer answer = ok(Opcode.SETATTR, body, "setattr(3, " + change + ")");
        assertEquals(0100600, AttrOut.read(answer.reader()).attr().mode());
    }

    @Test
    void readlink() {
        TestGuest.Answer answer = ok(Opcode.READLINK, bytes(), "readlink(3)");
        assertArrayEquals("to/there".getBytes(), answer.body());
    }

    @Test
    void symlink() {
        byte[] body = bytes("link", "../to");
        assertEquals(6, entry(Opcode.SYMLINK, body, "symlink(1000:1001, 3, link, ../to)").nodeid());
    }

    @Test
    void mknod() {
        byte[] body = bytes(0010644, 77, 022, 0, "pipe");
        String call = "mknod(1000:1001, 3, pipe, " + 0010644 + ", 77, 0)";
        assertEquals(7, entry(Opcode.MKNOD, body, call).nodeid());
    }

    @Test
    void mkdir() {
        byte[] body = bytes(0040755, 022, "dir");
        String call = "mkdir(1000:1001, 3, dir, " + 0755 + ", 0)";
        assertEquals(8, entry(Opcode.MKDIR, body, call).nodeid());
    }

    @Test
    void namesGo() {
        empty(Opcode.UNLINK, bytes("file"), "unlink(3, file)");
        empty(Opcode.RMDIR, bytes("dir"), "rmdir(3, dir)");
    }

    @Test
    void renames() {
        empty(Opcode.RENAME, bytes(4L, "old", "new"), "rename(3, old, 4, new, 0)");
        byte[] exchange = bytes(4L, 2, 0, "old", "new");
        empty(Opcode.RENAME2, exchange, "rename(3, old, 4, new, 2)");
    }

    @Test
    void link() {
        assertEquals(5, entry(Opcode.LINK, bytes(5L, "other"), "link(5, 3, other)").nodeid());
    }

    @Test
    void open() {
        byte[] body = bytes(2, 1);
        TestGuest.Answer answer = ok(Opcode.OPEN, body, "open(3, 2, true)");
        assertEquals(new OpenOut(91, OpenReply.FOPEN_KEEP_CACHE), OpenOut.read(answer.reader()));
    }

    @Test
    void onlyRootTruncatesByOpeningWithoutLosingSetUserId() {
        ok(Opcode.OPEN, bytes(01002, 0), "open(3, 514, true)");
        NewFile in = new NewFile(01002, 0100644, 0, true);
        byte[] create = bytes(01002, 0100644, 0, 0, "file");
        ok(Opcode.CREATE, create, "create(1000:1001, 3, file, " + in + ")");
        byte[] byRoot = guest.request(Opcode.OPEN.code(), 3, 0, 0, 0, bytes(01002, 0));
        guest.sendRaw(byRoot, TestGuest.ROOM);
        assertEquals(List.of("open(3, 514, false)"), files.calls());
    }

    @Test
    void create() {
        byte[] body = bytes(2, 0100644, 022, 1, "file");
        NewFile in = new NewFile(2, 0100644, 0, true);
        TestGuest.Answer answer = ok(Opcode.CREATE, body, "create(1000:1001, 3, file, " + in + ")");
        CreateOut created = CreateOut.read(answer.reader());
        assertEquals(9, created.entry().nodeid());
        assertEquals(93, created.open().fh());
    }

    @Test
    void readFillsInPlace() {
        files.answer(
                "read",
                arguments -> {
                    ((GuestData) arguments[3]).put(0, "content".getBytes(), 0, 7);
                    return 7;
                });
        byte[] body = bytes(91L, 8L, 100, 0, 0L, 0, 0);
        TestGuest.Answer answer = ok(Opcode.READ, body, "read(3, 91, 8, 100 bytes)");
        assertArrayEquals("content".getBytes(), answer.body());
    }

    @Test
    void writeSeesTheData() {
        byte[] seen = new byte[4];
        files.answer(
                "write",
                arguments -> {
                    ((GuestData) arguments[5]).get(0, seen, 0, 4);
                    return 3;
                });
        byte[] body = bytes(91L, 8L, 4, 1, 0L, 2, 0, "data".getBytes());
        TestGuest.Answer answer = ok(Opcode.WRITE, body, "write(3, 91, 8, 1, 2, 4 bytes)");
        assertEquals(new WriteOut(3), WriteOut.read(answer.reader()));
        assertArrayEquals("data".getBytes(), seen);
    }

    @Test
    void statfs() {
        assertEquals(
                new Kstatfs(1, 2, 3, 4, 5, 6, 7, 8),
                Kstatfs.read(ok(Opcode.STATFS, bytes(), "statfs(3)").reader()));
    }

    @Test
    void handlesOfFiles() {
        empty(Opcode.FLUSH, bytes(91L, 0, 0, 66L), "flush(3, 91, 66)");
        empty(Opcode.FSYNC, bytes(91L, 1, 0), "fsync(3, 91, true)");
        empty(Opcode.FSYNC, bytes(91L, 0, 0), "fsync(3, 91, false)");
        empty(Opcode.RELEASE, bytes(91L, 2, 1, 66L), "release(91)");
    }

    @Test
    void handlesOfDirectories() {
        TestGuest.Answer answer = ok(Opcode.OPENDIR, bytes(0200000, 0), "opendir(3)");
        assertEquals(new OpenOut(92, 0), OpenOut.read(answer.reader()));
        empty(Opcode.FSYNCDIR, bytes(92L, 0, 0), "fsyncdir(3, 92, false)");
        empty(Opcode.RELEASEDIR, bytes(92L, 0, 0, 0L), "releasedir(92)");
    }

    @Test
    void access() {
        empty(Opcode.ACCESS, bytes(4, 0), "access(1000:1001, 3, 4)");
    }

    @Test
    void lseek() {
        TestGuest.Answer answer = ok(Opcode.LSEEK, bytes(91L, 8L, 3, 0), "lseek(3, 91, 8, 3)");
        assertEquals(new LseekOut(4096), LseekOut.read(answer.reader()));
    }

    @Test
    void fallocate() {
        byte[] body = bytes(91L, 8L, 16L, 3, 0);
        empty(Opcode.FALLOCATE, body, "fallocate(3, 91, 8, 16, 3)");
    }

    @Test
    void lseekIsNotForGuestsThatKeepDataBack() {
        FuseOptions options = FuseOptions.defaults().with(Feature.WRITEBACK, true);
        FuseServer server = new FuseServer(files.fileSystem(), options);
        TestGuest keeping = new TestGuest(server.newWorker());
        keeping.init();
        byte[] body = bytes(91L, 8L, LseekIn.SEEK_DATA, 0);
        assertEquals(Errno.ENOSYS, keeping.send(Opcode.LSEEK, 3, body).errno());
    }

    @Test
    void copyFileRangeCopiesSixtyFourMebibytesAtMost() {
        byte[] body = bytes(91L, 8L, 4L, 92L, 16L, 0xffff_f000L, 0L);
        CopyRequest in = new CopyRequest(91, 8, 4, 92, 16, 64 << 20);
        TestGuest.Answer answer = ok(Opcode.COPY_FILE_RANGE, body, "copyFileRange(3, " + in + ")");
        assertEquals(new WriteOut(64 << 20), WriteOut.read(answer.reader()));
    }

    @Test
    void interruptIsIgnored() {
        assertNull(guest.send(Opcode.INTERRUPT, 0, bytes(24L)).body());
        assertEquals(List.of(), files.calls());
    }
}
