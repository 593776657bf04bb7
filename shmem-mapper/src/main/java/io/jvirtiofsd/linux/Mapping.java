package io.jvirtiofsd.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Mapped memory with one owner, unmapped exactly once.
 *
 * <p><i>Thread-safe.</i> Source: mmap(2).
 */
public final class Mapping implements AutoCloseable, Reclaimer.Resource {
    // spotless:off
    public static final int PROT_READ  = 1; // asm-generic/mman-common.h
    public static final int PROT_WRITE = 2; // asm-generic/mman-common.h
    public static final int MAP_SHARED = 1; // linux/mman.h
    private static final int MAP_NORESERVE = 0x4000; // asm-generic/mman.h
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
        long address =
                LinuxException.check(
                        syscalls.mmap(
                                0,
                                length,
                                PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_NORESERVE,
                                fd,
                                offset),
                        "mmap of " + length + " bytes");
        return new Mapping(syscalls, address, length);
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
