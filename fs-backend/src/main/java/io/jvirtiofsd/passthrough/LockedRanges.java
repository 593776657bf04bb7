package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.FileLock;
import java.util.Map;
import java.util.TreeMap;

/**
 * The ranges of one file that one owner has locked, as the host's kernel keeps them: a new range
 * replaces what it overlaps, and ranges of one type that touch become one. They are known here only
 * to be counted, since each is memory of the kernel.
 *
 * <p><i>Guarded by the monitor of the file's {@link InodeLocks}.</i> Source: fcntl(2).
 */
final class LockedRanges {
    private record Range(long end, int type) {}

    /** Most ranges that one more lock can add: it may lie within a range of the other type. */
    static final int MOST_ADDED = 2;

    private final TreeMap<Long, Range> byStart = new TreeMap<>();

    int size() {
        return byStart.size();
    }

    /** Most ranges that {@link #set} can add. */
    int most(long start, long end, int type) {
        Map.Entry<Long, Range> before = byStart.lowerEntry(start);
        boolean within = before != null && before.getValue().end > end;
        if (type == FileLock.F_UNLCK) {
            return within ? 1 : 0;
        } else if (within) {
            return before.getValue().type == type ? 0 : MOST_ADDED;
        }
        return 1;
    }

    /** Locks or unlocks {@code start} to {@code end}, both included. */
    void set(long start, long end, int type) {
        cut(start, end);
        if (type == FileLock.F_UNLCK) {
            return;
        }
        long from = start;
        long to = end;
        Map.Entry<Long, Range> before = byStart.lowerEntry(start);
        if (before != null && before.getValue().equals(new Range(start - 1, type))) {
            from = before.getKey();
        }
        Range after = end == Long.MAX_VALUE ? null : byStart.get(end + 1);
        if (after != null && after.type == type) {
            to = after.end;
            byStart.remove(end + 1);
        }
        byStart.put(from, new Range(to, type));
    }

    private void cut(long start, long end) {
        Map.Entry<Long, Range> at = byStart.lowerEntry(start);
        if (at != null && at.getValue().end >= start) {
            byStart.put(at.getKey(), new Range(start - 1, at.getValue().type));
            keepBehind(end, at.getValue());
        }
        for (at = byStart.ceilingEntry(start);
                at != null && at.getKey() <= end;
                at = byStart.ceilingEntry(start)) {
            byStart.remove(at.getKey());
            keepBehind(end, at.getValue());
        }
    }

    private void keepBehind(long end, Range cut) {
        if (cut.end > end) {
            byStart.put(end + 1, cut);
        }
    }
}
