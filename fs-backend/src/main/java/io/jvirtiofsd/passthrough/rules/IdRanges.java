package io.jvirtiofsd.passthrough.rules;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * One direction of an {@link IdMap}: ranges of ids, none of which meets another, in ascending
 * order. <i>Immutable.</i>
 */
final class IdRanges {
    /** What {@link #of} gives for an id that must not be used. */
    static final long FORBIDDEN = -1;

    static final IdRanges NONE = new IdRanges(List.of());

    /** What happens to the ids of a range. */
    enum Kind {
        SHIFT,
        SQUASH,
        FORBID
    }

    /**
     * Ids from {@code first} to before {@code end}; the first becomes {@code target}, and so do the
     * others if they are squashed.
     */
    record Range(Kind kind, long first, long end, long target) {
        boolean meets(Range other) {
            return Math.max(first, other.first) < Math.min(end, other.end);
        }
    }

    private final long[] firsts;
    private final long[] ends;
    private final long[] targets;
    private final Kind[] kinds;

    private IdRanges(List<Range> sorted) {
        int count = sorted.size();
        firsts = new long[count];
        ends = new long[count];
        targets = new long[count];
        kinds = new Kind[count];
        for (int i = 0; i < count; i++) {
            Range range = sorted.get(i);
            firsts[i] = range.first;
            ends[i] = range.end;
            targets[i] = range.target;
            kinds[i] = range.kind;
        }
    }

    /** Takes ranges in any order, of which none meets another; empty ones count for nothing. */
    static IdRanges of(List<Range> ranges) {
        List<Range> sorted = new ArrayList<>(ranges);
        sorted.removeIf(range -> range.first >= range.end);
        sorted.sort(Comparator.comparingLong(Range::first));
        return sorted.isEmpty() ? NONE : new IdRanges(sorted);
    }

    boolean isEmpty() {
        return firsts.length == 0;
    }

    /** What {@code id} becomes: 0 to 2³²&minus;1, or {@link #FORBIDDEN}. */
    long of(int id) {
        long value = id & 0xffff_ffffL;
        int low = 0;
        int high = firsts.length;
        while (low < high) { // ends at the first range that begins beyond the id
            int middle = (low + high) >>> 1;
            if (firsts[middle] <= value) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        int at = low - 1;
        if (at < 0 || value >= ends[at]) {
            return value;
        }
        return switch (kinds[at]) {
            case SHIFT -> value - firsts[at] + targets[at];
            case SQUASH -> targets[at];
            case FORBID -> FORBIDDEN;
        };
    }
}
