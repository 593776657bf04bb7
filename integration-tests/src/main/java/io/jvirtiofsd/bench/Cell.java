package io.jvirtiofsd.bench;

import org.HdrHistogram.Histogram;

/**
 * What one side did in one stretch of measuring.
 *
 * @param operations how many were completed
 * @param perSecond operations a second while as many were in flight as there should be
 * @param cpuNanos processor time of the daemon
 * @param kicks of the driver
 * @param calls interrupts of the driver
 * @param latencies of operations, in nanoseconds; owned by the cell
 */
record Cell(
        double operations,
        double perSecond,
        long cpuNanos,
        long kicks,
        long calls,
        Histogram latencies) {}
