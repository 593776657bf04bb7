package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What another process has mapped of a file.
 *
 * <p>QEMU has taken a piece out of the guest's memory, and a virtual processor may be about to
 * touch it all the same: one that has looked an address up, and then has lost its real processor to
 * somebody else. QEMU unmaps the file only once each of them has been seen elsewhere, which takes
 * it some 50 ms. <i>Stateless.</i> Source: proc(5), /proc/PID/maps.
 */
final class ProcessMaps {
    private static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private static final int PAGE_BYTES = 4096;
    private static final int PROT_NONE = 0; // asm-generic/mman-common.h
    private static final int MAP_SHARED = 1; // linux/mman.h

    private static final int RANGE = 0; // START-END
    private static final int OFFSET = 2;
    private static final int DEVICE = 3;
    private static final int INODE = 4;
    private static final int COLUMNS = 6;

    private ProcessMaps() {}

    /**
     * Waits until a process maps nothing of a file beyond its first {@code size} bytes, or the page
     * that these end in; at most two seconds.
     *
     * @return whether that is so, as far as this process may look
     */
    static boolean awaitEnd(Syscalls syscalls, int process, Fd file, long size) {
        String identity = identity(syscalls, file);
        long begin = System.nanoTime();
        while (identity != null && lastPage(process, identity) >= size) {
            if (System.nanoTime() - begin > LIMIT_NANOS) {
                return false;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return true;
    }

    /**
     * What stands for the file in maps, which is not always what stat(2) says: looked up by mapping
     * it here. Null if it cannot be mapped.
     */
    private static String identity(Syscalls syscalls, Fd file) {
        long address = syscalls.mmap(0, PAGE_BYTES, PROT_NONE, MAP_SHARED, file.number(), 0);
        if (address < 0) {
            return null;
        }
        try {
            String start = Long.toHexString(address);
            return maps("self").stream()
                    .filter(columns -> columns[RANGE].startsWith(start + "-"))
                    .map(ProcessMaps::identity)
                    .findFirst()
                    .orElse(null);
        } finally {
            syscalls.munmap(address, PAGE_BYTES);
        }
    }

    private static String identity(String[] columns) {
        return columns[DEVICE] + " " + columns[INODE];
    }

    /** Where the last page begins that the process has mapped of a file; &minus;1 for none. */
    private static long lastPage(int process, String identity) {
        return maps(Integer.toString(process)).stream()
                .filter(columns -> identity(columns).equals(identity))
                .mapToLong(ProcessMaps::lastPage)
                .max()
                .orElse(-1);
    }

    private static long lastPage(String[] columns) {
        String range = columns[RANGE];
        int dash = range.indexOf('-');
        long length =
                Long.parseUnsignedLong(range.substring(dash + 1), 16)
                        - Long.parseUnsignedLong(range.substring(0, dash), 16);
        return Long.parseUnsignedLong(columns[OFFSET], 16) + length - PAGE_BYTES;
    }

    private static List<String[]> maps(String process) {
        try (Stream<String> lines =
                Files.lines(Path.of("/proc", process, "maps"), StandardCharsets.ISO_8859_1)) {
            return lines.map(line -> line.split(" +", COLUMNS))
                    .filter(columns -> columns.length > INODE)
                    .toList();
        } catch (IOException | RuntimeException e) {
            return List.of(); // it has ended, or may not be looked at
        }
    }
}
