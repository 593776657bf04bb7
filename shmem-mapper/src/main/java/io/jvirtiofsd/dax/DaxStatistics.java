package io.jvirtiofsd.dax;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a {@link DaxWindow} holds and has done. <i>Immutable.</i>
 *
 * @param windowBytes size of the window
 * @param ranges ranges that the guest has set up and not yet removed
 * @param pieces mappings that the front-end holds for them
 * @param tails pieces that are shadow pages instead of file pages
 * @param mappedBytes bytes of all pieces
 * @param maps SHMEM_MAP requests that succeeded
 * @param unmaps SHMEM_UNMAP requests that succeeded
 * @param failures requests that were refused or not answered
 * @param reclaimed ranges that the guest has removed
 * @param writeBacks runs of bytes written from shadow pages to files
 * @param mapNanos time spent in successful SHMEM_MAP round trips
 * @param unmapNanos time spent in successful SHMEM_UNMAP round trips
 * @param longestNanos longest round trip of either kind
 */
public record DaxStatistics(
        long windowBytes,
        int ranges,
        int pieces,
        int tails,
        long mappedBytes,
        long maps,
        long unmaps,
        long failures,
        long reclaimed,
        long writeBacks,
        long mapNanos,
        long unmapNanos,
        long longestNanos) {

    /** One line for people. */
    @Override
    public String toString() {
        return ("DAX window: %d of %d ranges in use, %.1f MiB mapped in %d pieces, %d with a tail;"
                        + " %d maps (mean %d us), %d unmaps (mean %d us), longest %d us,"
                        + " %d failures, %d ranges reclaimed, %d tail stores written back")
                .formatted(
                        ranges,
                        windowBytes / DaxWindow.RANGE_BYTES,
                        mappedBytes / 1048576.0,
                        pieces,
                        tails,
                        maps,
                        mapNanos / 1000 / Math.max(1, maps),
                        unmaps,
                        unmapNanos / 1000 / Math.max(1, unmaps),
                        longestNanos / 1000,
                        failures,
                        reclaimed,
                        writeBacks);
    }

    /** The counters behind the figures. <i>Thread-safe.</i> */
    static final class Counters {
        final LongAdder maps = new LongAdder();
        final LongAdder unmaps = new LongAdder();
        final LongAdder failures = new LongAdder();
        final LongAdder reclaimed = new LongAdder();
        final LongAdder writeBacks = new LongAdder();
        final LongAdder mapNanos = new LongAdder();
        final LongAdder unmapNanos = new LongAdder();
        final LongAccumulator longestNanos = new LongAccumulator(Math::max, 0);

        DaxStatistics statistics(long windowBytes, int ranges, WindowPieces pieces, int tails) {
            return new DaxStatistics(
                    windowBytes,
                    ranges,
                    pieces.count(),
                    tails,
                    pieces.bytes(),
                    maps.sum(),
                    unmaps.sum(),
                    failures.sum(),
                    reclaimed.sum(),
                    writeBacks.sum(),
                    mapNanos.sum(),
                    unmapNanos.sum(),
                    longestNanos.get());
        }

        void mapped(Outcome outcome, long nanos) {
            count(outcome, nanos, maps, mapNanos);
        }

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
    }
}
