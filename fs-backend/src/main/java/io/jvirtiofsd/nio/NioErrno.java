package io.jvirtiofsd.nio;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.ClosedFileSystemException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.NotLinkException;
import java.nio.file.ReadOnlyFileSystemException;
import java.util.Map;

/**
 * Turns what a provider throws into the errno that a guest understands.
 *
 * <p>An exception that has a type for it is told by its type; the host's own provider, and a full
 * Jimfs, say the rest only in words. What remains is EIO. <i>Stateless.</i>
 */
final class NioErrno {
    /** The words of strerror(3), lower case, where the exception has no type of its own. */
    private static final Map<String, Integer> WORDS =
            Map.ofEntries(
                    Map.entry("operation not permitted", Errno.EPERM),
                    Map.entry("no such device or address", Errno.ENXIO),
                    Map.entry("device or resource busy", Errno.EBUSY),
                    Map.entry("invalid cross-device link", Errno.EXDEV),
                    Map.entry("not a directory", Errno.ENOTDIR),
                    Map.entry("is a directory", Errno.EISDIR),
                    Map.entry("invalid argument", Errno.EINVAL),
                    Map.entry("too many open files", Errno.EMFILE),
                    Map.entry("too many open files in system", Errno.ENFILE),
                    Map.entry("text file busy", Errno.ETXTBSY),
                    Map.entry("file too large", Errno.EFBIG),
                    Map.entry("cannot allocate memory", Errno.ENOMEM),
                    Map.entry("no space left on device", Errno.ENOSPC),
                    Map.entry("out of disk space", Errno.ENOSPC), // Jimfs
                    Map.entry("read-only file system", Errno.EROFS),
                    Map.entry("too many links", Errno.EMLINK),
                    Map.entry("file name too long", Errno.ENAMETOOLONG),
                    Map.entry("directory not empty", Errno.ENOTEMPTY),
                    Map.entry("too many levels of symbolic links", Errno.ELOOP),
                    Map.entry("operation not supported", Errno.EOPNOTSUPP),
                    Map.entry("disk quota exceeded", Errno.EDQUOT),
                    Map.entry("stale file handle", Errno.ESTALE),
                    Map.entry("not a regular file", Errno.EPERM)); // Jimfs, of links

    /** A call of the provider. */
    @FunctionalInterface
    interface Call<T> {
        T run() throws IOException;
    }

    /** A call of the provider that gives nothing. */
    @FunctionalInterface
    interface Action {
        void run() throws IOException;
    }

    private NioErrno() {}

    static <T> T call(Call<T> call) throws ErrnoException {
        try {
            return call.run();
        } catch (IOException | RuntimeException e) {
            throw of(e);
        }
    }

    static void run(Action action) throws ErrnoException {
        try {
            action.run();
        } catch (IOException | RuntimeException e) {
            throw of(e);
        }
    }

    static ErrnoException of(Exception e) {
        return ErrnoException.of(errno(e));
    }

    static int errno(Exception e) {
        if (e instanceof DirectoryIteratorException wrapped) {
            return errno(wrapped.getCause());
        } else if (e instanceof NoSuchFileException) {
            return Errno.ENOENT;
        } else if (e instanceof FileAlreadyExistsException) {
            return Errno.EEXIST;
        } else if (e instanceof DirectoryNotEmptyException) {
            return Errno.ENOTEMPTY;
        } else if (e instanceof NotDirectoryException) {
            return Errno.ENOTDIR;
        } else if (e instanceof NotLinkException) {
            return Errno.EINVAL;
        } else if (e instanceof AccessDeniedException || e instanceof SecurityException) {
            return Errno.EACCES;
        } else if (e instanceof FileSystemLoopException) {
            return Errno.ELOOP;
        } else if (e instanceof AtomicMoveNotSupportedException) {
            return Errno.EXDEV;
        } else if (e instanceof ReadOnlyFileSystemException) {
            return Errno.EROFS;
        } else if (e instanceof InvalidPathException || e instanceof CharacterCodingException) {
            return Errno.EILSEQ;
        } else if (e instanceof ClosedChannelException
                || e instanceof NonReadableChannelException
                || e instanceof NonWritableChannelException) {
            return Errno.EBADF;
        } else if (e instanceof ClosedFileSystemException) {
            return Errno.EIO;
        } else if (e instanceof UnsupportedOperationException) {
            return Errno.EOPNOTSUPP;
        } else if (e instanceof IllegalArgumentException) {
            return Errno.EINVAL;
        }
        // No type of its own: go by the words.
        String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
        return byWords(reason);
    }

    /**
     * The errno for words that may be followed by others: "Too many levels of symbolic links or
     * unable to ...". "Too many open files" comes last, since another entry begins with it.
     */
    private static int byWords(String reason) {
        if (reason == null) {
            return Errno.EIO;
        }
        String words = reason.toLowerCase(java.util.Locale.ROOT);
        Integer exact = WORDS.get(words);
        if (exact != null) {
            return exact;
        }
        for (Map.Entry<String, Integer> entry : WORDS.entrySet()) {
            if (words.contains(entry.getKey()) && !entry.getKey().equals("too many open files")) {
                return entry.getValue();
            }
        }
        return words.contains("too many open files") ? Errno.EMFILE : Errno.EIO;
    }
}
