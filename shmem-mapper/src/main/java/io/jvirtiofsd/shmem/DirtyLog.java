package io.jvirtiofsd.shmem;

import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;

/**
 * The front-end's bitmap of pages of the guest that have been written to, for a migration: a bit
 * for each page from guest address 0 on, which is 4,096 bytes on any host. Owned by the session,
 * which retires it when the front-end gives another.
 *
 * <p>Pages beyond the bitmap are not marked. <i>Thread-safe</i>: others mark, and the front-end
 * clears, at the same time. Source: vhost-user.rst, "Migration".
 */
public final class DirtyLog implements Resource {
    /** The longest bitmap: of 32 TiB. */
    public static final long MAX_BYTES = 1L << 30;

    private static final int PAGE_SHIFT = 12;
    private static final long HOST_PAGE_BYTES = 4096;

    private final Mapping mapping;

    /** From 0 to 7 bytes before the bitmap on, so that it is aligned. */
    private final NativeMemory words;

    private final int leadBits;
    private final long pages;

    private DirtyLog(Mapping mapping, int lead, long bytes) {
        int unaligned = lead & 7;
        this.mapping = mapping;
        this.leadBits = unaligned * 8;
        this.pages = bytes * 8;
        int wordBytes = (int) (unaligned + bytes + 7) & -8;
        this.words = NativeMemory.view(mapping.address() + lead - unaligned, wordBytes);
    }

    /**
     * Maps a bitmap after checking what the front-end says of it.
     *
     * @param fd its file; taken, and closed before this returns
     * @param bytes its length, up to {@link #MAX_BYTES}
     * @param fileOffset where it starts in the file
     */
    public static DirtyLog map(Syscalls syscalls, Fd fd, long bytes, long fileOffset)
            throws GuestMemoryException {
        try (fd) {
            if (bytes <= 0 || bytes > MAX_BYTES || fileOffset < 0) {
                throw new GuestMemoryException(
                        "a log of %d bytes at %d of its file".formatted(bytes, fileOffset));
            }
            long fileBytes = Statx.of(syscalls, fd, "statx of a log's file").getLong(Statx.SIZE);
            if (fileOffset > fileBytes - bytes) {
                throw new GuestMemoryException(
                        "log of %d bytes at %d reaches past the end of its file of %d bytes"
                                .formatted(bytes, fileOffset, fileBytes));
            }
            long start = fileOffset & -HOST_PAGE_BYTES;
            int lead = (int) (fileOffset - start);
            Mapping mapping = Mapping.map(syscalls, fd.number(), start, lead + bytes);
            return new DirtyLog(mapping, lead, bytes);
        } catch (LinuxException e) {
            throw new GuestMemoryException("cannot map a log: " + e.getMessage(), e);
        }
    }

    /** Whether there is a bit for each page of {@code length} &ge; 1 bytes at {@code gpa}. */
    public boolean covers(long gpa, long length) {
        return gpa >= 0 && gpa <= Long.MAX_VALUE - length && lastPage(gpa, length) < pages;
    }

    private static long lastPage(long gpa, long length) {
        return (gpa + length - 1) >>> PAGE_SHIFT;
    }

    /**
     * Marks the pages of {@code length} bytes at {@code gpa} &ge; 0, which have been written before
     * this is called.
     */
    public void mark(long gpa, long length) {
        if (length <= 0) {
            return;
        }
        long first = leadBits + (gpa >>> PAGE_SHIFT);
        long last = leadBits + Math.min(lastPage(gpa, length), pages - 1);
        NativeMemory.fullFence(); // a bit that is seen set is looked at after what was written
        for (long bit = first; bit <= last; bit = (bit | 63) + 1) {
            long mask = -1L << bit; // shifts count modulo 64
            if ((bit | 63) > last) {
                mask &= -1L >>> 63 - last;
            }
            int word = (int) (bit >>> 6 << 3);
            // Looked at first: where JDK 17 interprets the atomic operation, a SIGBUS would end the
            // process instead of being an InternalError.
            if ((words.getLong(word) & mask) != mask) {
                words.or(word, mask);
            }
        }
    }

    @Override
    public void close() {
        mapping.close();
    }
}
