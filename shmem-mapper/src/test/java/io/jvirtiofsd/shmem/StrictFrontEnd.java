package io.jvirtiofsd.shmem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.Map;
import java.util.TreeMap;

/**
 * A front-end's window with QEMU's rules: maps real pages in a range of its own, refuses what QEMU
 * refuses, and fails the test where QEMU would do harm. Also the guest's view of the window.
 */
final class StrictFrontEnd implements ShmemChannel, AutoCloseable {
    private static final int SEEK_END = 2;
    private static final int O_ACCMODE = 3;
    private static final int SELF = (int) ProcessHandle.current().pid();

    private final Syscalls syscalls = JnrSyscalls.load();
    private final Map<Long, Long> maps = new TreeMap<>();
    private final Mapping window;
    private final boolean pastEnd;
    private Outcome failure;
    private int failing = -1;
    private int requests;

    StrictFrontEnd(long bytes, boolean pastEnd) throws LinuxException {
        this.window = Mapping.reserve(syscalls, bytes);
        this.pastEnd = pastEnd;
    }

    /** After {@code more} requests, one does not come to its end, whether done or not. */
    void failAfter(int more, Outcome outcome) {
        failing = requests + more;
        failure = outcome;
    }

    int maps() {
        return maps.size();
    }

    private Outcome take() {
        return requests++ == failing ? failure : Outcome.DONE;
    }

    @Override
    public Outcome map(int fd, long fileOffset, long windowOffset, long length) {
        Outcome asked = take();
        if (asked == Outcome.NOT_SENT || asked == Outcome.REFUSED) {
            return asked;
        }
        assertEquals(Fcntl.O_RDWR, syscalls.fcntl(fd, Fcntl.F_GETFL, 0) & O_ACCMODE);
        assertTrue(length > 0 && length % 4096 == 0 && fileOffset % 4096 == 0, "odd map");
        assertTrue(windowOffset >= 0 && windowOffset + length <= window.length(), "outside");
        long size = syscalls.lseek(fd, 0, SEEK_END);
        assertTrue(size > 0, "QEMU would make an empty file longer");
        boolean overlap =
                maps.entrySet().stream()
                        .anyMatch(
                                map ->
                                        map.getKey() < windowOffset + length
                                                && windowOffset < map.getKey() + map.getValue());
        if (overlap || !pastEnd && fileOffset + length > size) {
            return Outcome.REFUSED;
        }
        try {
            window.mapInto(windowOffset, length, fd, fileOffset);
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
        maps.put(windowOffset, length);
        return asked;
    }

    @Override
    public Outcome unmap(long windowOffset, long length) {
        Outcome asked = take();
        if (asked == Outcome.NOT_SENT || asked == Outcome.REFUSED) {
            return asked;
        }
        if (!maps.remove(windowOffset, length)) {
            return Outcome.REFUSED;
        }
        try {
            window.mapNothing(windowOffset, length);
        } catch (LinuxException e) {
            throw new AssertionError(e);
        }
        return asked;
    }

    /** All maps are gone, as after a reset of the device. */
    void reset() throws LinuxException {
        maps.clear();
        window.mapNothing(0, window.length());
    }

    /** What the guest reads; null where it would find nothing or a SIGBUS. */
    byte[] load(long windowOffset, int length) {
        NativeMemory block = NativeMemory.allocate(Math.max(1, length));
        NativeMemory vectors = vectors(block, windowOffset, length);
        if (syscalls.processVmReadv(SELF, vectors.address(0), vectors.address(16)) != length) {
            return null;
        }
        byte[] bytes = new byte[length];
        block.get(0, bytes, 0, length);
        return bytes;
    }

    /** The guest stores bytes; whether there was memory. */
    boolean store(long windowOffset, byte[] bytes) {
        NativeMemory block = NativeMemory.allocate(bytes.length);
        block.put(0, bytes, 0, bytes.length);
        NativeMemory vectors = vectors(block, windowOffset, bytes.length);
        return syscalls.processVmWritev(SELF, vectors.address(0), vectors.address(16))
                == bytes.length;
    }

    private NativeMemory vectors(NativeMemory block, long windowOffset, int length) {
        NativeMemory vectors = Scratch.get().small();
        vectors.putLong(0, block.address());
        vectors.putLong(8, length);
        vectors.putLong(16, window.address() + windowOffset);
        vectors.putLong(24, length);
        return vectors;
    }

    @Override
    public void close() {
        window.close();
    }
}
