package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.bench.Svg;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a daemon held, one sample after the other, and a picture of it. Memory is what is the
 * daemon's alone: pages of guests and of files are not counted.
 *
 * <p><i>Confined to the test's thread.</i>
 */
final class Holdings {
    /** Options of the daemon's JVM that make it say where its heap is. */
    static final String HEAP_IS_SAID = "-Xlog:gc+heap+coops=debug";

    private static final Pattern HEAP =
            Pattern.compile("Heap address: 0x([0-9a-f]+), size: (\\d+) MB");
    private static final Pattern MAPPING = Pattern.compile("([0-9a-f]+)-[0-9a-f]+ .*");
    private static final Pattern ANONYMOUS = Pattern.compile("Anonymous: +(\\d+) kB");
    private static final double KIB_A_MIB = 1024;

    private static final double MOST_GROWTH = 1.1;

    private static final int LEFT = 10;
    private static final int WIDTH = 700;
    private static final int HEIGHT = 70;
    private static final int ROW = 110;

    /**
     * @param minutes since the first sample
     * @param heapMiB pages of the Java heap
     * @param otherMiB all other pages: code, classes, stacks, C memory
     */
    private record Sample(
            double minutes, int descriptors, int threads, double heapMiB, double otherMiB) {}

    /** What a row of the picture shows. */
    private record Row(String label, ToDoubleFunction<Sample> value) {}

    private static final List<Row> ROWS =
            List.of(
                    new Row("descriptors", Sample::descriptors),
                    new Row("threads", Sample::threads),
                    new Row("Java heap, MiB", Sample::heapMiB),
                    new Row("other memory, MiB", Sample::otherMiB));

    private final long pid;
    private final long heapStart;
    private final long heapEnd;
    private final long start = System.nanoTime();
    private final List<Sample> samples = new ArrayList<>();

    /** Of a {@code daemon} that was started with {@link #HEAP_IS_SAID}. */
    Holdings(Daemon daemon) {
        Matcher heap = HEAP.matcher(daemon.log());
        assertTrue(heap.find(), daemon::log);
        this.pid = daemon.servingPid();
        this.heapStart = Long.parseLong(heap.group(1), 16);
        this.heapEnd = heapStart + (Long.parseLong(heap.group(2)) << 20);
    }

    /** Looks once. */
    void add() throws IOException {
        long heap = 0;
        long other = 0;
        boolean inHeap = false;
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps"))) {
            Matcher mapping = MAPPING.matcher(line);
            Matcher anonymous = ANONYMOUS.matcher(line);
            if (mapping.matches()) {
                long at = Long.parseUnsignedLong(mapping.group(1), 16);
                inHeap = at >= heapStart && at < heapEnd;
            } else if (anonymous.matches()) {
                long kib = Long.parseLong(anonymous.group(1));
                heap += inHeap ? kib : 0;
                other += inHeap ? 0 : kib;
            }
        }
        samples.add(
                new Sample(
                        (System.nanoTime() - start) / 60e9,
                        count("fd"),
                        count("task"),
                        heap / KIB_A_MIB,
                        other / KIB_A_MIB));
    }

    private int count(String what) throws IOException {
        try (Stream<Path> entries = Files.list(Path.of("/proc/" + pid, what))) {
            return (int) entries.count();
        }
    }

    /** In the last quarter nothing is more than in the second: in the first all is still new. */
    void assertFlat() {
        int quarter = samples.size() / 4;
        for (Row row : ROWS) {
            double before = median(row, quarter, 2 * quarter);
            double last = median(row, 3 * quarter, samples.size());
            assertTrue(
                    last <= before * MOST_GROWTH,
                    "%s: %.1f became %.1f".formatted(row.label, before, last));
        }
    }

    private double median(Row row, int from, int to) {
        double[] values = samples.subList(from, to).stream().mapToDouble(row.value).toArray();
        Arrays.sort(values);
        return values[values.length / 2];
    }

    /** A row for each thing that was held, the time from left to right. */
    void draw(Path svg) throws IOException {
        double minutes = samples.get(samples.size() - 1).minutes;
        Svg picture = new Svg(WIDTH + 2 * LEFT, ROWS.size() * ROW + 10);
        for (int i = 0; i < ROWS.size(); i++) {
            Row row = ROWS.get(i);
            double most = samples.stream().mapToDouble(row.value).max().orElse(1);
            int top = i * ROW + 28;
            picture.text(LEFT, top - 8, "start", row.label + ", at most " + Svg.number(most));
            picture.frame(LEFT, top, WIDTH, HEIGHT, "#bbb");
            double[] points = new double[2 * samples.size()];
            for (int j = 0; j < samples.size(); j++) {
                Sample sample = samples.get(j);
                points[2 * j] = LEFT + WIDTH * sample.minutes / minutes;
                points[2 * j + 1] = top + HEIGHT * (1 - row.value.applyAsDouble(sample) / most);
            }
            picture.line("#06c", points);
        }
        String length = Svg.number(minutes) + " minutes";
        picture.text(LEFT + WIDTH, ROWS.size() * ROW + 4, "end", length);
        Files.writeString(svg, picture.toString());
    }
}
