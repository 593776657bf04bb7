package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.Arrays;

/**
 * Pieces of guest memory that together are one direction of a chain; a reusable list that
 * translates guest addresses as they are added.
 *
 * <p><i>Confined to the thread of its request.</i>
 */
final class Segments {
    private static final int INITIAL_SEGMENTS = 264;

    private GuestRegion[] regions = new GuestRegion[INITIAL_SEGMENTS];
    private long[] offsets = new long[INITIAL_SEGMENTS];
    private long[] lengths = new long[INITIAL_SEGMENTS];
    private int count;
    private long bytes;

    void clear() {
        count = 0;
        bytes = 0;
    }

    long bytes() {
        return bytes;
    }

    /** Appends {@code length} bytes at guest address {@code gpa}, piece by piece of its regions. */
    void add(GuestMemory memory, long gpa, long length) throws RingException {
        bytes += length;
        long at = gpa;
        long left = length;
        while (left > 0) {
            GuestRegion region = memory.find(at);
            if (region == null) {
                throw new RingException("descriptor outside of guest memory");
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
