package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a provider throws, and what the guest is told. */
class NioErrnoTest {
    private static final List<Map.Entry<Exception, Integer>> BY_TYPE =
            List.of(
                    Map.entry(new NoSuchFileException("f"), Errno.ENOENT),
                    Map.entry(new FileAlreadyExistsException("f"), Errno.EEXIST),
                    Map.entry(new DirectoryNotEmptyException("d"), Errno.ENOTEMPTY),
                    Map.entry(new NotDirectoryException("f"), Errno.ENOTDIR),
                    Map.entry(new NotLinkException("f"), Errno.EINVAL),
                    Map.entry(new AccessDeniedException("f"), Errno.EACCES),
                    Map.entry(new SecurityException("no"), Errno.EACCES),
                    Map.entry(new FileSystemLoopException("l"), Errno.ELOOP),
                    Map.entry(new AtomicMoveNotSupportedException("a", "b", "far"), Errno.EXDEV),
                    Map.entry(new ReadOnlyFileSystemException(), Errno.EROFS),
                    Map.entry(new InvalidPathException("\0", "nul"), Errno.EILSEQ),
                    Map.entry(new MalformedInputException(1), Errno.EILSEQ),
                    Map.entry(new ClosedChannelException(), Errno.EBADF),
                    Map.entry(new AsynchronousCloseException(), Errno.EBADF),
                    Map.entry(new NonReadableChannelException(), Errno.EBADF),
                    Map.entry(new NonWritableChannelException(), Errno.EBADF),
                    Map.entry(new ClosedFileSystemException(), Errno.EIO),
                    Map.entry(new UnsupportedOperationException(), Errno.EOPNOTSUPP),
                    Map.entry(new IllegalArgumentException("bad"), Errno.EINVAL),
                    Map.entry(new EOFException(), Errno.EIO),
                    Map.entry(new IOException(), Errno.EIO),
                    Map.entry(new NullPointerException(), Errno.EIO),
                    Map.entry(new IllegalStateException("odd"), Errno.EIO));

    private static final List<Map.Entry<String, Integer>> BY_WORDS =
            List.of(
                    Map.entry("Operation not permitted", Errno.EPERM),
                    Map.entry("No such device or address", Errno.ENXIO),
                    Map.entry("Device or resource busy", Errno.EBUSY),
                    Map.entry("Invalid cross-device link", Errno.EXDEV),
                    Map.entry("Not a directory", Errno.ENOTDIR),
                    Map.entry("Is a directory", Errno.EISDIR),
                    Map.entry("Invalid argument", Errno.EINVAL),
                    Map.entry("Too many open files", Errno.EMFILE),
                    Map.entry("Too many open files in system", Errno.ENFILE),
                    Map.entry("Text file busy", Errno.ETXTBSY),
                    Map.entry("File too large", Errno.EFBIG),
                    Map.entry("Cannot allocate memory", Errno.ENOMEM),
                    Map.entry("No space left on device", Errno.ENOSPC),
                    Map.entry("out of disk space", Errno.ENOSPC),
                    Map.entry("Read-only file system", Errno.EROFS),
                    Map.entry("Too many links", Errno.EMLINK),
                    Map.entry("File name too long", Errno.ENAMETOOLONG),
                    Map.entry("Directory not empty", Errno.ENOTEMPTY),
                    Map.entry("Too many levels of symbolic links", Errno.ELOOP),
                    Map.entry("Operation not supported", Errno.EOPNOTSUPP),
                    Map.entry("Disk quota exceeded", Errno.EDQUOT),
                    Map.entry("Stale file handle", Errno.ESTALE),
                    Map.entry("not a regular file", Errno.EPERM),
                    Map.entry("something else", Errno.EIO));

    @TempDir Path folder;

    @Test
    void typesTell() {
        for (Map.Entry<Exception, Integer> row : BY_TYPE) {
            assertEquals(row.getValue(), NioErrno.errno(row.getKey()), row.toString());
        }
    }

    @Test
    void wordsTellWhatTypesDoNot() {
        for (Map.Entry<String, Integer> row : BY_WORDS) {
            String words = row.getKey();
            int errno = row.getValue();
            assertEquals(errno, NioErrno.errno(new IOException(words)), words);
            assertEquals(errno, NioErrno.errno(new FileSystemException("f", "g", words)), words);
            assertEquals(errno, NioErrno.errno(new IOException(words + " or so")), words);
            assertEquals(
                    errno,
                    NioErrno.errno(new DirectoryIteratorException(new IOException(words))),
                    words);
        }
    }

    /** A path with such a name is not what went wrong. */
    @Test
    void namesOfFilesTellNothing() {
        assertEquals(
                Errno.EIO, NioErrno.errno(new FileSystemException("Is a directory", null, null)));
    }

    @Test
    void theHostsProviderIsUnderstood() throws Exception {
        Path file = Files.createFile(folder.resolve("file"));
        refused(Errno.ENOENT, () -> Files.delete(folder.resolve("missing")));
        refused(Errno.ENOTEMPTY, () -> Files.delete(folder));
        refused(Errno.EEXIST, () -> Files.createDirectory(file));
        refused(Errno.ENOTDIR, () -> Files.createFile(file.resolve("below")));
        refused(Errno.ENOTDIR, () -> Files.newDirectoryStream(file).close());
        refused(Errno.EINVAL, () -> Files.readSymbolicLink(file));
        refused(Errno.ENAMETOOLONG, () -> Files.createFile(folder.resolve("x".repeat(256))));
        refused(Errno.EISDIR, () -> Files.newOutputStream(folder).close());
        Path loop = Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop"));
        refused(Errno.ELOOP, () -> Files.size(loop));
        assertEquals(0L, NioErrno.call(() -> Files.size(file)));
    }

    private static void refused(int errno, NioErrno.Action action) {
        assertEquals(errno, assertThrows(ErrnoException.class, () -> NioErrno.run(action)).errno());
    }
}
