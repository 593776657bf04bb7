package io.jvirtiofsd.linux;

/**
 * A reusable native array of {@code struct iovec}, as {@code preadv2} and {@code pwritev2} take it;
 * owned by the buffers of one request.
 *
 * <p>Entries are address and length pairs; adjacent entries that touch are merged, empty ones
 * dropped. The memory they name is borrowed.
 *
 * <p><i>Confined to the thread of its request.</i> Source: readv(2), {@code struct iovec}, 16
 * bytes.
 */
public final class IoVector {
    /** Bytes of one {@code struct iovec}. */
    public static final int ENTRY_BYTES = 16;

    /** The most entries one system call takes ({@code UIO_MAXIOV}). */
    public static final int MAX_PER_CALL = 1024;

    private NativeMemory entries;
    private int first;
    private int count;
    private long bytes;

    /** A vector with room for {@code capacity} entries at first; it grows when needed. */
    public IoVector(int capacity) {
        entries = NativeMemory.allocate(capacity * ENTRY_BYTES);
    }

    /** Forgets all entries. */
    public void clear() {
        first = 0;
        count = 0;
        bytes = 0;
    }

    /** Leaves out the first {@code length} bytes, which are there. */
    public void skip(long length) {
        bytes -= length;
        long left = length;
        while (left > 0) {
            int at = first * ENTRY_BYTES;
            long part = Math.min(left, entries.getLong(at + 8));
            entries.putLong(at, entries.getLong(at) + part);
            entries.putLong(at + 8, entries.getLong(at + 8) - part);
            left -= part;
            first += entries.getLong(at + 8) == 0 ? 1 : 0;
        }
    }

    /** Appends {@code length} &ge; 0 bytes at {@code address}. */
    public void add(long address, long length) {
        if (length == 0) {
            return;
        }
        bytes += length;
        int last = (count - 1) * ENTRY_BYTES;
        if (count > first && entries.getLong(last) + entries.getLong(last + 8) == address) {
            entries.putLong(last + 8, entries.getLong(last + 8) + length);
            return;
        }
        if ((count + 1) * ENTRY_BYTES > entries.size()) {
            grow();
        }
        entries.putLong(count * ENTRY_BYTES, address);
        entries.putLong(count * ENTRY_BYTES + 8, length);
        count++;
    }

    private void grow() {
        NativeMemory larger = NativeMemory.allocate(entries.size() * 2);
        for (int offset = 0; offset < entries.size(); offset += 8) {
            larger.putLong(offset, entries.getLong(offset));
        }
        entries = larger;
    }

    /** Address of the array; valid until the next {@link #add} or {@link #skip}. */
    public long address() {
        return entries.address(first * ENTRY_BYTES);
    }

    /** Number of entries. */
    public int count() {
        return count - first;
    }

    /** Sum of all lengths. */
    public long bytes() {
        return bytes;
    }

    /** Sum of the lengths of {@code count} entries at native {@code address}. */
    public static long bytes(long address, int count) {
        NativeMemory view = NativeMemory.view(address, count * ENTRY_BYTES);
        long sum = 0;
        for (int i = 0; i < count; i++) {
            sum += view.getLong(i * ENTRY_BYTES + 8);
        }
        return sum;
    }

    /** Address of entry {@code index}'s memory. */
    public long base(int index) {
        return entries.getLong((first + index) * ENTRY_BYTES);
    }

    /** Length of entry {@code index}. */
    public long length(int index) {
        return entries.getLong((first + index) * ENTRY_BYTES + 8);
    }
}
