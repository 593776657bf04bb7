package io.jvirtiofsd.ivshmem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Memory that peers can map, and what is refused. */
class IvshmemMemoryTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final long MFD_HUGETLB = 4; // linux/memfd.h
    private static final int FIFO = 0x1180; // S_IFIFO, mode 0600

    @TempDir Path folder;

    private static void assertRefused(String why, Path file) {
        int before = OpenDescriptors.count();
        IOException refused =
                assertThrows(IOException.class, () -> IvshmemMemory.open(SYSCALLS, file).close());
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
        assertTrue(refused.getMessage().startsWith("cannot share " + file), refused.getMessage());
        assertEquals(before, OpenDescriptors.count());
    }

    private Path file(long bytes) throws IOException {
        Path path = folder.resolve("memory" + bytes);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return path;
    }

    @ParameterizedTest
    @ValueSource(longs = {4096, 1 << 20, 1L << 33})
    void aFileOfAPowerOfTwoIsShared(long bytes) throws IOException {
        try (IvshmemMemory memory = IvshmemMemory.open(SYSCALLS, file(bytes))) {
            assertEquals(bytes, memory.bytes());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2048, 4095, 4097, 3 << 20, (1L << 33) + 4096})
    void anyOtherSizeIsRefused(long bytes) throws IOException {
        assertRefused("no power of two", file(bytes));
        assertThrows(IOException.class, () -> IvshmemMemory.create(SYSCALLS, bytes, false).close());
    }

    @Test
    void whatIsNoFileIsRefused() throws IOException {
        assertRefused("no such file", folder.resolve("missing"));
        assertRefused("is a directory", folder);
        Path fifo = folder.resolve("fifo");
        byte[] name = fifo.toString().getBytes();
        long path = Scratch.get().path(name, 0, name.length);
        assertEquals(0, SYSCALLS.mknodat(Fcntl.AT_FDCWD, path, FIFO, 0));
        assertRefused("not a regular file", fifo);
        assertRefused("not a regular file", Path.of("/dev/null"));
        assertRefused(
                "too many levels",
                Files.createSymbolicLink(folder.resolve("loop"), Path.of("loop")));
        assertRefused("name too long", folder.resolve("x".repeat(5000)));
    }

    @Test
    void nobodyChangesTheSizeOfMemoryWithoutAName() throws IOException {
        try (IvshmemMemory memory = IvshmemMemory.create(SYSCALLS, 1 << 20, false)) {
            for (long size : new long[] {0, 4096, 1 << 21}) {
                assertEquals(-1, SYSCALLS.ftruncate(memory.number(), size)); // EPERM
            }
            int seals = Fcntl.F_SEAL_SEAL | Fcntl.F_SEAL_SHRINK | Fcntl.F_SEAL_GROW;
            assertEquals(seals, SYSCALLS.fcntl(memory.number(), Fcntl.F_GET_SEALS, 0));
        }
    }

    /** On a host that may have none: only the flag is missing in what is called. */
    @Test
    void hugePagesAreTakenBeforeTheMemoryIsSealed() throws IOException {
        List<String> called = new ArrayList<>();
        AtomicInteger failure = new AtomicInteger();
        Syscalls calls =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            called.add(name);
                            if (name.equals("memfdCreate")) {
                                assertEquals(MFD_HUGETLB, (long) arguments[1] & MFD_HUGETLB);
                                arguments[1] = (long) arguments[1] & ~MFD_HUGETLB;
                            }
                            boolean fails = name.equals("fallocate") && failure.get() != 0;
                            return fails ? -failure.get() : real.getAsLong();
                        });
        try (IvshmemMemory memory = IvshmemMemory.create(calls, 1 << 21, true)) {
            assertEquals(1 << 21, memory.bytes());
        }
        assertEquals(List.of("memfdCreate", "ftruncate", "fallocate", "fcntl", "close"), called);
        failure.set(LinuxErrno.ENOSPC);
        int before = OpenDescriptors.count();
        IOException refused =
                assertThrows(
                        IOException.class,
                        () -> IvshmemMemory.create(calls, 1 << 21, true).close());
        assertEquals(
                "cannot make a memfd of huge pages of 2097152 bytes: no space left on device",
                refused.getMessage());
        assertEquals(before, OpenDescriptors.count());
    }

    /** Whether there are any is the host's to say. */
    @Test
    void hugePagesAreTakenAtOnceOrRefused() throws IOException {
        long free =
                Files.readAllLines(Path.of("/proc/meminfo")).stream()
                        .filter(line -> line.startsWith("HugePages_Free:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .sum();
        int before = OpenDescriptors.count();
        assertThrows(IOException.class, () -> IvshmemMemory.create(SYSCALLS, 4096, true).close());
        if (free == 0) {
            IOException refused =
                    assertThrows(
                            IOException.class,
                            () -> IvshmemMemory.create(SYSCALLS, 1 << 30, true).close());
            assertTrue(refused.getMessage().contains("huge pages"), refused.getMessage());
        } else {
            IvshmemMemory.create(SYSCALLS, 1 << 21, true).close();
        }
        assertEquals(before, OpenDescriptors.count());
    }
}
