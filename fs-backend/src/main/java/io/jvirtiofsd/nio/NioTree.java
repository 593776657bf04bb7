package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.HashSet;
import java.util.Set;

/**
 * The shared tree and all that stays the same while it is shared: where it begins, and what its
 * provider can do. Owned by the file system; the provider's own file system is borrowed.
 *
 * <p><i>Thread-safe.</i>
 */
final class NioTree {
    private static final long MAX_FILE_BYTES = 1L << 43; // beyond it Jimfs counts blocks wrongly

    /** Providers that copy a whole file to open it: into the heap to be read, else to the disk. */
    private static final Set<String> COPYING = Set.of("jar", "jrt");

    private final Path root;
    private final NioOptions options;
    private final AttributeViews views;
    private final boolean copies;
    private final Reserve reserve = new Reserve();
    private volatile boolean refusesNoFollow; // zip does: it has no links

    private NioTree(Path root, NioOptions options) {
        this.root = root;
        this.options = options;
        this.views = new AttributeViews(root.getFileSystem(), options);
        this.copies = COPYING.contains(root.getFileSystem().provider().getScheme());
    }

    /** A share of the directory {@code root}; symbolic links on the way to it are followed. */
    static NioTree open(Path root, NioOptions options) throws IOException {
        Path real = root.toRealPath();
        if (!Files.isDirectory(real, LinkOption.NOFOLLOW_LINKS)) {
            throw new NotDirectoryException(root.toString());
        }
        return new NioTree(real, options);
    }

    Path root() {
        return root;
    }

    NioOptions options() {
        return options;
    }

    AttributeViews views() {
        return views;
    }

    /** Whether an open file is held as a copy; the copy is in the heap if {@link #isUnchanging}. */
    boolean copies() {
        return copies;
    }

    /** Whether nobody changes anything through this share. */
    boolean isUnchanging() {
        return options.readOnly() || root.getFileSystem().isReadOnly();
    }

    Reserve reserve() {
        return reserve;
    }

    /**
     * To be called before anything is added to the tree or to a file.
     *
     * @throws ErrnoException EROFS if nothing may be
     * @throws OutOfMemoryError if the reserve of memory is spent
     */
    void requireRoom() throws ErrnoException {
        refuseIfReadOnly();
        reserve.require();
    }

    void refuseIfReadOnly() throws ErrnoException {
        if (isUnchanging()) {
            throw ErrnoException.of(Errno.EROFS);
        }
    }

    /** The string for a name. */
    static String string(Name name) {
        return FileNames.decode(name.array(), name.offset(), name.length());
    }

    /**
     * The path of {@code name} in {@code directory}: one step down and nothing else, also where the
     * provider has other separators than '/', or names that are absolute.
     *
     * @throws ErrnoException EILSEQ if the provider does not take the name, EINVAL if it means more
     */
    Path child(Path directory, String name) throws ErrnoException {
        Path path;
        try {
            path = directory.resolve(name);
        } catch (IllegalArgumentException e) {
            throw ErrnoException.of(Errno.EILSEQ);
        }
        Path last = path.getFileName();
        boolean oneStep =
                path.getNameCount() == directory.getNameCount() + 1
                        && last != null
                        && last.toString().equals(name)
                        && directory.equals(path.getParent());
        if (!oneStep || name.equals(".") || name.equals("..")) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return path;
    }

    /** Refuses sizes that only the host's own file systems can be trusted with. */
    void checkSize(long bytes) throws ErrnoException {
        if (bytes < 0 || !views.isHost() && bytes > MAX_FILE_BYTES) {
            throw ErrnoException.of(Errno.EFBIG);
        }
    }

    /**
     * Opens a regular file; given to the caller. What nobody changes is asked for by a plain
     * channel: zip would first copy the file to the disk for one with positions.
     */
    SeekableByteChannel channel(Path path, Set<OpenOption> wanted, FileAttribute<?>... attributes)
            throws IOException {
        if (refusesNoFollow) {
            return openChannel(path, wanted, attributes);
        }
        Set<OpenOption> noFollow = new HashSet<>(wanted);
        noFollow.add(LinkOption.NOFOLLOW_LINKS);
        try {
            return openChannel(path, noFollow, attributes);
        } catch (IllegalArgumentException | UnsupportedOperationException e) {
            SeekableByteChannel channel = openChannel(path, wanted, attributes);
            refusesNoFollow = true;
            return channel;
        }
    }

    private SeekableByteChannel openChannel(
            Path path, Set<OpenOption> options, FileAttribute<?>[] attributes) throws IOException {
        if (!isUnchanging()) {
            try {
                return FileChannel.open(path, options, attributes);
            } catch (UnsupportedOperationException e) {
                // the other kind, then
            }
        }
        return Files.newByteChannel(path, options, attributes);
    }
}
