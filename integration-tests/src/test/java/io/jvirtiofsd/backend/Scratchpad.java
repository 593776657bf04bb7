package io.jvirtiofsd.backend;

import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A directory in memory, where there is such, that holds one file, {@code file} of 100 bytes, and
 * is brought back to that whatever a guest has made of it. Removed when the process ends.
 */
record Scratchpad(Path folder) {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final File MEMORY = new File("/dev/shm");
    private static final int FS_IOC_SETFLAGS = 0x4008_6602; // linux/fs.h
    private static final int O_NONBLOCK = 0x800; // asm-generic/fcntl.h
    private static final int O_NOFOLLOW = 0x20000; // asm-generic/fcntl.h, x86
    private static final int AT_FDCWD = -100; // linux/fcntl.h
    private static final NativeMemory NO_FLAGS = NativeMemory.allocate(8);
    private static final int FILE_BYTES = 100;

    static Scratchpad make() {
        try {
            Path folder =
                    MEMORY.canWrite()
                            ? Files.createTempDirectory(MEMORY.toPath(), "fuzzed")
                            : Files.createTempDirectory("fuzzed");
            Scratchpad made = new Scratchpad(folder);
            made.fill();
            Runtime.getRuntime().addShutdownHook(new Thread(made::remove));
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
        open(folder.toFile());
        removeAllIn(folder.toFile());
        fill();
    }

    private void remove() {
        removeAllIn(folder.toFile());
        folder.toFile().delete();
    }

    private static void removeAllIn(File directory) {
        File[] files = directory.listFiles();
        for (File file : files == null ? new File[0] : files) {
            if (file.delete()) {
                continue;
            }
            open(file);
            if (!Files.isSymbolicLink(file.toPath()) && file.isDirectory()) {
                removeAllIn(file);
            }
            if (!file.delete()) {
                throw new IllegalStateException("cannot remove " + file);
            }
        }
    }

    /** Takes away what keeps a file from being removed: flags such as immutable, and its mode. */
    private static void open(File file) {
        byte[] path = file.getPath().getBytes(StandardCharsets.ISO_8859_1);
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
}
