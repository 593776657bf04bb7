package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.NativeMemory;
import java.util.Arrays;
import java.util.List;

/**
 * Where one direction of a slot's request lies in guest memory, descriptor by descriptor. Owned by
 * the {@link FakeDriver}, laid out anew for each request.
 *
 * <p><i>Confined to the driver's thread.</i>
 */
final class Pieces {
    private final List<FakeMemory> regions;
    private final int start;
    private final int room;
    private FakeMemory[] region = new FakeMemory[16];
    private int[] offset = new int[16];
    private int[] length = new int[16];
    private int count;

    /** Uses {@code room} bytes at {@code start} of each region. */
    Pieces(List<FakeMemory> regions, int start, int room) {
        this.regions = regions;
        this.start = start;
        this.room = room;
    }

    /**
     * Cuts {@code bytes} bytes up.
     *
     * @param pieceBytes the most in one descriptor
     * @param gap unused bytes between two
     * @param spread whether each lies in the next region, or all in the first
     */
    void layOut(int bytes, int pieceBytes, int gap, boolean spread) {
        count = 0;
        int at = start;
        for (int left = bytes; left > 0; left -= pieceBytes) {
            if (count == length.length) {
                region = Arrays.copyOf(region, 2 * count);
                offset = Arrays.copyOf(offset, 2 * count);
                length = Arrays.copyOf(length, 2 * count);
            }
            int piece = Math.min(left, pieceBytes);
            region[count] = regions.get(spread ? count % regions.size() : 0);
            offset[count] = at;
            length[count] = piece;
            count++;
            at += piece + gap;
            if (at - gap - start > room) {
                throw new IllegalArgumentException(bytes + " bytes do not fit the slot");
            }
        }
    }

    /** Number of descriptors. */
    int count() {
        return count;
    }

    long gpa(int piece) {
        return region[piece].gpa() + offset[piece];
    }

    int length(int piece) {
        return length[piece];
    }

    /** Copies the front of {@code bytes}, as much as there is room for, to guest memory. */
    void put(byte[] bytes) {
        int at = 0;
        for (int i = 0; i < count; i++) {
            region[i].view().put(offset[i], bytes, at, length[i]);
            at += length[i];
        }
    }

    /** Fills {@code bytes} from the front of the guest memory. */
    void get(byte[] bytes) {
        int at = 0;
        for (int i = 0; at < bytes.length; i++) {
            NativeMemory view = region[i].view();
            int part = Math.min(length[i], bytes.length - at);
            view.get(offset[i], bytes, at, part);
            at += part;
        }
    }
}
