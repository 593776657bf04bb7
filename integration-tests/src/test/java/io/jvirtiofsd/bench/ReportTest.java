package io.jvirtiofsd.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

class ReportTest {
    @TempDir Path folder;

    /** 1000 operations that take 1 to 1000 microseconds times {@code factor}. */
    private static Cell cell(double perSecond, int factor) {
        Histogram latencies = new Histogram(Lane.MOST_NANOS, Lane.DIGITS);
        for (int i = 1; i <= 1000; i++) {
            latencies.recordValue(i * 1000L * factor);
        }
        return new Cell(1000, perSecond, 5_000_000L * factor, 500, 250L * factor, latencies);
    }

    private static Comparison comparison() {
        Combination what = new Combination(Rows.named("read-128k"), 4, 1, true);
        Comparison comparison = new Comparison(what, List.of("ours", "virtiofsd"));
        double[] ours = {3000, 1000, 2000};
        double[] theirs = {1000, 1000, 1000};
        for (int round = 0; round < ours.length; round++) {
            comparison.add(0, cell(ours[round], 1));
            comparison.add(1, cell(theirs[round], 2));
        }
        return comparison;
    }

    @Test
    void roundsAreComparedOneByOne() {
        Comparison comparison = comparison();
        assertEquals(new Spread(1, 2, 3), comparison.speed(1));
        assertEquals(262.144, comparison.megabytesPerSecond(0), 0.001);
        assertEquals(500, comparison.micros(0, 50), 1);
        assertEquals(1980, comparison.micros(1, 99), 2);
        assertEquals(999, comparison.micros(0, 99.9), 1);
        assertEquals(5, comparison.cpuMicros(0), 1e-9);
        assertEquals(10, comparison.cpuMicros(1), 1e-9);
        assertEquals(0.5, comparison.kicks(1), 1e-9);
        assertEquals(0.25, comparison.calls(0), 1e-9);
        assertTrue(Double.isNaN(comparison.bareMicros()));
    }

    @Test
    void theMiddleOfAnEvenNumberIsBetweenTwo() {
        assertEquals(new Spread(1, 2.5, 4), Spread.of(4, 1, 2, 3));
        assertEquals(new Spread(7, 7, 7), Spread.of(7));
    }

    @Test
    void theTableHasALineForEachSide() {
        Report report = new Report();
        report.add(comparison());
        Map<String, double[]> bySide = new LinkedHashMap<>();
        bySide.put("ours", new double[] {3, 1, 2});
        report.add(new Figure("start", "until it listens", "ms", bySide));
        List<String> lines = report.text().lines().map(line -> line.replaceAll(" +", " ")).toList();
        assertTrue(
                lines.contains(
                        "read-128k 4 1 sleeps ours 2000 262 500.2 990.2 999.4 5.00 0.50 0.25"),
                report.text());
        assertTrue(
                lines.contains(
                        "read-128k 4 1 sleeps virtiofsd 1000 131 2.00 1.00-3.00 1000.4 0.50 1980.4"
                                + " 0.50 1998.8 0.50 10.00 0.50 0.50 0.50"),
                report.text());
        assertTrue(lines.contains("start: until it listens, ms"));
        assertTrue(lines.contains(" ours 2.0 1.0-3.0"));
        assertTrue(report.markdown().contains("| read-128k | 2.00, 0.50 |"), report.markdown());
    }

    @Test
    void jsonIsWellFormed() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("a \"b\"\\\n", List.of(1, true, 0.1, Double.NaN, 1234567.0));
        all.put("none", List.of());
        assertEquals(
                "{\n  \"a \\\"b\\\"\\\\\\u000a\": [\n    1,\n    true,\n    0.1,\n    null,\n"
                        + "    1234570\n  ],\n  \"none\": [\n  ]\n}\n",
                Json.of(all));
        Report report = new Report();
        report.add(comparison());
        String json = report.json(Map.of("processors", 2));
        assertTrue(json.contains("\"fasterMedian\": 2"), json);
        assertTrue(json.contains("\"bareMicros\": null"), json);
    }

    @Test
    void theChartIsWellFormed() throws Exception {
        String svg = new SpeedChart(List.of(comparison())).draw();
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(svg)));
        assertTrue(svg.contains(">read-128k<"), svg);
        assertTrue(svg.contains(">sleeps, 4<"), svg);
        assertTrue(new Svg(1, 1).text(0, 0, "end", "a<b&c").toString().contains("a&lt;b&amp;c"));
    }

    @Test
    void theTableGoesBetweenTheMarksOfAPage() throws IOException {
        Path page = folder.resolve("page.md");
        Files.writeString(page, "before\n<!-- bench -->\nold\n<!-- /bench -->\nafter\n");
        Bench.putBetweenMarks(page, "new\n");
        assertEquals(
                "before\n<!-- bench -->\nnew\n<!-- /bench -->\nafter\n", Files.readString(page));
        Files.writeString(page, "no marks");
        assertThrows(IOException.class, () -> Bench.putBetweenMarks(page, "new\n"));
    }
}
