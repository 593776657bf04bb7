package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.server.AttributeWire.AttrOut;
import io.jvirtiofsd.fuse.server.AttributeWire.EntryOut;
import io.jvirtiofsd.fuse.server.AttributeWire.StatxOut;
import io.jvirtiofsd.fuse.server.ControlRequests.IoctlOut;
import io.jvirtiofsd.fuse.server.ControlRequests.PollOut;
import io.jvirtiofsd.fuse.server.FileRequests.CopyFileRangeOut;
import io.jvirtiofsd.fuse.server.FileRequests.CreateOut;
import io.jvirtiofsd.fuse.server.FileRequests.LseekOut;
import io.jvirtiofsd.fuse.server.FileRequests.OpenOut;
import io.jvirtiofsd.fuse.server.FileRequests.WriteOut;
import io.jvirtiofsd.fuse.server.LockRequests.LkOut;
import io.jvirtiofsd.fuse.server.NodeRequests.Kstatfs;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import io.jvirtiofsd.fuse.server.SessionRequests.NoneIn;
import java.util.function.Function;

/**
 * What an operation answers: the body's fixed bytes, for which there must be room before the
 * operation runs, and how the trace reads it.
 */
enum Reply {
    /** The guest expects no answer at all, not even an error. */
    NONE(0, NoneIn::read),
    EMPTY(0, NoneIn::read),
    /** An answer of any number of bytes. */
    DATA(0, NoneIn::read),
    ENTRY(EntryOut.BYTES, EntryOut::read),
    ATTR(AttrOut.BYTES, AttrOut::read),
    OPEN(OpenOut.BYTES, OpenOut::read),
    CREATE(CreateOut.BYTES, CreateOut::read),
    WRITE(WriteOut.BYTES, WriteOut::read),
    STATFS(Kstatfs.BYTES, Kstatfs::read),
    COPY(CopyFileRangeOut.BYTES, CopyFileRangeOut::read),
    IOCTL(IoctlOut.BYTES, IoctlOut::read),
    POLL(PollOut.BYTES, PollOut::read),
    STATX(StatxOut.BYTES, StatxOut::read),
    LOCK(LkOut.BYTES, LkOut::read),
    LSEEK(LseekOut.BYTES, LseekOut::read),
    INIT(InitOut.BYTES, InitOut::read);

    private final int bodyBytes;
    private final Function<WireReader, Record> reader;

    Reply(int bodyBytes, Function<WireReader, Record> reader) {
        this.bodyBytes = bodyBytes;
        this.reader = reader;
    }

    int bodyBytes() {
        return bodyBytes;
    }

    Record read(WireReader in) {
        return reader.apply(in);
    }
}
