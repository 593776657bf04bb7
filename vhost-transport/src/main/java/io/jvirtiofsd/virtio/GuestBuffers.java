package io.jvirtiofsd.virtio;

import io.jvirtiofsd.linux.IoVector;
import io.jvirtiofsd.shmem.DirtyLog;
import io.jvirtiofsd.shmem.GuestMemory;
import io.jvirtiofsd.shmem.GuestRegion;
import java.util.Arrays;

/**
 * One direction of a descriptor chain: the guest's buffers that a device reads, or those it writes,
 * as one run of bytes with positions from 0. Owned by its {@link DescriptorChain}, which fills it
 * anew for each request.
 *
 * <p>Guest addresses become places in regions when the chain is walked. What is found is good from
 * {@link #begin} to {@link #end}, which belong into one bracket of the {@link
 * io.jvirtiofsd.linux.Reclaimer}: afterwards the memory may be unmapped. Between {@link #end} and
 * the next {@link #begin} there are no bytes, so that nothing can be reached.
 *
 * <p><i>Confined to the thread of its request.</i> Source: virtio 1.3, 2.6.4.
 */
public final class GuestBuffers {
    private static final int INITIAL_PIECES = 264;

    // Piece i is lengths[i] bytes at offsets[i] of regions[i].
    private GuestRegion[] regions = new GuestRegion[INITIAL_PIECES];
    private long[] offsets = new long[INITIAL_PIECES];
    private long[] lengths = new long[INITIAL_PIECES];
    private GuestMemory memory; // null outside of a bracket
    private int count;
    private long bytes;
    private boolean whole;

    // The place that seek and advance have come to.
    private int piece;
    private long inPiece;
    private long part;

    GuestBuffers() {}

    /** Starts over with buffers in {@code memory}. */
    void begin(GuestMemory memory) {
        this.memory = memory;
        count = 0;
        bytes = 0;
        whole = true;
    }

    /** Forgets all buffers. */
    void end() {
        memory = null;
        count = 0;
        bytes = 0;
    }

    /** False if a buffer was added that is not in the memory. */
    boolean isWhole() {
        return whole;
    }

    /**
     * Appends {@code length} bytes at guest address {@code gpa}, which may lie in several regions.
     * The buffers end before the first byte that is in no region, whatever is added then.
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
            long fitting = Math.min(left, region.bytes() - offset);
            append(region, offset, fitting);
            at += fitting;
            left -= fitting;
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

    /** Bytes in all; if some are in memory that we do not know, those before the first of them. */
    public long bytes() {
        assert memory != null : "a chain is used outside of its bracket";
        return bytes;
    }

    /**
     * Copies {@code length} bytes at {@code position} to {@code target[at…]}.
     *
     * @throws IndexOutOfBoundsException if they are not all there
     */
    public void get(long position, byte[] target, int at, int length) {
        seek(position, length);
        for (int done = 0; done < length; done += (int) part) {
            advance(length - done);
            regions[piece].read(offsets[piece] + inPiece, target, at + done, (int) part);
        }
    }

    /**
     * Copies {@code source[at… at + length)} to {@code position}.
     *
     * @throws IndexOutOfBoundsException if there is no room for all
     */
    public void put(long position, byte[] source, int at, int length) {
        seek(position, length);
        for (int done = 0; done < length; done += (int) part) {
            advance(length - done);
            regions[piece].write(offsets[piece] + inPiece, source, at + done, (int) part);
        }
    }

    /**
     * Appends the host addresses of {@code length} bytes at {@code position} to {@code vector},
     * which is how file data is read and written in place.
     *
     * @throws IndexOutOfBoundsException if they are not all there
     */
    public void addTo(IoVector vector, long position, long length) {
        seek(position, length);
        for (long done = 0; done < length; done += part) {
            advance(length - done);
            vector.add(regions[piece].hva(offsets[piece] + inPiece), part);
        }
    }

    /** Marks all bytes in {@code log} that are memory of the guest's; the window's are files'. */
    public void mark(DirtyLog log) {
        for (int i = 0; i < count; i++) {
            if (!regions[i].isWindow()) {
                log.mark(regions[i].gpa() + offsets[i], lengths[i]);
            }
        }
    }

    /** Goes to {@code position}, from where {@code length} bytes must be there. */
    private void seek(long position, long length) {
        if (position < 0 || length < 0 || position + length > bytes) {
            throw new IndexOutOfBoundsException(
                    position + " + " + length + " of " + bytes + " bytes");
        }
        piece = 0;
        inPiece = position;
        part = 0;
    }

    /** Steps over the last part to the next: at most {@code most} &ge; 1 bytes of one piece. */
    private void advance(long most) {
        inPiece += part;
        while (inPiece >= lengths[piece]) {
            inPiece -= lengths[piece++];
        }
        part = Math.min(most, lengths[piece] - inPiece);
    }
}
