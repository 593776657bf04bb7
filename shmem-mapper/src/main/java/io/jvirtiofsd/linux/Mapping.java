package io.jvirtiofsd.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Mapped memory with one owner, unmapped exactly once.
 *
 * <p><i>Thread-safe.</i> Source: mmap(2).
 */
public final class Mapping implements Resource {
    // spotless:off
    public static final int PROT_READ  = 1; // asm-generic/mman-common.h
    public static final int PROT_WRITE = 2; // asm-generic/mman-common.h
    public static final int MAP_SHARED = 1; // linux/mman.h
    private static final int MAP_PRIVATE   = 2; // linux/mman.h
    private static final int MAP_FIXED     = 0x10; // asm-generic/mman-common.h
    private static final int MAP_ANONYMOUS = 0x20; // asm-generic/mman-common.h
    private static final int MAP_NORESERVE = 0x4000; // asm-generic/mman.h
    private static final int MADV_DONTNEED = 4; // asm-generic/mman-common.h
    private static final int PROT_NONE     = 0; // asm-generic/mman-common.h
    // spotless:on

    private final Syscalls syscalls;
    private final long address;
    private final long length;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Mapping(Syscalls syscalls, long address, long length) {
        this.syscalls = syscalls;
        this.address = address;
        this.length = length;
    }

    /** Maps {@code length} bytes at page-aligned {@code offset} of a file, shared, read-write. */
    public static Mapping map(Syscalls syscalls, int fd, long offset, long length)
            throws LinuxException {
        return place(syscalls, 0, length, PROT_READ | PROT_WRITE, 0, fd, offset);
    }

    /** Private zeroed memory of {@code length} bytes, given pages when first touched. */
    public static Mapping anonymous(Syscalls syscalls, long length) throws LinuxException {
        return place(syscalls, 0, length, PROT_READ | PROT_WRITE, MAP_ANONYMOUS, -1, 0);
    }

    /** An address range of {@code length} bytes that nobody can touch until mapped into. */
    public static Mapping reserve(Syscalls syscalls, long length) throws LinuxException {
        return place(syscalls, 0, length, PROT_NONE, MAP_ANONYMOUS, -1, 0);
    }

    private static Mapping place(
            Syscalls syscalls, long at, long length, int prot, int flags, int fd, long offset)
            throws LinuxException {
        int all = flags | MAP_NORESERVE | ((flags & MAP_ANONYMOUS) != 0 ? MAP_PRIVATE : MAP_SHARED);
        long address =
                LinuxException.check(
                        syscalls.mmap(at, length, prot, all, fd, offset),
                        "mmap of " + length + " bytes");
        return new Mapping(syscalls, address, length);
    }

    /** Maps part of a file, shared, read-write, over the page-aligned range at {@code offset}. */
    public void mapInto(long offset, long bytes, int fd, long fileOffset) throws LinuxException {
        checkRange(offset, bytes);
        place(syscalls, address + offset, bytes, PROT_READ | PROT_WRITE, MAP_FIXED, fd, fileOffset);
    }

    /** Makes the page-aligned range at {@code offset} untouchable again. */
    public void mapNothing(long offset, long bytes) throws LinuxException {
        checkRange(offset, bytes);
        place(syscalls, address + offset, bytes, PROT_NONE, MAP_FIXED | MAP_ANONYMOUS, -1, 0);
    }

    /** Gives the pages of a range of anonymous memory back; they read as zeros again. */
    public void discard(long offset, long bytes) {
        checkRange(offset, bytes);
        syscalls.madvise(address + offset, bytes, MADV_DONTNEED);
    }

    private void checkRange(long offset, long bytes) {
        if (offset < 0 || bytes < 0 || offset > length - bytes) {
            throw new IndexOutOfBoundsException(offset + " + " + bytes + " of " + length);
        }
    }

    public long address() {
        return address;
    }

    public long length() {
        return length;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            syscalls.munmap(address, length);
        }
    }
}
