package io.jvirtiofsd.fuse.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.Statfs;
import io.jvirtiofsd.fuse.server.AttributeWire.Attr;
import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.AttributeWire.StatxOut;
import io.jvirtiofsd.fuse.server.ControlRequests.IoctlOut;
import io.jvirtiofsd.fuse.server.ControlRequests.PollOut;
import io.jvirtiofsd.fuse.server.FileRequests.CopyFileRangeOut;
import io.jvirtiofsd.fuse.server.FileRequests.LseekOut;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.WriteOut;
import io.jvirtiofsd.fuse.server.NodeRequests.Kstatfs;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import io.jvirtiofsd.fuse.server.XattrRequests.GetxattrOut;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What is written is what the records read, and nothing of the memory below shines through. */
class ReplyLayoutTest {
    private static final Attr ATTR =
            new Attr(
                    101, 102, 103, 104, 106, 108, 105, 107, 109, 0100644, 111, 112, 113, 114, 115,
                    2);

    private static void check(
            int bytes,
            Record expected,
            Consumer<WireWriter> writer,
            Function<WireReader, Record> reader) {
        byte[] overZeros = written(bytes, (byte) 0, writer);
        assertArrayEquals(overZeros, written(bytes, (byte) 0xff, writer), "old bytes left");
        WireReader in = new WireReader();
        in.reset(overZeros, 0, bytes);
        assertEquals(expected, reader.apply(in));
        assertEquals(0, in.remaining());
    }

    private static byte[] written(int bytes, byte before, Consumer<WireWriter> writer) {
        WireWriter out = new WireWriter(bytes);
        Arrays.fill(out.array(), before);
        writer.accept(out);
        assertEquals(bytes, out.position());
        return out.array();
    }

    @Test
    void attributes() {
        FakeAttributes from = FakeAttributes.of(0100644);
        check(
                AttrOut.BYTES,
                new AttrOut(1, 500_000_000, ATTR),
                out -> AttrOut.write(out, from, Attributes.ATTR_DAX),
                AttrOut::read);
    }

    @Test
    void negativeTimeoutsCountAsNone() {
        FakeEntry entry = new FakeEntry(5, 7, -1, FakeAttributes.of(0100644));
        check(
                EntryOut.BYTES,
                new EntryOut(5, 7, 0, 1, 0, 500_000_000, ATTR),
                out -> EntryOut.write(out, entry, Attributes.ATTR_DAX),
                EntryOut::read);
    }

    @Test
    void entry() {
        check(
                EntryOut.BYTES,
                new EntryOut(5, 7, 2, 1, 250_000_000, 500_000_000, ATTR),
                out -> EntryOut.write(out, FakeEntry.of(5, 0100644), Attributes.ATTR_DAX),
                EntryOut::read);
    }

    @Test
    void negativeEntry() {
        Attr none = new Attr(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
        check(
                EntryOut.BYTES,
                new EntryOut(0, 0, 3, 0, 0, 0, none),
                out -> EntryOut.writeNegative(out, FakeEntry.negative(3_000_000_000L)),
                EntryOut::read);
    }

    @Test
    void openWriteLseekStatfs() {
        check(
                OpenOut.BYTES,
                new OpenOut(Long.MIN_VALUE, 9),
                out -> OpenOut.write(out, new OpenReply(Long.MIN_VALUE, 9)),
                OpenOut::read);
        check(WriteOut.BYTES, new WriteOut(77), out -> WriteOut.write(out, 77), WriteOut::read);
        check(
                LseekOut.BYTES,
                new LseekOut(1L << 40),
                out -> LseekOut.write(out, 1L << 40),
                LseekOut::read);
        check(
                Kstatfs.BYTES,
                new Kstatfs(1, 2, 3, 4, 5, 6, 7, 8),
                out -> Kstatfs.write(out, new Statfs(1, 2, 3, 4, 5, 6, 7, 8)),
                Kstatfs::read);
    }

    @Test
    void statxCopyIoctlPoll() {
        check(
                StatxOut.BYTES,
                new StatxOut(1, 500_000_000, 0, FakeStatx.expected(0100644)),
                out -> StatxOut.write(out, FakeStatx.of(0100644)),
                StatxOut::read);
        check(
                CopyFileRangeOut.BYTES,
                new CopyFileRangeOut(1L << 40),
                out -> CopyFileRangeOut.write(out, 1L << 40),
                CopyFileRangeOut::read);
        check(IoctlOut.BYTES, new IoctlOut(0, 0, 0, 0), IoctlOut::write, IoctlOut::read);
        check(PollOut.BYTES, new PollOut(5), out -> PollOut.write(out, 5), PollOut::read);
        check(
                GetxattrOut.BYTES,
                new GetxattrOut(65_536),
                out -> GetxattrOut.write(out, 65_536),
                GetxattrOut::read);
    }

    @Test
    void init() {
        InitOut init = new InitOut(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
        check(InitOut.BYTES, init, init::write, InitOut::read);
    }
}
