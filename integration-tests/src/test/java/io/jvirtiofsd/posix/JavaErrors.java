package io.jvirtiofsd.posix;

import io.jvirtiofsd.fake.FuseErrorException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotLinkException;
import java.util.Map;

/** What the host's own provider throws, as errnos; for the tests' model, so not the share's. */
final class JavaErrors {
    private static final int ENOTEMPTY = 39;
    private static final int EACCES = 13;

    private static final Map<String, Integer> WORDS =
            Map.of(
                    "Operation not permitted", Posix.EPERM,
                    "Not a directory", Posix.ENOTDIR,
                    "Is a directory", Posix.EISDIR,
                    "Invalid argument", Posix.EINVAL,
                    "Directory not empty", ENOTEMPTY);

    /** A call of the provider. */
    @FunctionalInterface
    interface Call<T> {
        T run() throws IOException;
    }

    private JavaErrors() {}

    static FuseErrorException error(int errno) {
        return new FuseErrorException(errno);
    }

    static <T> T call(Call<T> call) {
        try {
            return call.run();
        } catch (NoSuchFileException e) {
            throw error(Posix.ENOENT);
        } catch (FileAlreadyExistsException e) {
            throw error(Posix.EEXIST);
        } catch (DirectoryNotEmptyException e) {
            throw error(ENOTEMPTY);
        } catch (AccessDeniedException e) {
            throw error(EACCES);
        } catch (NotLinkException e) {
            throw error(Posix.EINVAL);
        } catch (FileSystemException e) {
            Integer errno = WORDS.get(e.getReason());
            if (errno == null) {
                throw new IllegalStateException(e);
            }
            throw error(errno);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }
}
