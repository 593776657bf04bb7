package io.jvirtiofsd.dax;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a {@link DaxWindow} has done since it was made. Owned by the window.
 *
 * <p><i>Thread-safe.</i>
 */
final class DaxStatistics {
    private final LongAdder maps = new LongAdder();
    private final LongAdder unmaps = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private final LongAdder reclaimed = new LongAdder();
    private final LongAdder writeBacks = new LongAdder();
    private final LongAdder mapNanos = new LongAdder();
    private final LongAdder unmapNanos = new LongAdder();
    private final LongAccumulator longestNanos = new LongAccumulator(Math::max, 0);

    /** A SHMEM_MAP request took {@code nanos} until its outcome was known. */
    void mapped(Outcome outcome, long nanos) {
        count(outcome, nanos, maps, mapNanos);
    }

    /** A SHMEM_UNMAP request took {@code nanos} until its outcome was known. */
    void unmapped(Outcome outcome, long nanos) {
        count(outcome, nanos, unmaps, unmapNanos);
    }

    private void count(Outcome outcome, long nanos, LongAdder number, LongAdder time) {
        if (outcome != Outcome.DONE) {
            failures.increment();
            return;
        }
        number.increment();
        time.add(nanos);
        longestNanos.accumulate(nanos);
    }

    /** The guest has removed a range. */
    void reclaimed() {
        reclaimed.increment();
    }

    /** A run of bytes was written from shadow pages to a file. */
    void writtenBack() {
        writeBacks.increment();
    }

    /**
     * One line for people; empty while nothing has been mapped.
     *
     * @param windowBytes size of the window
     * @param ranges that the guest has set up and not yet removed
     * @param tails ranges with shadow pages
     */
    String report(long windowBytes, int ranges, int tails, WindowPieces pieces) {
        if (maps.sum() == 0) {
            return "";
        }
        return ("DAX window: %d of %d ranges in use, %.1f MiB mapped in %d pieces, %d with a tail;"
                        + " %d maps (mean %d us), %d unmaps (mean %d us), longest %d us,"
                        + " %d failures, %d ranges reclaimed, %d tail stores written back")
                .formatted(
                        ranges,
                        windowBytes / DaxRange.USUAL_BYTES,
                        pieces.bytes() / 1048576.0,
                        pieces.count(),
                        tails,
                        maps.sum(),
                        meanMicros(mapNanos, maps),
                        unmaps.sum(),
                        meanMicros(unmapNanos, unmaps),
                        longestNanos.get() / 1000,
                        failures.sum(),
                        reclaimed.sum(),
                        writeBacks.sum());
    }

    private static long meanMicros(LongAdder nanos, LongAdder number) {
        return nanos.sum() / 1000 / Math.max(1, number.sum());
    }
}
