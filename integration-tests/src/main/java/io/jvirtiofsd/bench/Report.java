package io.jvirtiofsd.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** All figures of a run, as a table and as JSON. */
final class Report {
    private static final int FORMAT = 1; // of the JSON; to be raised if a name changes its meaning

    private final List<Comparison> comparisons = new ArrayList<>();
    private final List<Figure> figures = new ArrayList<>();

    void add(Comparison comparison) {
        comparisons.add(comparison);
    }

    void add(Figure figure) {
        figures.add(figure);
    }

    List<Comparison> comparisons() {
        return comparisons;
    }

    /** Both tables. */
    String text() {
        StringBuilder text = new StringBuilder();
        if (!comparisons.isEmpty()) {
            text.append("faster = operations a second, ours / theirs: median, least, most\n");
            text.append(
                    "other ratios: ours / theirs; kicks, calls = of the driver, for an operation;"
                            + " bare = the system calls without a daemon\n\n");
            line(
                    text,
                    "%-11s %5s %6s %-6s %-10s %9s %7s  %-16s %8s %5s %8s %5s %9s %5s %7s %5s %5s"
                            + " %5s %7s",
                    "row",
                    "depth",
                    "queues",
                    "driver",
                    "side",
                    "ops/s",
                    "MB/s",
                    "faster",
                    "p50 µs",
                    "",
                    "p99 µs",
                    "",
                    "p99.9 µs",
                    "",
                    "cpu µs",
                    "",
                    "kicks",
                    "calls",
                    "bare µs");
            comparisons.forEach(comparison -> lines(text, comparison));
        }
        figures.forEach(figure -> lines(text, figure));
        return text.toString();
    }

    private static void lines(StringBuilder text, Comparison comparison) {
        for (int side = 0; side < comparison.sides().size(); side++) {
            Spread faster = comparison.speed(side);
            line(
                    text,
                    "%s %-10s %9.0f %7s  %-16s %8.1f %5s %8.1f %5s %9.1f %5s %7.2f %5s %5.2f %5.2f"
                            + " %7s",
                    comparison.what(),
                    comparison.sides().get(side),
                    Spread.of(comparison.perSecond(side)).median(),
                    comparison.what().row().bytes() > 0
                            ? "%.0f".formatted(comparison.megabytesPerSecond(side))
                            : "",
                    side == 0
                            ? ""
                            : String.format(
                                    Locale.ROOT,
                                    "%.2f %.2f-%.2f",
                                    faster.median(),
                                    faster.min(),
                                    faster.max()),
                    comparison.micros(side, 50),
                    ratio(side, comparison.micros(0, 50), comparison.micros(side, 50)),
                    comparison.micros(side, 99),
                    ratio(side, comparison.micros(0, 99), comparison.micros(side, 99)),
                    comparison.micros(side, 99.9),
                    ratio(side, comparison.micros(0, 99.9), comparison.micros(side, 99.9)),
                    comparison.cpuMicros(side),
                    ratio(side, comparison.cpuMicros(0), comparison.cpuMicros(side)),
                    comparison.kicks(side),
                    comparison.calls(side),
                    side > 0 || Double.isNaN(comparison.bareMicros())
                            ? ""
                            : String.format(Locale.ROOT, "%.2f", comparison.bareMicros()));
        }
    }

    /** Microseconds of ours and of the last side, and ours / theirs, in lines of a fixed form. */
    String ratios() {
        StringBuilder text = new StringBuilder();
        for (Comparison comparison : comparisons) {
            int peer = comparison.sides().size() - 1;
            line(text, "# %s", comparison.what());
            ratio(text, comparison, "p50", comparison.micros(0, 50), comparison.micros(peer, 50));
            ratio(text, comparison, "p99", comparison.micros(0, 99), comparison.micros(peer, 99));
            ratio(text, comparison, "mean", comparison.meanMicros(0), comparison.meanMicros(peer));
            ratio(text, comparison, "cpu", comparison.cpuMicros(0), comparison.cpuMicros(peer));
        }
        return text.toString();
    }

    private static void ratio(
            StringBuilder text, Comparison comparison, String what, double ours, double peer) {
        line(
                text,
                "%-10s %-4s ours %8.1f us   peer %8.1f us   ratio %.2f",
                comparison.what().row().name(),
                what,
                ours,
                peer,
                ours / peer);
    }

    private static String ratio(int side, double ours, double theirs) {
        return side == 0 ? "" : String.format(Locale.ROOT, "%.2f", ours / theirs);
    }

    private static void lines(StringBuilder text, Figure figure) {
        line(text, "%n%s: %s, %s", figure.row(), figure.what(), figure.unit());
        double[] ours = figure.bySide().values().iterator().next();
        figure.bySide()
                .forEach(
                        (side, values) -> {
                            Spread spread = Spread.of(values);
                            line(
                                    text,
                                    "    %-26s %10.1f   %-20s %s",
                                    side,
                                    spread.median(),
                                    range("%.1f-%.1f", spread),
                                    values == ours || values.length == 1
                                            ? ""
                                            : ratio(ours, values));
                        });
    }

    private static String range(String format, Spread spread) {
        return String.format(Locale.ROOT, format, spread.min(), spread.max());
    }

    /** Ours / theirs, round by round. */
    private static String ratio(double[] ours, double[] theirs) {
        double[] ratios = new double[ours.length];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = ours[i] / theirs[i];
        }
        Spread spread = Spread.of(ratios);
        return String.format(
                Locale.ROOT, "ours / this %.2f (%s)", spread.median(), range("%.2f-%.2f", spread));
    }

    private static void line(StringBuilder text, String format, Object... values) {
        String line = String.format(Locale.ROOT, format, values);
        text.append(line.stripTrailing()).append('\n');
    }

    /**
     * A line a row, a column a driver and depth: how much faster than the last side, and how much
     * processor time it takes, ours / theirs.
     */
    String markdown() {
        Map<Row, Map<String, String>> rows = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        for (Comparison comparison : comparisons) {
            String column = SpeedChart.column(comparison.what());
            if (!names.contains(column)) {
                names.add(column);
            }
            int side = comparison.sides().size() - 1;
            String value =
                    String.format(
                            Locale.ROOT,
                            "%.2f, %.2f",
                            comparison.speed(side).median(),
                            comparison.cpuMicros(0) / comparison.cpuMicros(side));
            rows.computeIfAbsent(comparison.what().row(), row -> new LinkedHashMap<>())
                    .put(column, value);
        }
        StringBuilder text = new StringBuilder("| |");
        names.forEach(name -> text.append(' ').append(name).append(" |"));
        text.append("\n|---|").append("---|".repeat(names.size())).append('\n');
        rows.forEach(
                (row, values) -> {
                    text.append("| ").append(row.name()).append(" |");
                    for (String name : names) {
                        text.append(' ').append(values.getOrDefault(name, "")).append(" |");
                    }
                    text.append('\n');
                });
        return text.toString();
    }

    /** With {@code machine}: what it was measured on. */
    String json(Map<String, Object> machine) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("format", FORMAT);
        all.put("machine", machine);
        all.put("comparisons", comparisons.stream().map(Report::json).toList());
        all.put("figures", figures.stream().map(Report::json).toList());
        return Json.of(all);
    }

    private static Map<String, Object> json(Comparison comparison) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("row", comparison.what().row().name());
        all.put("depth", comparison.what().depth());
        all.put("queues", comparison.what().queues());
        all.put("driver", comparison.what().driver());
        all.put("bareMicros", comparison.bareMicros());
        List<Object> sides = new ArrayList<>();
        for (int side = 0; side < comparison.sides().size(); side++) {
            Map<String, Object> one = new LinkedHashMap<>();
            one.put("side", comparison.sides().get(side));
            one.put("operationsPerSecond", comparison.perSecond(side));
            one.put("megabytesPerSecond", comparison.megabytesPerSecond(side));
            one.put("meanMicros", comparison.meanMicros(side));
            one.put("p50Micros", comparison.micros(side, 50));
            one.put("p99Micros", comparison.micros(side, 99));
            one.put("p999Micros", comparison.micros(side, 99.9));
            one.put("cpuMicros", comparison.cpuMicros(side));
            one.put("kicks", comparison.kicks(side));
            one.put("calls", comparison.calls(side));
            if (side > 0) {
                Spread faster = comparison.speed(side);
                one.put("fasterMin", faster.min());
                one.put("fasterMedian", faster.median());
                one.put("fasterMax", faster.max());
            }
            sides.add(one);
        }
        all.put("sides", sides);
        return all;
    }

    private static Map<String, Object> json(Figure figure) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("row", figure.row());
        all.put("what", figure.what());
        all.put("unit", figure.unit());
        all.put("sides", figure.bySide());
        return all;
    }
}
