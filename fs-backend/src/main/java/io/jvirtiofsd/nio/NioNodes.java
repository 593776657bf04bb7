package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.AttributeChange;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Statfs;
import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;

/**
 * Operations on attributes, of one session. An object without a name is known by its open channel
 * for its size, and by memory for the rest.
 *
 * <p><i>Thread-safe.</i>
 */
final class NioNodes implements NodeOperations {
    private static final int NAME_BYTES = 255;
    private static final int DEFAULT_BLOCK_BYTES = 4096;
    private static final int MAX_TARGET_BYTES = 4095; // PATH_MAX, without the NUL
    private static final int SET_ID_BITS = FileType.SET_USER_ID | FileType.SET_GROUP_ID;

    private final NioTree share;
    private final NioSession session;

    NioNodes(NioTree share, NioSession session) {
        this.share = share;
        this.session = session;
    }

    @Override
    public Attributes getattr(long nodeId, boolean hasHandle, long fh) throws ErrnoException {
        Node node = hasHandle ? session.handle(nodeId, fh).node() : session.nodes().node(nodeId);
        return session.withNames(() -> now(node, session.find(node)));
    }

    /** A node's attributes now; {@code place} is null if it has no name any more. */
    private NioAttributes now(Node node, NioSession.Place place) {
        if (place != null) {
            return place.attributes();
        }
        NioAttributes last = node.last();
        OpenFile open = node.anyOpen();
        try {
            last = open == null ? last : last.withSize(open.channel().size());
        } catch (IOException e) {
            // closed meanwhile
        }
        return node.saw(last.withNlink(0));
    }

    /** Changes mode, owner, size and times in this order: each may change what follows. */
    @Override
    public Attributes setattr(long nodeId, AttributeChange change) throws ErrnoException {
        share.refuseIfReadOnly();
        Node node = session.nodes().node(nodeId);
        if (change.has(AttributeChange.FATTR_SIZE)
                && !node.isRegular()) { // before anything changes
            throw ErrnoException.of(node.isDirectory() ? Errno.EISDIR : Errno.EINVAL);
        }
        boolean byHandle =
                change.has(AttributeChange.FATTR_SIZE) && change.has(AttributeChange.FATTR_FH);
        OpenFile file = byHandle ? session.file(nodeId, change.fh()) : null;
        FileTime atime = time(change, AttributeChange.FATTR_ATIME, AttributeChange.FATTR_ATIME_NOW);
        FileTime mtime = time(change, AttributeChange.FATTR_MTIME, AttributeChange.FATTR_MTIME_NOW);
        return session.withNames(
                () -> {
                    NioSession.Place place = session.find(node);
                    NioAttributes now = now(node, place);
                    if (change.has(AttributeChange.FATTR_MODE)) {
                        if (place != null) {
                            share.views().setMode(place.path(), now, change.mode());
                        }
                        now = now.withPermissions(change.mode());
                    }
                    int uid = change.has(AttributeChange.FATTR_UID) ? change.uid() : now.uid();
                    int gid = change.has(AttributeChange.FATTR_GID) ? change.gid() : now.gid();
                    if (change.has(AttributeChange.FATTR_UID)
                            || change.has(AttributeChange.FATTR_GID)) {
                        if (place != null) {
                            share.views().setOwner(place.path(), now, uid, gid);
                        }
                        now = now.withOwner(uid, gid);
                    }
                    if (change.has(AttributeChange.FATTR_SIZE)) {
                        truncate(node, file, place, change);
                    }
                    if (place != null && (atime != null || mtime != null)) {
                        share.views().setTimes(place.path(), now, atime, mtime);
                    }
                    now = now.withTimes(atime, mtime);
                    node.saw(now);
                    return now(node, place == null ? null : session.find(node));
                });
    }

    /** The time to set, or null if it is to stay. */
    private static FileTime time(AttributeChange change, int bit, int nowBit)
            throws ErrnoException {
        if (!change.has(bit)) {
            return null;
        } else if (change.has(nowBit)) {
            return FileTime.from(Instant.now());
        }
        boolean access = bit == AttributeChange.FATTR_ATIME;
        try {
            return FileTime.from(
                    Instant.ofEpochSecond(
                            access ? change.atime() : change.mtime(),
                            access ? change.atimensec() : change.mtimensec()));
        } catch (DateTimeException | ArithmeticException e) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /**
     * @param file what the guest has named to do it by, or null
     */
    private void truncate(Node node, OpenFile file, NioSession.Place place, AttributeChange change)
            throws ErrnoException {
        share.checkSize(change.size());
        OpenFile open = file;
        if (file != null) {
            if (!file.writable()) {
                throw ErrnoException.of(Errno.EINVAL); // ftruncate(2)
            }
        } else if (node.anyOpen() != null && node.anyOpen().writable()) {
            open = node.anyOpen();
        }
        if (open != null) {
            OpenChannel channel = open.channel();
            NioErrno.run(() -> channel.setSize(change.size()));
        } else if (place == null) {
            throw ErrnoException.of(Errno.ENOENT);
        } else {
            NioErrno.run(() -> truncate(place.path(), change.size()));
        }
        if (change.has(AttributeChange.FATTR_KILL_SUIDGID)) {
            killSetIds(node);
        }
    }

    private void truncate(Path path, long size) throws IOException {
        try (SeekableByteChannel channel = share.channel(path, Set.of(StandardOpenOption.WRITE))) {
            OpenChannel open =
                    new OpenChannel(channel, false, true, session.disk(), share.copies());
            try {
                open.setSize(size);
            } finally {
                open.close();
            }
        }
    }

    /** Clears set-user-ID, and set-group-ID of what the group may execute. */
    void killSetIds(Node node) throws ErrnoException {
        if ((node.last().mode() & SET_ID_BITS) == 0) {
            return;
        }
        NioSession.Place place = session.find(node);
        if (place != null) {
            int mode = place.attributes().mode();
            boolean executable = (mode & FileType.GROUP_EXECUTE) != 0;
            int cleared = mode & ~(executable ? SET_ID_BITS : FileType.SET_USER_ID);
            if (cleared != mode) {
                share.views().setMode(place.path(), place.attributes(), cleared);
            }
        }
    }

    @Override
    public byte[] readlink(long nodeId) throws ErrnoException {
        Node node = session.nodes().node(nodeId);
        if (!node.isSymlink()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return session.withNames(
                () -> {
                    NioSession.Place place = session.find(node);
                    if (place == null) {
                        throw ErrnoException.of(Errno.ENOENT);
                    }
                    byte[] bytes = NioErrno.call(() -> AttributeViews.linkTarget(place.path()));
                    if (bytes.length == 0 || bytes.length > MAX_TARGET_BYTES) {
                        throw ErrnoException.of(Errno.EIO);
                    }
                    return bytes;
                });
    }

    @Override
    public Statfs statfs(long nodeId) throws ErrnoException {
        Node node = session.nodes().node(nodeId);
        return session.withNames(
                () -> {
                    NioSession.Place place = session.find(node);
                    boolean link = node.isSymlink(); // which a provider would follow
                    Path path = place == null || link ? share.root() : place.path();
                    return NioErrno.call(() -> figures(Files.getFileStore(path)));
                });
    }

    private static Statfs figures(FileStore store) throws IOException {
        long block = DEFAULT_BLOCK_BYTES;
        try {
            block = Math.max(1, Math.min(store.getBlockSize(), Integer.MAX_VALUE));
        } catch (UnsupportedOperationException e) {
            // most have none
        }
        return new Statfs(
                store.getTotalSpace() / block,
                store.getUnallocatedSpace() / block,
                store.getUsableSpace() / block,
                0,
                0,
                (int) block,
                NAME_BYTES,
                (int) block);
    }

    /** Checks by mode bits, as the guest's own kernel does under default_permissions. */
    @Override
    public void access(Caller caller, long nodeId, int mask) throws ErrnoException {
        Node node = session.nodes().node(nodeId);
        NioAttributes now = session.withNames(() -> now(node, session.find(node)));
        if ((mask & 2) != 0) {
            share.refuseIfReadOnly();
        }
        int allowed;
        if (caller.uid() == 0) {
            allowed = now.isDirectory() || (now.mode() & 0111) != 0 ? 7 : 6;
        } else if (caller.uid() == now.uid()) {
            allowed = now.mode() >> 6;
        } else if (caller.gid() == now.gid()) {
            allowed = now.mode() >> 3;
        } else {
            allowed = now.mode();
        }
        if ((mask & 7 & ~allowed) != 0) {
            throw ErrnoException.of(Errno.EACCES);
        }
    }
}
