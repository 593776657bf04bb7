package io.jvirtiofsd.fuse.server;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.LockWait;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.fuse.server.SessionRequests.NoneIn;
import java.util.Arrays;

/**
 * One request while it is served: a private copy of what was asked, and the answer being made;
 * owned by a {@link FuseWorker}, which uses it for one request after another.
 *
 * <p><i>Confined to the request's thread.</i> Everything is decoded from the private copy, since
 * the guest may change its own memory at any time; only the data of READ and WRITE stays there.
 */
final class Request {
    static final int OUT_HEADER_BYTES = 16; // fuse.h struct fuse_out_header

    /** Most bytes that READDIR and READDIRPLUS answer at once. */
    static final int MAX_READDIR_BYTES = 128 << 10;

    private final FuseServer server;
    private final byte[] copy = new byte[InHeader.BYTES + Opcode.largestSnapshot()];
    private final InHeader header = new InHeader();
    private final WireReader arguments = new WireReader();
    private final WireReader nameReader = new WireReader();
    private final Name name = new Name();
    private final Name secondName = new Name();
    private final WireWriter body = new WireWriter(OUT_HEADER_BYTES + MAX_READDIR_BYTES);
    private final DirectoryBuffer directory = new DirectoryBuffer(body);

    private RequestReader reader;
    private ReplyWriter writer;
    private Negotiated negotiated;
    private Session session;
    private int readableBytes;
    private int copyEnd;
    private int dataBytes;
    private int inPlaceBytes;
    private LockWait wait;

    Request(FuseServer server) {
        this.server = server;
    }

    /** Starts over with the header of the next request, which must be there. */
    void begin(RequestReader reader, ReplyWriter writer) {
        this.reader = reader;
        this.writer = writer;
        readableBytes = reader.remaining();
        reader.read(copy, 0, InHeader.BYTES);
        arguments.reset(copy, 0, InHeader.BYTES);
        header.read(arguments);
        name.set(copy, 0, 0);
        secondName.set(copy, 0, 0);
        copyEnd = InHeader.BYTES;
        dataBytes = 0;
        wait = null;
        clearReply();
    }

    /** The opcode of a request that is to {@link #begin} later, whose header must be there. */
    int peekOpcode(RequestReader reader) {
        reader.read(copy, 0, InHeader.BYTES);
        arguments.reset(copy, 0, InHeader.BYTES);
        header.read(arguments);
        return header.opcode();
    }

    /**
     * Copies and checks what the row says; afterwards the operation may run, on the session that is
     * {@code current} now. For INIT there is none.
     */
    void load(Opcode opcode, FuseServer.Begun current) throws ErrnoException {
        negotiated = current == null ? null : current.negotiated();
        session = current == null ? null : current.session();
        int extensionBytes = current == null ? 0 : negotiated.extensionBytes(header);
        int length = readableBytes - InHeader.BYTES - extensionBytes;
        int missing = current == null ? 0 : opcode.missingBytes(negotiated);
        if (length < opcode.argumentBytes() - missing) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int copied = Math.min(length, opcode.snapshotBytes() - missing);
        copy(opcode.argumentBytes(), missing, copied);
        dataBytes = length - copied;
        if (opcode.names() != Names.NONE) {
            if (dataBytes > 0) {
                throw ErrnoException.of(opcode.names().tooLong());
            }
            nameReader.reset(copy, InHeader.BYTES + opcode.argumentBytes(), copyEnd);
            opcode.names().read(nameReader, name, secondName);
            if (extensionBytes > 0 && opcode.creates() && negotiated.readsExtensions()) {
                header.setExtensions(readExtensions(extensionBytes));
            }
        }
    }

    private Extensions readExtensions(int bytes) throws ErrnoException {
        if (bytes > Extensions.MAX_BYTES) {
            throw ErrnoException.of(Errno.E2BIG);
        }
        byte[] records = new byte[bytes];
        reader.read(records, 0, bytes);
        return Extensions.read(records);
    }

    /**
     * Copies the next {@code copied} bytes; where an older guest leaves the last {@code missing} of
     * {@code argumentBytes} out, they become zero.
     */
    private void copy(int argumentBytes, int missing, int copied) {
        int full = InHeader.BYTES + argumentBytes;
        if (missing > 0) {
            int sent = argumentBytes - missing;
            reader.read(copy, InHeader.BYTES, sent);
            Arrays.fill(copy, full - missing, full, (byte) 0);
            reader.read(copy, full, copied - sent);
        } else {
            reader.read(copy, InHeader.BYTES, copied);
        }
        copyEnd = InHeader.BYTES + copied + missing;
        arguments.reset(copy, InHeader.BYTES, copyEnd);
    }

    /** Whether the header tells the truth about the length. */
    boolean lengthMatches() {
        return header.len() == readableBytes;
    }

    FuseServer server() {
        return server;
    }

    /** The session that the request began with, whatever happens meanwhile; null only for INIT. */
    Session session() {
        return session;
    }

    /** The operation has run: until the next request nothing keeps the session, should it end. */
    void leaveSession() {
        session = null;
    }

    /** What was agreed on at INIT; null only for INIT itself. */
    Negotiated negotiated() {
        return negotiated;
    }

    InHeader header() {
        return header;
    }

    long nodeId() {
        return header.nodeId();
    }

    /** The fixed arguments, not yet consumed. */
    WireReader arguments() {
        return arguments;
    }

    Name name() {
        return name;
    }

    Name secondName() {
        return secondName;
    }

    /** A copy of what follows the names. */
    byte[] afterNames() {
        return nameReader.rest();
    }

    /** Bytes that follow what was copied: the data of WRITE, the items of BATCH_FORGET. */
    int dataBytes() {
        return dataBytes;
    }

    /** The first {@code size} &le; {@link #dataBytes} of these bytes, in place. */
    GuestData data(int size) {
        return reader.data(size);
    }

    /**
     * Copies as many as possible, up to {@code count}, of the next items of {@code itemBytes} each,
     * and returns a reader of the copies.
     */
    WireReader copyItems(int count, int itemBytes) {
        int length = Math.min(count, (copy.length - copyEnd) / itemBytes) * itemBytes;
        reader.read(copy, copyEnd, length);
        arguments.reset(copy, copyEnd, copyEnd + length);
        return arguments;
    }

    /** The body of the answer. */
    WireWriter body() {
        return body;
    }

    /** The body of a READDIR answer. */
    DirectoryBuffer directory() {
        return directory;
    }

    /** Bytes that the guest has room for after the header of the answer. */
    int room() {
        return writer.capacity() - OUT_HEADER_BYTES;
    }

    /** The guest's buffers for READ data, {@code size} &le; {@link #room} bytes, used in place. */
    GuestData target(int size) {
        return writer.data(OUT_HEADER_BYTES, size);
    }

    /** Notes that {@code bytes} of the {@link #target} were filled. */
    void filledInPlace(int bytes) {
        inPlaceBytes = bytes;
    }

    /** Notes that the request is answered when {@code lock} has been waited for. */
    void park(LockWait lock) {
        wait = lock;
    }

    /** The lock that the request waits for, or null if it can be answered. */
    LockWait parkedFor() {
        return wait;
    }

    /** The part of a caller's umask that the guest has left to the file system. */
    int umask(int umask) {
        return InitFlag.DONT_MASK.in(negotiated.flags()) ? umask & FileType.PERMISSIONS : 0;
    }

    /** Refuses a caller without uid or gid, as whom nothing may be created. */
    void requireIdentity() throws ErrnoException {
        if (header.uid() == -1 || header.gid() == -1) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
    }

    /** Refuses a range of a file that is not within 0&hellip;2⁶³&minus;1. */
    static void requireRange(long offset, long length) throws ErrnoException {
        if (offset < 0 || length < 0 || offset > Long.MAX_VALUE - length) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** Copies the answer to the guest and returns its length. */
    int deliver() {
        int length = body.position() + inPlaceBytes;
        return deliver(length, 0, body.position());
    }

    /** Copies an answer that is only {@code errno} to the guest and returns its length. */
    int deliverError(int errno) {
        clearReply();
        return deliver(OUT_HEADER_BYTES, -errno, OUT_HEADER_BYTES);
    }

    /**
     * Answers {@code errno} to a request that is not served, with its id if that can be read, and
     * returns the length of the answer.
     */
    int refuse(RequestReader reader, ReplyWriter writer, int errno) {
        this.reader = reader;
        this.writer = writer;
        int known = Math.min(reader.remaining(), InHeader.BYTES);
        Arrays.fill(copy, 0, InHeader.BYTES, (byte) 0);
        reader.read(copy, 0, known);
        arguments.reset(copy, 0, InHeader.BYTES);
        header.read(arguments);
        return deliverError(errno);
    }

    private int deliver(int length, int error, int end) {
        body.position(0);
        body.u32(length);
        body.u32(error);
        body.u64(header.unique());
        body.position(end);
        writer.write(0, body.array(), 0, end);
        return length;
    }

    private void clearReply() {
        body.position(OUT_HEADER_BYTES);
        inPlaceBytes = 0;
    }

    /** A second look at the fixed arguments of {@code opcode}, for the trace; none if refused. */
    Record argumentsAgain(Opcode opcode) {
        if (copyEnd - InHeader.BYTES < opcode.argumentBytes()) {
            return NoneIn.read(arguments);
        }
        arguments.reset(copy, InHeader.BYTES, copyEnd);
        return opcode.arguments(arguments);
    }

    /** A look at the body of the answer that was delivered, for the trace. */
    Record bodyAgain(Opcode opcode) {
        arguments.reset(body.array(), OUT_HEADER_BYTES, body.position());
        return opcode.reply().read(arguments);
    }
}
