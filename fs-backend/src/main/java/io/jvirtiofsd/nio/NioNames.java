package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileType;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NameOperations;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * Operations that find, make, move or remove names, of one session. The rules of POSIX are checked
 * here, since providers differ: Jimfs puts a directory in a file's place, zip moves a directory and
 * leaves behind what is in it.
 *
 * <p><i>Thread-safe.</i>
 */
final class NioNames implements NameOperations {
    private static final int MKDIR_BITS = 01777; // mkdir(2): the parent decides on set-group-ID
    private static final int NOREPLACE = 1; // linux/fs.h RENAME_NOREPLACE

    private final NioTree share;
    private final NioSession session;
    private final boolean movesWholeDirectories;

    NioNames(NioTree share, NioSession session) {
        this.share = share;
        this.session = session;
        // Its own file system's provider knows nothing above one entry.
        this.movesWholeDirectories =
                !share.root().getFileSystem().provider().getScheme().equals("jar");
    }

    /** The attributes of what is at {@code path}, or null if nothing is. */
    private NioAttributes peek(Path path) throws ErrnoException {
        try {
            return NioErrno.call(() -> share.views().read(path));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENOENT) {
                return null;
            }
            throw e;
        }
    }

    private NioAttributes existing(Path path) throws ErrnoException {
        NioAttributes seen = peek(path);
        if (seen == null) {
            throw ErrnoException.of(Errno.ENOENT);
        }
        return seen;
    }

    private NioEntry entry(NodeTree.Counted counted, NioAttributes seen) {
        NioAttributes now = counted.node().saw(session.sized(counted.node(), seen));
        return new NioEntry(counted.nodeId(), share.options().validNanos(), now);
    }

    /** The entry, nodeId 0 if there is no such name. */
    @Override
    public Entry lookup(long parent, Name name) throws ErrnoException {
        return session.withNames(
                () -> {
                    NioSession.Directory directory = session.directory(parent);
                    try {
                        return lookup(directory, NioTree.string(name));
                    } catch (ErrnoException e) {
                        if (e.errno() == Errno.ENOENT) {
                            return new NioEntry(0, share.options().negativeNanos(), null);
                        }
                        throw e;
                    }
                });
    }

    /** Looks up and counts; to be called under the lock of names. */
    NioEntry lookup(NioSession.Directory directory, String name) throws ErrnoException {
        Path path = share.child(directory.path(), name);
        NioAttributes seen = peek(path);
        if (seen == null) {
            session.nodes().gone(directory.node(), name);
            throw ErrnoException.of(Errno.ENOENT);
        }
        return entry(session.nodes().lookup(directory.node(), name, seen), seen);
    }

    /** Makes an object at a path; it has its permissions from the start if the provider can. */
    @FunctionalInterface
    interface Maker {
        void make(Path path) throws java.io.IOException;
    }

    /**
     * Makes an object and gives it to the caller and the caller's group; to the group of a parent
     * that has set-group-ID.
     *
     * @param mode permissions, or &minus;1 for a symbolic link
     */
    NioEntry make(Caller caller, NioSession.Directory directory, String name, int mode, Maker maker)
            throws ErrnoException {
        Path path = share.child(directory.path(), name);
        session.nodes().requireRoom();
        NioErrno.run(() -> maker.make(path));
        NioAttributes made = existing(path);
        boolean inherits = (directory.attributes().mode() & FileType.SET_GROUP_ID) != 0;
        int gid = inherits ? directory.attributes().gid() : caller.gid();
        int wanted = mode;
        if (inherits && made.isDirectory()) {
            wanted |= FileType.SET_GROUP_ID;
        } else if (caller.uid() != 0
                && gid != caller.gid()
                && gid != caller.supplementaryGroup()
                && (mode & FileType.GROUP_EXECUTE) != 0) {
            wanted &= ~FileType.SET_GROUP_ID;
        }
        give(path, made, caller.uid(), gid, mode < 0 ? -1 : wanted);
        return lookup(directory, name);
    }

    /** Sets owner and mode as far as the provider, and the daemon's own rights, allow. */
    private void give(Path path, NioAttributes made, int uid, int gid, int mode) {
        try {
            if (made.uid() != uid || made.gid() != gid) {
                share.views().setOwner(path, made, uid, gid);
            }
        } catch (ErrnoException e) {
            // it is made, and belongs to whom the provider has given it
        }
        try {
            if (mode >= 0 && (made.mode() & FileType.PERMISSIONS) != mode) {
                share.views().setMode(path, made, mode);
            }
        } catch (ErrnoException e) {
            // it has the permissions it was made with
        }
    }

    @Override
    public Entry mkdir(Caller caller, long parent, Name name, int permissions, int umask)
            throws ErrnoException {
        share.requireRoom();
        int mode = permissions & ~umask;
        return session.withNames(
                () ->
                        make(
                                caller,
                                session.directory(parent),
                                NioTree.string(name),
                                mode & MKDIR_BITS,
                                path -> Files.createDirectory(path, share.views().creating(mode))));
    }

    /** Makes an empty regular file; providers have nothing else to offer. */
    @Override
    public Entry mknod(Caller caller, long parent, Name name, int type, int rdev, int umask)
            throws ErrnoException {
        share.requireRoom();
        int mode = type & ~umask;
        return session.withNames(
                () -> {
                    NioSession.Directory directory = session.directory(parent);
                    String string = NioTree.string(name);
                    if ((mode & FileType.MASK) != FileType.REGULAR) {
                        boolean there = peek(share.child(directory.path(), string)) != null;
                        throw ErrnoException.of(there ? Errno.EEXIST : Errno.EPERM);
                    }
                    return make(
                            caller,
                            directory,
                            string,
                            mode & FileType.PERMISSIONS,
                            path -> Files.createFile(path, share.views().creating(mode)));
                });
    }

    @Override
    public Entry symlink(Caller caller, long parent, Name name, Name target) throws ErrnoException {
        share.requireRoom();
        String string = NioTree.string(target);
        return session.withNames(
                () ->
                        make(
                                caller,
                                session.directory(parent),
                                NioTree.string(name),
                                -1,
                                path -> {
                                    Path to = path.getFileSystem().getPath(string);
                                    try {
                                        Files.createSymbolicLink(path, to);
                                    } catch (UnsupportedOperationException e) {
                                        throw refused(path); // symlink(2)
                                    }
                                }));
    }

    private static java.nio.file.FileSystemException refused(Path path) {
        return new java.nio.file.FileSystemException(
                path.toString(), null, "Operation not permitted");
    }

    @Override
    public Entry link(long nodeId, long newParent, Name newName) throws ErrnoException {
        share.requireRoom();
        String string = NioTree.string(newName);
        return session.withNames(
                () -> {
                    Node node = session.nodes().node(nodeId);
                    NioSession.Directory directory = session.directory(newParent);
                    Path path = share.child(directory.path(), string);
                    NioSession.Place place = session.find(node);
                    if (place == null) {
                        throw ErrnoException.of(Errno.ENOENT);
                    }
                    if (peek(path) != null) {
                        throw ErrnoException.of(Errno.EEXIST);
                    }
                    // Jimfs would link what the symbolic link leads to, wherever that is.
                    boolean followed = node.isSymlink() && !share.views().isHost();
                    if (node.isDirectory() || followed) {
                        throw ErrnoException.of(Errno.EPERM); // link(2)
                    }
                    session.nodes().requireRoom();
                    NioErrno.run(
                            () -> {
                                try {
                                    Files.createLink(path, place.path());
                                } catch (UnsupportedOperationException e) {
                                    throw refused(path); // link(2)
                                }
                            });
                    NioAttributes seen = existing(path);
                    return entry(session.nodes().addName(node, directory.node(), string), seen);
                });
    }

    @Override
    public void unlink(long parent, Name name) throws ErrnoException {
        remove(parent, name, false);
    }

    @Override
    public void rmdir(long parent, Name name) throws ErrnoException {
        remove(parent, name, true);
    }

    /**
     * Removes a name.
     *
     * @param directories whether it must be a directory's, or else must not be
     */
    private void remove(long parent, Name name, boolean directories) throws ErrnoException {
        share.refuseIfReadOnly();
        String string = NioTree.string(name);
        session.changingNames(
                () -> {
                    NioSession.Directory directory = session.directory(parent);
                    Path path = share.child(directory.path(), string);
                    NioAttributes before = existing(path);
                    if (before.isDirectory() != directories) {
                        throw ErrnoException.of(directories ? Errno.ENOTDIR : Errno.EISDIR);
                    }
                    NioErrno.run(() -> Files.delete(path));
                    session.nodes().removed(directory.node(), string, before);
                    return null;
                });
    }

    @Override
    public void rename(long parent, Name name, long newParent, Name newName, int flags)
            throws ErrnoException {
        share.refuseIfReadOnly();
        if ((flags & ~NOREPLACE) != 0) {
            throw ErrnoException.of(Errno.EINVAL); // renameat2(2), of what it cannot do
        }
        String oldString = NioTree.string(name);
        String newString = NioTree.string(newName);
        session.changingNames(
                () -> {
                    NioSession.Directory from = session.directory(parent);
                    NioSession.Directory to = session.directory(newParent);
                    Path source = share.child(from.path(), oldString);
                    Path target = share.child(to.path(), newString);
                    NioAttributes moving = existing(source);
                    NioAttributes replaced = peek(target);
                    if (!mayRename(source, moving, target, replaced, flags)) {
                        return null;
                    }
                    move(source, target, replaced != null);
                    if (replaced != null) {
                        session.nodes().removed(to.node(), newString, replaced);
                    }
                    session.nodes().moved(from.node(), oldString, to.node(), newString);
                    return null;
                });
    }

    /**
     * Checks what rename(2) says.
     *
     * @return false if both are the same object, and nothing is to be done
     */
    private boolean mayRename(
            Path source, NioAttributes moving, Path target, NioAttributes replaced, int flags)
            throws ErrnoException {
        if (replaced != null && (flags & NOREPLACE) != 0) {
            throw ErrnoException.of(Errno.EEXIST);
        }
        boolean samePath = source.equals(target);
        if (!samePath && target.startsWith(source)) {
            throw ErrnoException.of(moving.isDirectory() ? Errno.EINVAL : Errno.ENOTDIR);
        }
        if (!samePath && source.startsWith(target)) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
        if (samePath
                || replaced != null
                        && moving.key() != null
                        && moving.key().equals(replaced.key())) {
            return false;
        }
        if (replaced != null && moving.isDirectory() != replaced.isDirectory()) {
            throw ErrnoException.of(moving.isDirectory() ? Errno.ENOTDIR : Errno.EISDIR);
        }
        if (replaced != null && replaced.isDirectory() && !isEmpty(target)) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
        if (moving.isDirectory() && !movesWholeDirectories && !isEmpty(source)) {
            throw ErrnoException.of(Errno.EXDEV); // mv(1) copies then
        }
        return true;
    }

    private static boolean isEmpty(Path directory) throws ErrnoException {
        return NioErrno.call(
                () -> {
                    try (DirectoryStream<Path> entries = Files.newDirectoryStream(directory)) {
                        return !entries.iterator().hasNext();
                    }
                });
    }

    private static void move(Path source, Path target, boolean replacing) throws ErrnoException {
        NioErrno.run(
                () -> {
                    try {
                        if (replacing) {
                            Files.move(
                                    source,
                                    target,
                                    StandardCopyOption.ATOMIC_MOVE,
                                    StandardCopyOption.REPLACE_EXISTING);
                        } else {
                            Files.move(source, target, StandardCopyOption.ATOMIC_MOVE);
                        }
                    } catch (UnsupportedOperationException e) {
                        Files.move(source, target, StandardCopyOption.REPLACE_EXISTING);
                    }
                });
    }
}
