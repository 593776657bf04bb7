package io.jvirtiofsd.dax;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * The ranges that a guest has set up, by their offsets in the window; no two overlap. Owned by the
 * {@link DaxWindow} and <i>guarded by its monitor</i>.
 */
final class RangeTable {
    /** The most ranges, and so files: those beyond a file's end have no piece that is counted. */
    private static final int MAX_RANGES = 1024;

    private final NavigableMap<Long, DaxRange> ranges = new TreeMap<>();

    int count() {
        return ranges.size();
    }

    /** All ranges, in the order of the window; a copy. */
    List<DaxRange> all() {
        return List.copyOf(ranges.values());
    }

    /** The range that begins at an offset, or null. */
    DaxRange at(long windowOffset) {
        return ranges.get(windowOffset);
    }

    /** Adds a range where there is none. */
    void add(DaxRange range) {
        ranges.put(range.windowOffset, range);
    }

    void remove(DaxRange range) {
        ranges.remove(range.windowOffset);
    }

    /** The ranges with a byte in {@code [from, to)} of the window; a copy. */
    List<DaxRange> overlapping(long from, long to) {
        Map.Entry<Long, DaxRange> before = ranges.lowerEntry(from);
        boolean reaches = before != null && before.getValue().windowEnd() > from;
        long first = reaches ? before.getKey() : from;
        return List.copyOf(ranges.subMap(first, to).values());
    }

    /**
     * New ranges for what stays of some when {@code [from, to)} of the window is taken out: a part
     * before, a part behind.
     */
    static List<DaxRange> sides(List<DaxRange> ranges, long from, long to) {
        List<DaxRange> sides = new ArrayList<>();
        for (DaxRange range : ranges) {
            if (range.windowOffset < from) {
                sides.add(range.part(0, (int) (from - range.windowOffset)));
            }
            if (range.windowEnd() > to) {
                sides.add(range.part((int) (to - range.windowOffset), range.length));
            }
        }
        return sides;
    }

    /** Whether the table takes {@code more} ranges; a negative number always fits. */
    boolean hasRoomFor(int more) {
        return ranges.size() + more <= MAX_RANGES;
    }
}
