package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyscallsTest {
    private static final Syscalls SYSCALLS = Syscalls.load();

    @TempDir Path folder;

    private static long string(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Scratch.get().path(bytes, 0, bytes.length);
    }

    private Fd open(String name, int flags) {
        int fd =
                SYSCALLS.openat(
                        Fcntl.AT_FDCWD, string(folder.resolve(name).toString()), flags, 0644);
        return Fd.own(SYSCALLS, fd);
    }

    @Test
    void failuresAreNegatedErrnos() {
        assertEquals(-LinuxErrno.ENOENT, SYSCALLS.openat(Fcntl.AT_FDCWD, string("/no/such"), 0, 0));
        assertEquals(-LinuxErrno.EBADF, SYSCALLS.close(-1));
        assertEquals(-LinuxErrno.EBADF, SYSCALLS.read(-1, 0, 0));
        assertEquals(-LinuxErrno.EBADF, SYSCALLS.mmap(0, 4096, 1, 1, -1, 0));
    }

    /** The trap that the padding arguments exist for: the sixth of six arguments was garbage. */
    @Test
    void sixthArgumentOfMmapArrives() throws Exception {
        Path file = folder.resolve("pages");
        byte[] pages = new byte[3 * 4096];
        pages[2 * 4096] = 42;
        Files.write(file, pages);
        try (Fd fd = open("pages", Fcntl.O_RDWR);
                Mapping mapping = Mapping.map(SYSCALLS, fd.number(), 2 * 4096, 4096)) {
            assertEquals(42, NativeMemory.view(mapping.address(), 4096).getByte(0));
        }
    }

    @Test
    void copyFileRangeTakesBothOffsets() throws Exception {
        Files.writeString(folder.resolve("from"), "0123456789");
        Files.writeString(folder.resolve("to"), "----------");
        try (Fd from = open("from", Fcntl.O_RDONLY);
                Fd to = open("to", Fcntl.O_RDWR)) {
            assertEquals(3, SYSCALLS.copyFileRange(from.number(), 5, to.number(), 2, 3));
        }
        assertEquals("--567-----", Files.readString(folder.resolve("to")));
    }

    @Test
    void vectorsReadAndWrite() throws Exception {
        NativeMemory memory = NativeMemory.allocate(16);
        memory.putLong(0, 0x0102030405060708L);
        IoVector vector = new IoVector(1);
        vector.add(memory.address(0), 2);
        vector.add(memory.address(4), 0);
        vector.add(memory.address(6), 2);
        assertEquals(2, vector.count());
        assertEquals(4, vector.bytes());
        try (Fd fd = open("vector", Fcntl.O_RDWR | Fcntl.O_CREAT)) {
            assertEquals(4, SYSCALLS.pwritev2(fd.number(), vector.address(), vector.count(), 1, 0));
            assertEquals(4, SYSCALLS.preadv2(fd.number(), vector.address(), vector.count(), 1, 0));
            assertEquals(
                    4,
                    SYSCALLS.pwritev2(
                            fd.number(), vector.address(), vector.count(), 1, Fcntl.RWF_SYNC));
        }
        byte[] written = Files.readAllBytes(folder.resolve("vector"));
        assertEquals(
                List.of(0, 8, 7, 2, 1),
                List.of(
                        at(written, 0),
                        at(written, 1),
                        at(written, 2),
                        at(written, 3),
                        at(written, 4)));
    }

    private static int at(byte[] bytes, int index) {
        return bytes[index];
    }

    @Test
    void touchingEntriesOfAVectorMerge() {
        IoVector vector = new IoVector(1);
        vector.add(1000, 10);
        vector.add(1010, 5);
        vector.add(2000, 1);
        vector.add(3000, 1);
        assertEquals(3, vector.count());
        assertEquals(15, vector.length(0));
        assertEquals(3000, vector.base(2));
    }

    @Test
    void statxFillsTheStructure() throws Exception {
        Files.write(folder.resolve("file"), new byte[5000]);
        NativeMemory statx = Scratch.get().statx();
        try (Fd fd = open("file", Fcntl.O_PATH)) {
            int result =
                    SYSCALLS.statx(
                            fd.number(),
                            Scratch.get().emptyPath(),
                            Fcntl.AT_EMPTY_PATH,
                            Statx.STATX_BASIC_STATS,
                            statx.address());
            assertEquals(0, result);
        }
        assertEquals(5000, statx.getLong(Statx.SIZE));
        assertEquals(Statx.S_IFREG, statx.getShort(Statx.MODE) & Statx.S_IFMT);
        assertEquals(
                Files.getAttribute(folder.resolve("file"), "unix:ino"), statx.getLong(Statx.INO));
    }

    @Test
    void openat2RefusesToLeaveTheFolder() throws Exception {
        Files.createSymbolicLink(folder.resolve("link"), Path.of("/etc/hostname"));
        NativeMemory how = NativeMemory.allocate(24);
        how.putLong(0, Fcntl.O_PATH);
        how.putLong(16, Fcntl.RESOLVE_BENEATH);
        try (Fd dir = open(".", Fcntl.O_PATH | Fcntl.O_DIRECTORY)) {
            int result = SYSCALLS.openat2(dir.number(), string("link"), how.address(), 24);
            assertEquals(-18, result); // EXDEV
        }
    }

    @Test
    void errnoBelongsToItsThread() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(8);
        List<Future<Integer>> wrong = new ArrayList<>();
        for (int t = 0; t < 8; t++) {
            boolean even = t % 2 == 0;
            Callable<Integer> loop =
                    () -> {
                        int count = 0;
                        for (int i = 0; i < 50_000; i++) {
                            int got = even ? SYSCALLS.close(-1) : SYSCALLS.unlinkat(-100, 0, 0);
                            count += got == (even ? -LinuxErrno.EBADF : -LinuxErrno.EFAULT) ? 0 : 1;
                        }
                        return count;
                    };
            wrong.add(threads.submit(loop));
        }
        for (Future<Integer> count : wrong) {
            assertEquals(0, count.get());
        }
        threads.shutdown();
    }

    @Test
    void identityIsOfOneThread() throws Exception {
        if (SYSCALLS.geteuid() != 0) {
            assertEquals(-LinuxErrno.EPERM, SYSCALLS.setresuid(-1, 0, -1));
            return;
        }
        int[] during = new int[2];
        Thread other =
                new Thread(
                        () -> {
                            during[0] = SYSCALLS.setresuid(-1, 12345, -1);
                            during[1] = SYSCALLS.geteuid();
                            SYSCALLS.setresuid(-1, 0, -1);
                        });
        other.start();
        other.join();
        assertEquals(0, during[0]);
        assertEquals(12345, during[1]);
        assertEquals(0, SYSCALLS.geteuid());
    }

    @Test
    void allocatedMemoryIsAlignedAndOfTheSizeAskedFor() {
        for (int bytes = 1; bytes < 100; bytes++) {
            NativeMemory memory = NativeMemory.allocate(bytes);
            assertEquals(bytes, memory.size());
            assertEquals(0, memory.address() % 16);
        }
    }

    @Test
    void decimalIsACString() {
        for (int number : new int[] {0, 7, 10, 123456789, Integer.MAX_VALUE}) {
            Scratch.get().decimal(number);
            NativeMemory block = Scratch.get().pathBlock();
            StringBuilder text = new StringBuilder();
            for (int i = 0; block.getByte(i) != 0; i++) {
                text.append((char) block.getByte(i));
            }
            assertEquals(String.valueOf(number), text.toString());
        }
    }

    @Test
    void faultsComeWhenAskedFor() {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.fail("dup", 1, 1, LinuxErrno.EMFILE);
        try (Fd fd = Fd.own(SYSCALLS, faulty.calls().dup(0))) {
            assertTrue(fd.number() > 0);
            assertEquals(-LinuxErrno.EMFILE, faulty.calls().dup(0));
            try (Fd again = Fd.own(SYSCALLS, faulty.calls().dup(0))) {
                assertTrue(again.number() > 0);
            }
        }
    }
}
