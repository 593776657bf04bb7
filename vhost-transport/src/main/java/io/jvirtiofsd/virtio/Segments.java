package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.Arrays;

/**
 * Pieces of guest memory that together are one direction of a chain; a reusable list that
 * translates guest addresses as they are added.
 *
 * <p>The list is valid from {@link #begin} to {@link #end}, which must be one bracket of the {@link
 * io.jvirtiofsd.linux.Reclaimer}: afterwards the memory may be unmapped. Between {@link #end} and
 * the next {@link #begin} it is empty, so that nothing can be reached through it. <i>Confined to
 * the thread of its request.</i>
 */
final class Segments {
    private static final int INITIAL_SEGMENTS = 264;

    private GuestRegion[] regions = new GuestRegion[INITIAL_SEGMENTS];
    private long[] offsets = new long[INITIAL_SEGMENTS];
    private long[] lengths = new long[INITIAL_SEGMENTS];
    private GuestMemory memory; // null outside of a bracket
    private int count;
    private long bytes;
    private boolean whole;

    /** Starts over with pieces of {@code memory}. */
    void begin(GuestMemory memory) {
        this.memory = memory;
        count = 0;
        bytes = 0;
        whole = true;
    }

    /** Forgets all pieces. */
    void end() {
        memory = null;
        count = 0;
        bytes = 0;
    }

    /** Bytes in all; of a list that is not {@linkplain #isWhole whole} those before the gap. */
    long bytes() {
        assert memory != null : "a chain is used outside of its bracket";
        return bytes;
    }

    /** False if a piece was added that is in no region of the memory. */
    boolean isWhole() {
        return whole;
    }

    /**
     * Appends {@code length} bytes at guest address {@code gpa}, piece by piece of its regions. The
     * list ends before the first byte that is in no region, whatever is added then.
     */
    void add(long gpa, long length) {
        long at = gpa;
        long left = length;
        while (left > 0 && whole) {
            GuestRegion region = memory.find(at);
            if (region == null) {
                whole = false;
                return;
            }
            long offset = at - region.gpa();
            long piece = Math.min(left, region.bytes() - offset);
            append(region, offset, piece);
            at += piece;
            left -= piece;
        }
    }

    private void append(GuestRegion region, long offset, long length) {
        if (count == regions.length) {
            regions = Arrays.copyOf(regions, count * 2);
            offsets = Arrays.copyOf(offsets, count * 2);
            lengths = Arrays.copyOf(lengths, count * 2);
        }
        regions[count] = region;
        offsets[count] = offset;
        lengths[count] = length;
        bytes += length;
        count++;
    }

    /** Copies {@code length} bytes at {@code position} to {@code target[at…]}. */
    void get(long position, byte[] target, int at, int length) {
        checkRange(position, length);
        int index = 0;
        long skip = position;
        while (length > 0) {
            if (skip >= lengths[index]) {
                skip -= lengths[index++];
                continue;
            }
            int piece = (int) Math.min(length, lengths[index] - skip);
            regions[index].read(offsets[index] + skip, target, at, piece);
            at += piece;
            length -= piece;
            skip += piece;
        }
    }

    /** Copies {@code source[at… at + length)} to {@code position}. */
    void put(long position, byte[] source, int at, int length) {
        checkRange(position, length);
        int index = 0;
        long skip = position;
        while (length > 0) {
            if (skip >= lengths[index]) {
                skip -= lengths[index++];
                continue;
            }
            int piece = (int) Math.min(length, lengths[index] - skip);
            regions[index].write(offsets[index] + skip, source, at, piece);
            at += piece;
            length -= piece;
            skip += piece;
        }
    }

    /** Appends the host addresses of {@code length} bytes at {@code position} to {@code vector}. */
    void addTo(IoVector vector, long position, long length) {
        checkRange(position, length);
        int index = 0;
        long skip = position;
        long left = length;
        while (left > 0) {
            if (skip >= lengths[index]) {
                skip -= lengths[index++];
                continue;
            }
            long piece = Math.min(left, lengths[index] - skip);
            vector.add(regions[index].hva(offsets[index] + skip), piece);
            left -= piece;
            skip += piece;
        }
    }

    private void checkRange(long position, long length) {
        if (position < 0 || length < 0 || position + length > bytes) {
            throw new IndexOutOfBoundsException(
                    position + " + " + length + " of " + bytes + " bytes");
        }
    }
}
