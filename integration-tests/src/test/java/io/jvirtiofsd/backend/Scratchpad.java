package io.jvirtiofsd.backend;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/**
 * A directory in memory, where there is such, that holds one file, {@code file} of 100 bytes, and
 * is brought back to that whatever a guest has made of it. Its user removes it.
 */
record Scratchpad(Path folder) {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final Path MEMORY = Path.of("/dev/shm");
    private static final int FS_IOC_SETFLAGS = 0x4008_6602; // linux/fs.h
    private static final int O_NONBLOCK = 0x800; // asm-generic/fcntl.h
    private static final int O_NOFOLLOW = 0x20000; // asm-generic/fcntl.h, x86
    private static final int AT_FDCWD = -100; // linux/fcntl.h
    private static final NativeMemory NO_FLAGS = NativeMemory.allocate(8);
    private static final int FILE_BYTES = 100;

    static Scratchpad make() {
        try {
            Path folder =
                    Files.isWritable(MEMORY)
                            ? Files.createTempDirectory(MEMORY, "fuzzed")
                            : Files.createTempDirectory("fuzzed");
            Scratchpad made = new Scratchpad(folder);
            made.fill();
            return made;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fill() throws IOException {
        Files.write(folder.resolve("file"), new byte[FILE_BYTES]);
    }

    /** Brings it back to one file. */
    void empty() throws IOException {
        open(folder);
        removeAllIn(folder);
        fill();
    }

    /** Removes it. */
    void remove() throws IOException {
        removeAllIn(folder);
        Files.delete(folder);
    }

    private static void removeAllIn(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            for (Path file : files) {
                remove(file);
            }
        }
    }

    private static void remove(Path file) throws IOException {
        try {
            Files.delete(file);
        } catch (IOException e) {
            open(file);
            if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS)) {
                removeAllIn(file);
            }
            Files.delete(file);
        }
    }

    /** Takes away what keeps a file from being removed: flags such as immutable, and its mode. */
    private static void open(Path file) {
        byte[] path = bytes(file);
        int fd =
                SYSCALLS.openat(
                        AT_FDCWD,
                        Scratch.get().path(path, 0, path.length),
                        O_NONBLOCK | O_NOFOLLOW,
                        0);
        if (fd >= 0) {
            SYSCALLS.ioctl(fd, FS_IOC_SETFLAGS, NO_FLAGS.address());
            SYSCALLS.fchmod(fd, 0755);
            SYSCALLS.close(fd);
        }
    }

    /** The path's bytes, which need not be text, as its URI has them. */
    private static byte[] bytes(Path file) {
        String uri = file.toUri().getRawPath();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (int i = 0; i < uri.length(); i++) {
            if (uri.charAt(i) == '%') {
                bytes.write(Integer.parseInt(uri.substring(i + 1, i + 3), 16));
                i += 2;
            } else {
                bytes.write(uri.charAt(i));
            }
        }
        return bytes.toByteArray();
    }
}
