package io.jvirtiofsd.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.HdrHistogram.Histogram;

/** What all sides did of one combination, round by round; side 0 is ours. */
final class Comparison {
    private static final double NANOS_PER_MICRO = 1000;

    private final Combination what;
    private final List<String> sides;
    private final List<List<Cell>> cells = new ArrayList<>(); // by side, then by round
    private final List<Double> bareNanos = new ArrayList<>();

    Comparison(Combination what, List<String> sides) {
        this.what = what;
        this.sides = sides;
        sides.forEach(side -> cells.add(new ArrayList<>()));
    }

    /**
     * Has the sides take turns, none of which always follows the same, and throws one round more
     * away than it keeps.
     *
     * @param bare the system calls beside it; null for none
     */
    static Comparison measure(
            Combination what,
            List<Contender> contenders,
            BareCalls.Operation bare,
            int rounds,
            long nanos)
            throws Exception {
        Comparison comparison =
                new Comparison(what, contenders.stream().map(Contender::name).toList());
        for (int round = -1; round < rounds; round++) {
            for (int turn = 0; turn < contenders.size(); turn++) {
                int side = (round + 1 + turn) % contenders.size();
                Cell cell =
                        contenders
                                .get(side)
                                .measure(
                                        what.row(),
                                        what.depth(),
                                        what.queues(),
                                        what.sleeping(),
                                        nanos);
                if (round >= 0) {
                    comparison.add(side, cell);
                }
            }
            if (bare != null) {
                double taken = BareCalls.nanos(bare, nanos / 2);
                if (round >= 0) {
                    comparison.bareNanos.add(taken);
                }
            }
        }
        return comparison;
    }

    void add(int side, Cell cell) {
        cells.get(side).add(cell);
    }

    Combination what() {
        return what;
    }

    List<String> sides() {
        return sides;
    }

    /** Operations a second, of each round. */
    double[] perSecond(int side) {
        return cells.get(side).stream().mapToDouble(Cell::perSecond).toArray();
    }

    /** Millions of bytes a second, the middle round's. */
    double megabytesPerSecond(int side) {
        return Spread.of(perSecond(side)).median() * what.row().bytes() / 1e6;
    }

    /** Operations a second, ours / theirs, round by round: above 1 is faster. */
    Spread speed(int side) {
        double[] ours = perSecond(0);
        double[] ratios = perSecond(side);
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = ours[i] / ratios[i];
        }
        return Spread.of(ratios);
    }

    /** Microseconds that an operation takes at a percentile of all rounds. */
    double micros(int side, double percentile) {
        return latencies(side).getValueAtPercentile(percentile) / NANOS_PER_MICRO;
    }

    double meanMicros(int side) {
        return latencies(side).getMean() / NANOS_PER_MICRO;
    }

    private Histogram latencies(int side) {
        Histogram all = new Histogram(Lane.MOST_NANOS, Lane.DIGITS);
        cells.get(side).forEach(cell -> all.add(cell.latencies()));
        return all;
    }

    /** Microseconds of the daemon's processor time that an operation takes. */
    double cpuMicros(int side) {
        return perOperation(side, Cell::cpuNanos) / NANOS_PER_MICRO;
    }

    /** How often the driver kicks for an operation. */
    double kicks(int side) {
        return perOperation(side, Cell::kicks);
    }

    /** How often the driver is interrupted for an operation. */
    double calls(int side) {
        return perOperation(side, Cell::calls);
    }

    private double perOperation(int side, ToDoubleFunction<Cell> what) {
        double operations = cells.get(side).stream().mapToDouble(Cell::operations).sum();
        return cells.get(side).stream().mapToDouble(what).sum() / operations;
    }

    /** Microseconds that the bare system calls take; NaN if they were not measured. */
    double bareMicros() {
        return bareNanos.isEmpty()
                ? Double.NaN
                : Spread.of(bareNanos.stream().mapToDouble(Double::doubleValue).toArray()).median()
                        / NANOS_PER_MICRO;
    }
}
