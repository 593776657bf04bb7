package io.jvirtiofsd.shmem;

import io.jvirtiofsd.shmem.ShmemChannel.Outcome;
import java.util.concurrent.atomic.LongAccumulator;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a {@link DaxWindow} holds and has done. <i>Immutable.</i>
 *
 * @param windowBytes size of the window
 * @param extents ranges that the guest has set up and not yet removed
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
        int extents,
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
