package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;

/**
 * One region of the guest's memory, mapped here; owned by the session, which retires it when the
 * front-end takes it away.
 *
 * <p>Offsets count from the region's start; callers have them from {@link GuestMemory}, which makes
 * only such as lie inside. <i>Thread-safe</i> as shared memory is. Source: vhost-user, "Memory
 * region description".
 */
public final class GuestRegion implements Resource {
    /** The longest single access, so that each lies inside one view. */
    public static final int MAX_ACCESS_BYTES = 1 << 30;

    private static final int VIEW_SHIFT = 30;
    private static final long PAGE_BYTES = 4096;
    private static final long ALIGNMENT = 16; // the strictest of all: virtio 1.3, 2.7, descriptors

    private final long gpa;
    private final long bytes;
    private final long uva;
    private final Mapping mapping;
    private final long hva;

    /** View i starts at i GiB and is up to 2 GiB long, so that no access of 1 GiB straddles two. */
    private final NativeMemory[] views;

    /**
     * In the place of {@link #views} for the window, whose pages may be missing; otherwise null.
     */
    private final FaultingMemory faulting;

    private GuestRegion(long gpa, long bytes, Syscalls syscalls, long hva) {
        this.gpa = gpa;
        this.bytes = bytes;
        this.uva = 0;
        this.mapping = null;
        this.hva = hva;
        this.views = null;
        this.faulting = new FaultingMemory(syscalls, hva);
    }

    private GuestRegion(long gpa, long bytes, long uva, Mapping mapping, long hva) {
        this.faulting = null;
        this.gpa = gpa;
        this.bytes = bytes;
        this.uva = uva;
        this.mapping = mapping;
        this.hva = hva;
        views = new NativeMemory[(int) ((bytes - 1) >>> VIEW_SHIFT) + 1];
        for (int i = 0; i < views.length; i++) {
            long start = (long) i << VIEW_SHIFT;
            views[i] =
                    NativeMemory.view(
                            hva + start, (int) Math.min(bytes - start, Integer.MAX_VALUE));
        }
    }

    /**
     * Maps a region after checking all that the front-end says of it.
     *
     * @param fd the memory's file; taken, and closed before this returns
     * @param gpa guest-physical address
     * @param bytes size of the region
     * @param uva address in the front-end, by which it names rings
     * @param fileOffset where the region starts in the file
     */
    public static GuestRegion map(
            Syscalls syscalls, Fd fd, long gpa, long bytes, long uva, long fileOffset)
            throws GuestMemoryException {
        try (fd) {
            checkRange("guest", gpa, bytes);
            checkRange("user", uva, bytes);
            checkRange("file", fileOffset, bytes);
            checkAlike(gpa, uva, fileOffset);
            NativeMemory statx = Statx.of(syscalls, fd, "statx of a memory region's file");
            int type = statx.getShort(Statx.MODE) & Statx.S_IFMT;
            if (type != Statx.S_IFREG) {
                throw new GuestMemoryException("the file of a memory region is not a regular file");
            }
            long fileBytes = statx.getLong(Statx.SIZE);
            if (fileOffset + bytes > fileBytes) {
                throw new GuestMemoryException(
                        "region of %d bytes at %d reaches past the end of its file of %d bytes"
                                .formatted(bytes, fileOffset, fileBytes));
            }
            long start = fileOffset & -PAGE_BYTES;
            long lead = fileOffset - start;
            // Huge pages are mapped and unmapped whole only; st_blksize is the size of one.
            long unit = Math.max(PAGE_BYTES, statx.getInt(Statx.BLKSIZE));
            long length = roundUp(Math.addExact(lead, bytes), Long.highestOneBit(unit));
            Mapping mapping = Mapping.map(syscalls, fd.number(), start, length);
            return new GuestRegion(gpa, bytes, uva, mapping, mapping.address() + lead);
        } catch (LinuxException | ArithmeticException e) {
            throw new GuestMemoryException("cannot map a memory region: " + e.getMessage(), e);
        }
    }

    /**
     * The DAX window as memory that buffers of requests may lie in. Its pages are files', which may
     * have been cut short: they are touched by system calls only.
     *
     * @param hva where the window's mirror is; borrowed
     */
    public static GuestRegion window(Syscalls syscalls, long gpa, long bytes, long hva) {
        return new GuestRegion(gpa, bytes, syscalls, hva);
    }

    /** Whether this is the DAX window instead of memory that the front-end gave us. */
    public boolean isWindow() {
        return faulting != null;
    }

    private static void checkRange(String what, long start, long bytes)
            throws GuestMemoryException {
        if (bytes <= 0 || start < 0 || start + bytes < 0) {
            throw new GuestMemoryException(
                    "%s range 0x%x + 0x%x of a memory region overflows or is empty"
                            .formatted(what, start, bytes));
        }
    }

    /** Else what is aligned for the guest, such as its rings, would not be so here. */
    private static void checkAlike(long gpa, long uva, long fileOffset)
            throws GuestMemoryException {
        if (((gpa ^ uva | gpa ^ fileOffset) & ALIGNMENT - 1) != 0) {
            throw new GuestMemoryException(
                    "guest address 0x%x, user address 0x%x and offset 0x%x of a memory region are aligned differently"
                            .formatted(gpa, uva, fileOffset));
        }
    }

    private static long roundUp(long bytes, long unit) {
        return Math.addExact(bytes, unit - 1) & -unit;
    }

    /** Guest-physical address of byte 0. */
    public long gpa() {
        return gpa;
    }

    public long bytes() {
        return bytes;
    }

    /** The front-end's address of byte 0. */
    public long uva() {
        return uva;
    }

    /** Our address of the byte at {@code offset}. */
    public long hva(long offset) {
        return hva + offset;
    }

    /** Copies {@code length} &le; 1 GiB bytes at {@code offset} to {@code target[at…]}. */
    public void read(long offset, byte[] target, int at, int length) {
        if (faulting != null) {
            faulting.read(offset, target, at, length);
        } else {
            view(offset).get(within(offset), target, at, length);
        }
    }

    /** Copies {@code source[at… at + length)} to {@code offset}. */
    public void write(long offset, byte[] source, int at, int length) {
        if (faulting != null) {
            faulting.write(offset, source, at, length);
        } else {
            view(offset).put(within(offset), source, at, length);
        }
    }

    /** A borrowed view of {@code length} bytes at {@code offset}, valid as long as the region. */
    public NativeMemory view(long offset, int length) {
        if (offset < 0 || length < 0 || offset + length > bytes) {
            throw new IndexOutOfBoundsException("view outside of the region");
        }
        return NativeMemory.view(hva + offset, length);
    }

    private NativeMemory view(long offset) {
        return views[(int) (offset >>> VIEW_SHIFT)];
    }

    private static int within(long offset) {
        return (int) offset & ((1 << VIEW_SHIFT) - 1);
    }

    @Override
    public void close() {
        if (mapping != null) {
            mapping.close();
        }
    }

    @Override
    public String toString() {
        return "region gpa=0x%x bytes=0x%x uva=0x%x".formatted(gpa, bytes, uva);
    }
}
