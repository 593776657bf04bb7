package io.jvirtiofsd.shmem;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Beside a bitmap that is made bit by bit. */
class DirtyLogTest {
    private static final int FILE_BYTES = 3 * 4096;
    private static final int PAGE = 4096;
    private static final int AT_FDCWD = -100; // linux/fcntl.h

    @TempDir Path folder;
    private final Random random = new Random(1);
    private Path file;

    @BeforeEach
    void makeFile() throws IOException {
        file = Files.write(folder.resolve("log"), new byte[FILE_BYTES]);
    }

    private DirtyLog map(long bytes, long offset) throws GuestMemoryException, LinuxException {
        Syscalls syscalls = Syscalls.load();
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        long address = Scratch.get().path(path, 0, path.length);
        int fd = syscalls.openat(AT_FDCWD, address, Fcntl.O_RDWR, 0);
        return DirtyLog.map(
                syscalls, Fd.own(syscalls, LinuxException.check(fd, "openat")), bytes, offset);
    }

    private static void markSlowly(byte[] all, int offset, int bytes, long gpa, long length) {
        for (long page = gpa / PAGE; page <= (gpa + length - 1) / PAGE; page++) {
            if (page < 8L * bytes) {
                all[(int) (offset + page / 8)] |= (byte) (1 << page % 8);
            }
        }
    }

    @Test
    void marksThePagesOfARangeAndNoOthers() throws Exception {
        for (int round = 0; round < 300; round++) {
            int offset = random.nextInt(2 * PAGE);
            int bytes = 1 + random.nextInt(round % 2 == 0 ? 20 : FILE_BYTES - offset);
            byte[] expected = new byte[FILE_BYTES];
            random.nextBytes(expected);
            Files.write(file, expected);
            try (DirtyLog log = map(bytes, offset)) {
                for (int i = 0; i < 5; i++) {
                    long gpa = (long) (random.nextDouble() * bytes * 8.5 * PAGE);
                    long length = 1 + random.nextInt(1 << random.nextInt(24));
                    log.mark(gpa, length);
                    markSlowly(expected, offset, bytes, gpa, length);
                }
            }
            assertArrayEquals(expected, Files.readAllBytes(file), "round " + round);
        }
    }

    @Test
    void threadsDoNotUndoEachOthersMarks() throws Exception {
        try (DirtyLog log = map(64, 5)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int first = i;
                threads.add(new Thread(() -> markEachFourth(log, first)));
            }
            threads.forEach(Thread::start);
            for (Thread thread : threads) {
                thread.join();
            }
        }
        byte[] all = Files.readAllBytes(file);
        for (int i = 0; i < FILE_BYTES; i++) {
            assertEquals(i >= 5 && i < 5 + 64 ? -1 : 0, all[i]);
        }
    }

    private static void markEachFourth(DirtyLog log, int first) {
        for (long page = first; page < 64 * 8; page += 4) {
            log.mark(page * PAGE + 17, 1);
        }
    }

    @Test
    void knowsWhatItCovers() throws Exception {
        try (DirtyLog log = map(1, 0)) {
            assertTrue(log.covers(0, 8 * PAGE));
            assertFalse(log.covers(0, 8 * PAGE + 1));
            assertFalse(log.covers(8 * PAGE, 1));
            assertFalse(log.covers(-1, 1));
            assertFalse(log.covers(Long.MAX_VALUE, 2));
            log.mark(0, 0);
            log.mark(Long.MAX_VALUE - PAGE, PAGE);
        }
        assertArrayEquals(new byte[FILE_BYTES], Files.readAllBytes(file));
    }

    @Test
    void aLogThatIsCutMeanwhileEndsNoProcess() throws Exception {
        try (DirtyLog log = map(64, 0)) {
            Files.write(file, new byte[0]);
            assertThrows(InternalError.class, () -> log.mark(0, 1));
        }
    }
}
