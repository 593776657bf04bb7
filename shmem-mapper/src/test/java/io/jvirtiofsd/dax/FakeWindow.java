package io.jvirtiofsd.dax;

import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A guest's shared memory region: pages of files, really mapped in a range of addresses, by the
 * rules of QEMU 11.1. Refuses what QEMU refuses, and notes as a violation what would make QEMU
 * crash or do harm. Also the guest's way to load and store there. Owned by the test.
 *
 * <p><i>Thread-safe.</i>
 */
public final class FakeWindow implements ShmemChannel, AutoCloseable {
    private static final int SEEK_END = 2; // linux/fs.h
    private static final int O_ACCMODE = 3; // asm-generic/fcntl.h
    private static final int PAGE_BYTES = 4096;
    private static final int SELF = (int) ProcessHandle.current().pid();

    private final Syscalls syscalls = Syscalls.load();
    private final Map<Long, Long> maps = new TreeMap<>();
    private final List<String> violations = new ArrayList<>();
    private final Mapping window;
    private final boolean pastEnd;
    private Outcome failure;
    private int failing = -1;
    private int requests;

    /**
     * @param pastEnd whether maps may reach past the end of their file, as with front-ends other
     *     than QEMU
     */
    public FakeWindow(long bytes, boolean pastEnd) throws LinuxException {
        this.window = Mapping.reserve(syscalls, bytes);
        this.pastEnd = pastEnd;
    }

    /** After {@code more} requests, one does not come to its end, whether done or not. */
    public synchronized void failAfter(int more, Outcome outcome) {
        failing = requests + more;
        failure = outcome;
    }

    /** Whether there is a map with just these figures. */
    public synchronized boolean isMapped(long windowOffset, long length) {
        return Long.valueOf(length).equals(maps.get(windowOffset));
    }

    /** Number of maps now. */
    public synchronized int maps() {
        return maps.size();
    }

    /** Number of requests so far, refused ones included. */
    public synchronized int requests() {
        return requests;
    }

    /** What no back-end may ask for but was asked for. */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    /** Notes what no back-end may do. */
    public synchronized void violation(String what) {
        violations.add(what);
    }

    @Override
    public int process() {
        return SELF;
    }

    private Outcome take() {
        return requests++ == failing ? failure : Outcome.DONE;
    }

    @Override
    public synchronized Outcome map(int fd, long fileOffset, long windowOffset, long length) {
        Outcome asked = take();
        if (asked == Outcome.NOT_SENT || asked == Outcome.REFUSED) {
            return asked;
        }
        String request = "map %d of file at %d + %d".formatted(windowOffset, fileOffset, length);
        if ((syscalls.fcntl(fd, Fcntl.F_GETFL, 0) & O_ACCMODE) != Fcntl.O_RDWR) {
            violation(request + " cannot be written to");
            return Outcome.REFUSED;
        }
        if (length <= 0
                || length % PAGE_BYTES != 0
                || fileOffset % PAGE_BYTES != 0
                || windowOffset < 0
                || windowOffset > window.length() - length) {
            violation(request + " is no range");
            return Outcome.REFUSED;
        }
        long size = syscalls.lseek(fd, 0, SEEK_END);
        if (size == 0) {
            violation(request + " of an empty file, which QEMU would make longer");
            return Outcome.REFUSED;
        }
        if (isUsed(windowOffset, length) || !pastEnd && fileOffset + length > size) {
            return Outcome.REFUSED;
        }
        try {
            window.mapInto(windowOffset, length, fd, fileOffset);
        } catch (LinuxException e) {
            return Outcome.REFUSED;
        }
        maps.put(windowOffset, length);
        return asked;
    }

    private boolean isUsed(long windowOffset, long length) {
        return maps.entrySet().stream()
                .anyMatch(
                        map ->
                                map.getKey() < windowOffset + length
                                        && windowOffset < map.getKey() + map.getValue());
    }

    @Override
    public synchronized Outcome unmap(long windowOffset, long length) {
        Outcome asked = take();
        if (asked == Outcome.NOT_SENT || asked == Outcome.REFUSED) {
            return asked;
        }
        if (!maps.remove(windowOffset, length)) {
            return Outcome.REFUSED;
        }
        clear(windowOffset, length);
        return asked;
    }

    private void clear(long windowOffset, long length) {
        try {
            window.mapNothing(windowOffset, length);
        } catch (LinuxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** All maps go, as when the device is reset. */
    public synchronized void reset() {
        maps.clear();
        clear(0, window.length());
    }

    /** What the guest reads; empty where it would find nothing or a SIGBUS. */
    public byte[] load(long windowOffset, int length) {
        NativeMemory block = NativeMemory.allocate(Math.max(1, length));
        NativeMemory vectors = vectors(block, windowOffset, length);
        boolean there =
                syscalls.processVmReadv(SELF, vectors.address(0), vectors.address(16)) == length;
        byte[] bytes = new byte[there ? length : 0];
        block.get(0, bytes, 0, bytes.length);
        return bytes;
    }

    /** Whether an access there would not end the front-end: nothing is mapped, or a page is. */
    public synchronized boolean isSound(long windowOffset) {
        return !isUsed(windowOffset, 1) || load(windowOffset, 1).length == 1;
    }

    /** The guest stores bytes; whether there was memory. */
    public boolean store(long windowOffset, byte[] bytes) {
        NativeMemory block = NativeMemory.allocate(bytes.length);
        block.put(0, bytes, 0, bytes.length);
        NativeMemory vectors = vectors(block, windowOffset, bytes.length);
        return syscalls.processVmWritev(SELF, vectors.address(0), vectors.address(16))
                == bytes.length;
    }

    /** Two struct iovec: the block and the place in the window. */
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
