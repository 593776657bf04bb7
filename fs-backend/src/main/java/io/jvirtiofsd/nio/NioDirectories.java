package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.DirectoryOperations;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.OpenReply;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Path;
import java.util.List;

/**
 * Operations on open directories of one session.
 *
 * <p>Offset 1 is after ".", 2 after "..", and n + 2 after the n-th name of the handle's list.
 * <i>Thread-safe</i>: one handle is read by one thread at a time.
 */
final class NioDirectories implements DirectoryOperations {
    private static final int MODE_TO_TYPE = 12; // linux/fs_types.h S_DT_SHIFT
    private static final int DIRECTORY_TYPE = 4; // linux/fs_types.h DT_DIR
    private static final Name SELF = Name.of((byte) '.');
    private static final Name PARENT = Name.of((byte) '.', (byte) '.');

    private final NioTree share;
    private final NioSession session;
    private final NioNames names;

    NioDirectories(NioTree share, NioSession session, NioNames names) {
        this.share = share;
        this.session = session;
        this.names = names;
    }

    @Override
    public OpenReply opendir(long nodeId) throws ErrnoException {
        NioSession.Directory directory = session.withNames(() -> session.directory(nodeId));
        long fh = session.add(new OpenDirectory(directory.node(), session.memory()));
        return new OpenReply(fh, share.options().directoryFlags());
    }

    @Override
    public void readdir(long nodeId, long fh, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        OpenDirectory open = session.openDirectory(nodeId, fh);
        synchronized (open) {
            session.withNames(
                    () -> {
                        read(open, offset, plus, sink);
                        return null;
                    });
        }
    }

    private void read(OpenDirectory open, long offset, boolean plus, DirectorySink sink)
            throws ErrnoException {
        Path path = session.nodes().path(open.node());
        NioAttributes seen = NioErrno.call(() -> share.views().read(path));
        if (!open.node().is(seen)) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        NioSession.Directory directory = new NioSession.Directory(open.node(), path, seen);
        // Listed anew from the start, so that a second reading shows what has changed, as
        // rewinddir(3).
        if (offset == 0 || open.names() == null) {
            NioErrno.run(() -> open.read(path));
        }
        if (offset <= 0 && !sink.add(open.node().ino(), 1, DIRECTORY_TYPE, SELF)) {
            return;
        }
        long above = session.nodes().parent(open.node()).ino();
        if (offset <= 1 && !sink.add(above, 2, DIRECTORY_TYPE, PARENT)) {
            return;
        }
        List<String> all = open.names();
        if (all == null) {
            throw ErrnoException.of(Errno.EBADF); // closed meanwhile
        }
        for (long at = Math.max(0, offset - 2); at < all.size(); at++) {
            if (!add(directory, all.get((int) at), at + 3, plus, sink)) {
                return;
            }
        }
    }

    @Override
    public void releasedir(long fh) throws ErrnoException {
        session.release(fh);
    }

    /** No provider can make a directory durable. */
    @Override
    public void fsyncdir(long nodeId, long fh, boolean dataOnly) throws ErrnoException {
        session.handle(nodeId, fh);
    }

    /**
     * Adds a name; false if it does not fit. A name that is gone, or none for a guest, is left out.
     */
    private boolean add(
            NioSession.Directory directory,
            String string,
            long next,
            boolean plus,
            DirectorySink sink)
            throws ErrnoException {
        Name name;
        try {
            name = Name.of(FileNames.encode(string));
        } catch (CharacterCodingException e) {
            return true;
        }
        if (!sink.fits(name.length())) {
            return false;
        }
        try {
            if (plus) {
                NioEntry entry = names.lookup(directory, string);
                boolean added = sink.add(entry, next, name);
                if (!added) {
                    session.nodes().forget(entry.nodeId(), 1);
                }
                return added;
            }
            Path path = share.child(directory.path(), string);
            NioAttributes seen = NioErrno.call(() -> share.views().read(path));
            long ino = session.nodes().inoOf(directory.node(), string, seen);
            return sink.add(ino, next, seen.mode() >> MODE_TO_TYPE, name);
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENOENT
                    || e.errno() == Errno.EILSEQ
                    || e.errno() == Errno.EINVAL) {
                return true;
            }
            long ino = directory.node().ino(); // never 0, and not asked for by anybody
            return sink.add(ino, next, 0, name);
        }
    }
}
