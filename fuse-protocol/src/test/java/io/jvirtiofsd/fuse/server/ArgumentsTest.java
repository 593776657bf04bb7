package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.OpenFlags;
import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.FileRequests.LseekIn;
import io.jvirtiofsd.fuse.server.FileRequests.WriteOut;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Arguments that no file system should have to look at are refused at the edge. */
class ArgumentsTest {
    private final RecordingFileSystem files = new RecordingFileSystem();
    private final TestGuest guest = TestGuest.connected(files.fileSystem());

    @BeforeEach
    void forgetInit() {
        files.calls();
    }

    private void refused(int errno, Opcode opcode, byte[] body) {
        assertEquals(errno, guest.send(opcode, 3, body).errno());
        assertEquals(List.of(), files.calls());
    }

    private void bug(String method, RecordingFileSystem.Answer answer, Opcode opcode, byte[] in) {
        files.answer(method, answer);
        assertEquals(Errno.EIO, guest.send(opcode, 3, in).errno());
    }

    @Test
    void negativeOffsetsReplyEinval() {
        refused(Errno.EINVAL, Opcode.READ, bytes(91L, -1L, 100, 0, 0L, 0, 0));
        refused(Errno.EINVAL, Opcode.READ, bytes(91L, Long.MAX_VALUE, 100, 0, 0L, 0, 0));
        refused(Errno.EINVAL, Opcode.WRITE, bytes(91L, -1L, 4, 0, 0L, 0, 0, new byte[4]));
        refused(Errno.EINVAL, Opcode.READDIR, bytes(91L, -1L, 100, 0, 0L, 0, 0));
        refused(Errno.EINVAL, Opcode.LSEEK, bytes(91L, -1L, 0, 0));
        refused(Errno.EINVAL, Opcode.FALLOCATE, bytes(91L, -1L, 1L, 0, 0));
        refused(Errno.EINVAL, Opcode.FALLOCATE, bytes(91L, Long.MAX_VALUE, 1L, 0, 0));
        refused(Errno.EINVAL, Opcode.COPY_FILE_RANGE, bytes(91L, -1L, 4L, 92L, 0L, 1L, 0L));
        refused(Errno.EINVAL, Opcode.COPY_FILE_RANGE, bytes(91L, 0L, 4L, 92L, -1L, 1L, 0L));
    }

    @Test
    void dataBeforeTheFileRepliesEnxio() {
        refused(Errno.ENXIO, Opcode.LSEEK, bytes(91L, -1L, LseekIn.SEEK_DATA, 0));
        refused(Errno.ENXIO, Opcode.LSEEK, bytes(91L, Long.MIN_VALUE, LseekIn.SEEK_HOLE, 0));
    }

    @Test
    void readBeyondMaxPagesRepliesEinval() {
        int max = 256 * (64 << 10); // in the largest pages that a guest may have
        byte[] most = bytes(91L, 0L, max, 0, 0L, 0, 0);
        assertEquals(0, guest.send(Opcode.READ, 3, most, 16 + max).errno());
        byte[] more = bytes(91L, 0L, max + 1, 0, 0L, 0, 0);
        assertEquals(Errno.EINVAL, guest.send(Opcode.READ, 3, more, 16 + max + 1).errno());
    }

    @Test
    void writeOfAnotherSizeThanItsDataRepliesEinval() {
        for (int size : new int[] {0, 3, 5, -1, Integer.MIN_VALUE, Integer.MAX_VALUE}) {
            byte[] body = bytes(91L, 0L, size, 0, 0L, 0, 0, new byte[4]);
            refused(Errno.EINVAL, Opcode.WRITE, body);
        }
    }

    @Test
    void writeBeyondMaxWriteRepliesEinval() {
        int max = FuseOptions.MAX_WRITE_BYTES;
        byte[] body = bytes(91L, 0L, max + 1, 0, 0L, 0, 0, new byte[max + 1]);
        refused(Errno.EINVAL, Opcode.WRITE, body);
        byte[] largest = bytes(91L, 0L, max, 0, 0L, 0, 0, new byte[max]);
        assertEquals(0, guest.send(Opcode.WRITE, 3, largest).errno());
    }

    @Test
    void readIsCutToTheRoomThereIs() {
        for (int size : new int[] {100, Integer.MAX_VALUE, -1}) {
            byte[] body = bytes(91L, 0L, size, 0, 0L, 0, 0);
            assertEquals(16 + 50, guest.send(Opcode.READ, 3, body, 16 + 50).length());
        }
        assertEquals("read(3, 91, 0, 50 bytes)", files.calls().get(0));
    }

    @Test
    void moreMappingsToRemoveThanAPageHoldsReplyEinval() {
        int max = MappingRequests.MAX_REMOVED;
        refused(Errno.EINVAL, Opcode.REMOVEMAPPING, bytes(max + 1, new byte[(max + 1) * 16]));
        guest.send(Opcode.REMOVEMAPPING, 3, bytes(max, new byte[max * 16]));
        assertEquals(1, files.calls().size());
    }

    @Test
    void openNeverCreates() {
        int creating = OpenFlags.O_CREAT | OpenFlags.O_EXCL | OpenFlags.O_NOCTTY;
        guest.send(Opcode.OPEN, 3, bytes(creating | 2, 0));
        assertEquals(List.of("open(3, 2, false)"), files.calls());
    }

    @Test
    void timesBeyondASecondReplyEinval() {
        for (int bit : new int[] {AttributeChange.FATTR_ATIME, 32, AttributeChange.FATTR_CTIME}) {
            for (int nanos : new int[] {1_000_000_000, -1}) {
                byte[] body =
                        bytes(bit, 0, 0L, 0L, 0L, 0L, 0L, 0L, nanos, nanos, nanos, 0, 0, 0, 0, 0);
                refused(Errno.EINVAL, Opcode.SETATTR, body);
            }
        }
        byte[] negativeSize = bytes(AttributeChange.FATTR_SIZE, 0, 0L, -1L, new byte[64]);
        refused(Errno.EINVAL, Opcode.SETATTR, negativeSize);
    }

    @Test
    void seeksOtherThanForDataAndHolesReplyEinval() {
        for (int whence : new int[] {0, 1, 2, 5, -1}) {
            refused(Errno.EINVAL, Opcode.LSEEK, bytes(91L, 0L, whence, 0));
        }
    }

    @Test
    void emptyRangeToAllocateRepliesEinval() {
        refused(Errno.EINVAL, Opcode.FALLOCATE, bytes(91L, 0L, 0L, 0, 0));
        refused(Errno.EINVAL, Opcode.FALLOCATE, bytes(91L, 0L, -1L, 0, 0));
    }

    @Test
    void copyWithFlagsRepliesEinval() {
        refused(Errno.EINVAL, Opcode.COPY_FILE_RANGE, bytes(91L, 0L, 4L, 92L, 0L, 1L, 1L));
    }

    @Test
    void copyOfHugeLengthIsCut() {
        byte[] body = bytes(91L, 0L, 4L, 92L, 0L, -1L, 0L);
        TestGuest.Answer answer = guest.send(Opcode.COPY_FILE_RANGE, 3, body);
        assertEquals(64 << 20, WriteOut.read(answer.reader()).size());
    }

    @Test
    void accessOfUnknownBitsRepliesEinval() {
        refused(Errno.EINVAL, Opcode.ACCESS, bytes(8, 0));
    }

    @Test
    void renameFlagsThatExcludeEachOtherReplyEinval() {
        for (int flags : new int[] {3, 6, 7, 8, -1}) {
            refused(Errno.EINVAL, Opcode.RENAME2, bytes(4L, flags, 0, "old", "new"));
        }
    }

    @Test
    void mknodOfDirectoriesAndLinksRepliesEinval() {
        for (int mode : new int[] {0040755, 0120777, 0644, 0170000}) {
            refused(Errno.EINVAL, Opcode.MKNOD, bytes(mode, 0, 0, 0, "node"));
        }
    }

    @Test
    void createOfAnythingButFilesRepliesEinval() {
        for (int mode : new int[] {0040755, 0120777, 0010644, 0170000}) {
            refused(Errno.EINVAL, Opcode.CREATE, bytes(2, mode, 0, 0, "file"));
        }
    }

    @Test
    void nothingIsMadeForCallersWithoutIdentity() {
        byte[][] bodies = {
            bytes("link", "to"),
            bytes(0100644, 0, 0, 0, "node"),
            bytes(0755, 0, "dir"),
            bytes(2, 0100644, 0, 0, "file"),
            bytes(4L, 4, 0, "old", "new")
        };
        Opcode[] opcodes = {
            Opcode.SYMLINK, Opcode.MKNOD, Opcode.MKDIR, Opcode.CREATE, Opcode.RENAME2
        };
        for (int i = 0; i < opcodes.length; i++) {
            int code = opcodes[i].code();
            byte[] noUid = guest.request(code, 3, -1, 0, 0, bodies[i]);
            byte[] noGid = guest.request(code, 3, 0, -1, 0, bodies[i]);
            assertEquals(Errno.EOVERFLOW, guest.sendRaw(noUid, 4096).errno());
            assertEquals(Errno.EOVERFLOW, guest.sendRaw(noGid, 4096).errno());
        }
        assertEquals(List.of(), files.calls());
    }

    @Test
    void batchForgetOfMoreItemsThanSentForgetsNothing() {
        for (int count : new int[] {3, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            byte[] body = bytes(count, 0, 10L, 1L, 11L, 2L);
            assertNull(guest.send(Opcode.BATCH_FORGET, 0, body).body());
        }
        int tooMany = NodeRequests.MAX_BATCH_FORGET + 1;
        guest.send(Opcode.BATCH_FORGET, 0, bytes(tooMany, 0, new byte[tooMany * 16]));
        assertEquals(List.of(), files.calls());
    }

    @Test
    void lookupWithoutNodeRepliesEnoent() {
        files.answer("lookup", arguments -> FakeEntry.negative(0));
        assertEquals(Errno.ENOENT, guest.send(Opcode.LOOKUP, 3, bytes("none")).errno());
    }

    @Test
    void lookupWithoutNodeButTimeoutRepliesANegativeEntry() {
        files.answer("lookup", arguments -> FakeEntry.negative(1_000_000_000L));
        TestGuest.Answer answer = guest.send(Opcode.LOOKUP, 3, bytes("none"));
        assertEquals(0, EntryOut.read(answer.reader()).nodeid());
        assertEquals(1, EntryOut.read(answer.reader()).entryValid());
    }

    @Test
    void rootFoundOnceMoreRepliesEloop() {
        files.answer("lookup", arguments -> FakeEntry.of(FileSystem.ROOT, 0040755));
        assertEquals(Errno.ELOOP, guest.send(Opcode.LOOKUP, 3, bytes("loop")).errno());
    }

    @Test
    void entryThatTheGuestWouldRefuseIsForgottenAgain() {
        files.answer("lookup", arguments -> FakeEntry.of(5, 0644));
        assertEquals(Errno.EIO, guest.send(Opcode.LOOKUP, 3, bytes("typeless")).errno());
        assertEquals("forget(5, 1)", files.calls().get(1));
    }

    @Test
    void wrongAnswersOfTheFileSystemReplyEio() {
        byte[] read = bytes(91L, 0L, 4, 0, 0L, 0, 0);
        byte[] write = bytes(91L, 0L, 4, 0, 0L, 0, 0, new byte[4]);
        byte[] copy = bytes(91L, 0L, 4L, 92L, 0L, 4L, 0L);
        bug("read", arguments -> 5, Opcode.READ, read);
        bug("read", arguments -> -1, Opcode.READ, read);
        bug("write", arguments -> 5, Opcode.WRITE, write);
        bug("write", arguments -> -1, Opcode.WRITE, write);
        bug("copyFileRange", arguments -> 5L, Opcode.COPY_FILE_RANGE, copy);
        bug("getattr", arguments -> FakeAttributes.of(0), Opcode.GETATTR, bytes(0, 0, 0L));
        bug("readlink", arguments -> new byte[0], Opcode.READLINK, bytes());
        bug("readlink", arguments -> new byte[4096], Opcode.READLINK, bytes());
        bug("mkdir", arguments -> FakeEntry.negative(0), Opcode.MKDIR, bytes(0755, 0, "dir"));
    }

    @Test
    void linkTargetThatDoesNotFitRepliesEio() {
        assertEquals(Errno.EIO, guest.send(Opcode.READLINK, 3, bytes(), 16 + 7).errno());
        assertEquals(16 + 8, guest.send(Opcode.READLINK, 3, bytes(), 16 + 8).length());
    }

    @Test
    void attributeFlagsArePaddingBefore732() {
        assertEquals(2, attributeFlags());
        guest.init(31, 0x7bff_fffb, 0);
        assertEquals(0, attributeFlags());
    }

    private int attributeFlags() {
        TestGuest.Answer answer = guest.send(Opcode.GETATTR, 3, bytes(0, 0, 0L));
        return AttrOut.read(answer.reader()).attr().flags();
    }
}
