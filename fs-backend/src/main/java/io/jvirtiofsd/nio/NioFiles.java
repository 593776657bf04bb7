package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.CopyRequest;
import io.jvirtiofsd.fuse.CreateReply;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileOperations;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.GuestData;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NewFile;
import io.jvirtiofsd.fuse.OpenFlags;
import io.jvirtiofsd.fuse.OpenReply;
import io.jvirtiofsd.fuse.WriteFlags;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/**
 * Operations on open regular files of one session. Data is copied once more than in a shared
 * directory of the host: channels take Java's memory, not the guest's.
 *
 * <p><i>Thread-safe.</i>
 */
final class NioFiles implements FileOperations {
    private static final int READ_ONLY = 0; // asm-generic/fcntl.h O_RDONLY
    private static final int WRITE_ONLY = 1; // asm-generic/fcntl.h O_WRONLY
    private static final int SEEK_DATA = 3; // linux/fs.h
    private static final int CHUNK_BYTES = 1 << 17;
    private static final ThreadLocal<byte[]> CHUNKS =
            ThreadLocal.withInitial(() -> new byte[CHUNK_BYTES]);

    private static final Set<OpenOption> READ = Set.of(StandardOpenOption.READ);
    private static final Set<OpenOption> WRITE = Set.of(StandardOpenOption.WRITE);
    private static final Set<OpenOption> BOTH =
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE);
    private static final Set<OpenOption> NEW =
            Set.of(
                    StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.READ,
                    StandardOpenOption.WRITE);

    private final NioTree share;
    private final NioSession session;
    private final NioNames names;
    private final NioNodes nodes;

    NioFiles(NioTree share, NioSession session, NioNames names, NioNodes nodes) {
        this.share = share;
        this.session = session;
        this.names = names;
        this.nodes = nodes;
    }

    @Override
    public OpenReply open(long nodeId, int flags, boolean killSetIds) throws ErrnoException {
        Node node = session.nodes().node(nodeId);
        if (!node.isRegular()) {
            throw ErrnoException.of(node.isDirectory() ? Errno.EISDIR : Errno.ENXIO);
        }
        int mode = accessMode(flags);
        boolean truncating = (flags & OpenFlags.O_TRUNC) != 0;
        if (mode != READ_ONLY || truncating) {
            share.refuseIfReadOnly();
        }
        return session.withNames(
                () -> {
                    OpenChannel channel = channel(node, mode, truncating);
                    OpenReply reply = opened(node, channel, mode);
                    if (truncating) {
                        truncate(node, reply.fh(), killSetIds, channel);
                    }
                    return reply;
                });
    }

    /** Opens a file; one without a name by a handle that is still open, or ENOENT. */
    private OpenChannel channel(Node node, int mode, boolean truncating) throws ErrnoException {
        boolean reading = mode != WRITE_ONLY;
        boolean writing = mode != READ_ONLY || truncating;
        NioSession.Place place = session.find(node);
        // A file without a name is reached only by what is still open. And one copy of a file that
        // nobody changes is enough for all who open it.
        if (place == null || share.isUnchanging() && share.copies()) {
            OpenChannel shared = node.shareOpen(reading, writing);
            if (shared != null) {
                return shared;
            } else if (place == null) {
                throw ErrnoException.of(Errno.ENOENT);
            }
        }
        Set<OpenOption> wanted = !writing ? READ : reading ? BOTH : WRITE;
        Allowance allowance = allowance();
        return NioErrno.call(
                () -> {
                    if (share.copies()) { // before it is copied
                        long size = place.attributes().size();
                        allowance.take(size);
                        allowance.give(size);
                    }
                    SeekableByteChannel channel = share.channel(place.path(), wanted);
                    return new OpenChannel(channel, reading, writing, allowance, share.copies());
                });
    }

    /** What the copies of files are taken from. */
    private Allowance allowance() {
        return share.copies() && !share.isUnchanging() ? session.disk() : session.memory();
    }

    private static int accessMode(int flags) throws ErrnoException {
        int mode = flags & OpenFlags.O_ACCMODE;
        if (mode == OpenFlags.O_ACCMODE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return mode;
    }

    private void truncate(Node node, long fh, boolean killSetIds, OpenChannel channel)
            throws ErrnoException {
        try {
            NioErrno.run(() -> channel.setSize(0));
            if (killSetIds) {
                nodes.killSetIds(node);
            }
        } catch (ErrnoException e) {
            session.release(fh);
            throw e;
        }
    }

    /** Takes a share of {@code channel}. */
    private OpenReply opened(Node node, OpenChannel channel, int mode) throws ErrnoException {
        OpenFile file = new OpenFile(node, channel, mode != WRITE_ONLY, mode != READ_ONLY);
        node.opened(file);
        return new OpenReply(session.add(file), share.options().fileFlags());
    }

    @Override
    public CreateReply create(Caller caller, long parent, Name name, NewFile in)
            throws ErrnoException {
        share.requireRoom();
        int mode = accessMode(in.flags());
        String string = NioTree.string(name);
        return session.withNames(
                () -> {
                    NioSession.Directory directory = session.directory(parent);
                    try {
                        return createNew(caller, directory, string, in.mode() & ~in.umask(), mode);
                    } catch (ErrnoException e) {
                        boolean exclusive = (in.flags() & OpenFlags.O_EXCL) != 0;
                        if (e.errno() != Errno.EEXIST || exclusive) {
                            throw e;
                        }
                    }
                    return openExisting(directory, string, in);
                });
    }

    private CreateReply createNew(
            Caller caller, NioSession.Directory directory, String name, int permissions, int mode)
            throws ErrnoException {
        SeekableByteChannel[] made = {null};
        NioEntry entry;
        try {
            entry =
                    names.make(
                            caller,
                            directory,
                            name,
                            permissions & FileType.PERMISSIONS,
                            path -> made[0] = createChannel(path, permissions));
        } catch (ErrnoException e) {
            if (made[0] != null) {
                NioErrno.run(made[0]::close);
            }
            throw e;
        }
        try {
            Node node = session.nodes().node(entry.nodeId());
            OpenChannel channel =
                    NioErrno.call(
                            () ->
                                    new OpenChannel(
                                            made[0], true, true, allowance(), share.copies()));
            return new CreateReply(entry, opened(node, channel, mode));
        } catch (ErrnoException e) {
            session.nodes().forget(entry.nodeId(), 1);
            throw e;
        }
    }

    /** A new file that can be seen: in zip there is none before its first channel closes. */
    private SeekableByteChannel createChannel(Path path, int permissions) throws IOException {
        SeekableByteChannel channel = share.channel(path, NEW, share.views().creating(permissions));
        try {
            share.views().read(path);
            return channel;
        } catch (java.nio.file.NoSuchFileException e) {
            channel.close();
            return share.channel(path, BOTH);
        }
    }

    private CreateReply openExisting(NioSession.Directory directory, String name, NewFile in)
            throws ErrnoException {
        NioEntry entry = names.lookup(directory, name);
        try {
            OpenReply open = open(entry.nodeId(), in.flags(), in.killSuidgid());
            // O_TRUNC has changed what the lookup saw.
            try {
                Attributes now = nodes.getattr(entry.nodeId(), false, 0);
                return new CreateReply(
                        new NioEntry(entry.nodeId(), entry.entryValidNanos(), now), open);
            } catch (ErrnoException e) {
                session.release(open.fh());
                throw e;
            }
        } catch (ErrnoException e) {
            session.nodes().forget(entry.nodeId(), 1);
            throw e;
        }
    }

    @Override
    public int read(long nodeId, long fh, long offset, GuestData target) throws ErrnoException {
        OpenChannel file = session.file(nodeId, fh).reading();
        byte[] chunk = CHUNKS.get();
        int done = 0;
        while (done < target.size()) {
            int wanted = Math.min(chunk.length, target.size() - done);
            ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, wanted);
            long at = offset + done;
            int count = NioErrno.call(() -> file.read(buffer, at));
            target.put(done, chunk, 0, count);
            done += count;
            if (count < wanted) {
                break;
            }
        }
        return done;
    }

    @Override
    public int write(
            long nodeId, long fh, long offset, int writeFlags, int openFlags, GuestData source)
            throws ErrnoException {
        OpenFile open = session.file(nodeId, fh);
        OpenChannel file = open.writing();
        boolean appends = WriteFlags.appends(writeFlags, openFlags);
        long start = appends ? NioErrno.call(file::size) : offset;
        share.reserve().require();
        share.checkSize(start + source.size());
        byte[] chunk = CHUNKS.get();
        int done = 0;
        while (done < source.size()) {
            int count = Math.min(chunk.length, source.size() - done);
            source.get(done, chunk, 0, count);
            long at = offset + done;
            ByteBuffer bytes = ByteBuffer.wrap(chunk, 0, count);
            try {
                NioErrno.run(
                        () -> {
                            if (appends) {
                                file.append(bytes);
                            } else {
                                file.write(bytes, at);
                            }
                        });
            } catch (ErrnoException e) {
                // What was written counts; the guest meets the error again when it goes on.
                if (done == 0) {
                    throw e;
                }
                return done;
            }
            done += count;
        }
        if ((openFlags & OpenFlags.O_SYNC) != 0) {
            boolean metadata = (openFlags & OpenFlags.O_SYNC) == OpenFlags.O_SYNC;
            NioErrno.run(() -> file.force(metadata));
        }
        if ((writeFlags & WriteFlags.WRITE_KILL_SUIDGID) != 0) {
            session.withNames(
                    () -> {
                        nodes.killSetIds(open.node());
                        return null;
                    });
        }
        return done;
    }

    /** Channels put nothing off that closing a duplicate would report. */
    @Override
    public void flush(long nodeId, long fh, long lockOwner) throws ErrnoException {
        session.file(nodeId, fh);
    }

    @Override
    public void release(long fh) throws ErrnoException {
        session.release(fh);
    }

    @Override
    public void fsync(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        if (session.handle(nodeId, fh) instanceof OpenFile file) {
            NioErrno.run(() -> file.channel().force(!dataOnly));
        } // no provider can make a directory durable
    }

    /** Answers that all is data up to the end, as lseek(2) allows. */
    @Override
    public long lseek(long nodeId, long fh, long offset, int whence) throws ErrnoException {
        long size = NioErrno.call(session.file(nodeId, fh).channel()::size);
        if (offset < 0 || offset >= size) {
            throw ErrnoException.of(Errno.ENXIO);
        }
        return whence == SEEK_DATA ? offset : size;
    }

    /** No provider can reserve room or punch holes. */
    @Override
    public void fallocate(long nodeId, long fh, long offset, long length, int mode)
            throws ErrnoException {
        session.file(nodeId, fh);
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }

    @Override
    public long copyFileRange(long nodeId, CopyRequest in) throws ErrnoException {
        share.requireRoom();
        OpenFile source = session.file(nodeId, in.fhIn());
        OpenFile target = session.file(in.nodeidOut(), in.fhOut());
        OpenChannel from = source.reading();
        OpenChannel to = target.writing();
        share.checkSize(in.offOut() + in.len());
        long size = NioErrno.call(from::size);
        long length = Math.max(0, Math.min(in.len(), size - in.offIn()));
        if (source.node() == target.node() && Math.abs(in.offIn() - in.offOut()) < length) {
            throw ErrnoException.of(Errno.EINVAL); // copy_file_range(2), of ranges that overlap
        }
        byte[] chunk = CHUNKS.get();
        long done = 0;
        while (done < length) {
            int wanted = (int) Math.min(chunk.length, length - done);
            long at = done;
            ByteBuffer buffer = ByteBuffer.wrap(chunk, 0, wanted);
            int count = NioErrno.call(() -> from.read(buffer, in.offIn() + at));
            if (count == 0) {
                break;
            }
            buffer.flip();
            NioErrno.run(() -> to.write(buffer, in.offOut() + at));
            done += count;
        }
        return done;
    }
}
