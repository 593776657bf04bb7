package io.jvirtiofsd.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Draws how much faster than the last side ours is: a line for each row, a column for each driver,
 * depth and number of queues. A bar goes from 1 to the median, to the right if ours is faster; a
 * thin line from the least to the most.
 */
final class SpeedChart {
    private static final double LEFT = 90;
    private static final double TOP = 50;
    private static final double COLUMN = 110;
    private static final double GAP = 12;
    private static final double ROW = 20;
    private static final double BAR = 10;
    private static final double MOST = 4; // ratios are drawn from a quarter to this
    private static final String FASTER = "#4a90d9";
    private static final String SLOWER = "#d9804a";
    private static final String GRID = "#ccc";

    private final List<String> rows = new ArrayList<>();
    private final List<String> columns = new ArrayList<>();
    private final List<Comparison> comparisons;

    SpeedChart(List<Comparison> comparisons) {
        this.comparisons = comparisons;
        for (Comparison comparison : comparisons) {
            addTo(rows, comparison.what().row().name());
            addTo(columns, column(comparison.what()));
        }
    }

    private static void addTo(List<String> names, String name) {
        if (!names.contains(name)) {
            names.add(name);
        }
    }

    /** What stands above a column. */
    static String column(Combination what) {
        String queues = what.queues() == 1 ? "" : what.queues() + " queues, ";
        return queues + what.driver() + ", " + what.depth();
    }

    String draw() {
        double bottom = TOP + ROW * rows.size();
        Svg svg = new Svg(LEFT + (COLUMN + GAP) * columns.size(), bottom + 30);
        String peer =
                comparisons.isEmpty()
                        ? ""
                        : comparisons.get(0).sides().stream()
                                .reduce((first, second) -> second)
                                .orElse("");
        svg.text(8, 18, "start", "operations a second, ours / " + peer + " (right of 1: faster)");
        for (int i = 0; i < rows.size(); i++) {
            svg.text(8, TOP + ROW * i + 14, "start", rows.get(i));
        }
        for (int i = 0; i < columns.size(); i++) {
            double middle = middle(i);
            svg.text(middle, TOP - 8, "middle", columns.get(i));
            for (double ratio = 1 / MOST; ratio <= MOST; ratio *= 2) {
                double x = middle + across(ratio);
                svg.line(ratio == 1 ? "#666" : GRID, x, TOP, x, bottom);
                svg.text(x, bottom + 16, "middle", label(ratio));
            }
        }
        comparisons.forEach(comparison -> draw(svg, comparison));
        return svg.toString();
    }

    private void draw(Svg svg, Comparison comparison) {
        double y = TOP + ROW * rows.indexOf(comparison.what().row().name()) + ROW / 2;
        double one = middle(columns.indexOf(column(comparison.what())));
        Spread faster = comparison.speed(comparison.sides().size() - 1);
        double end = one + across(faster.median());
        svg.box(
                Math.min(one, end),
                y - BAR / 2,
                Math.abs(end - one),
                BAR,
                faster.median() >= 1 ? FASTER : SLOWER);
        svg.line("#333", one + across(faster.min()), y, one + across(faster.max()), y);
    }

    private static double middle(int column) {
        return LEFT + (COLUMN + GAP) * column + COLUMN / 2;
    }

    /** How far from 1 a ratio lies, on a logarithmic scale that ends at the column's edges. */
    private static double across(double ratio) {
        double share = Math.log(ratio) / Math.log(MOST);
        return Math.max(-1, Math.min(1, share)) * COLUMN / 2;
    }

    private static String label(double ratio) {
        return ratio >= 1
                ? String.format(Locale.ROOT, "%.0f", ratio)
                : "1/" + String.format(Locale.ROOT, "%.0f", 1 / ratio);
    }
}
