package io.jvirtiofsd.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The command line of {@code jvirtiofsd bench}, and what it says is to be measured. */
@Command(
        name = "jvirtiofsd bench",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures this daemon beside virtiofsd, and another build if one is given, in turns.",
            "Takes about seven minutes; --quick takes three or four."
        })
final class BenchOptions {
    private static final List<Integer> QUEUE_COUNTS = List.of(2, 4);
    private static final int QUEUE_DEPTH = 4;
    private static final double NANOS = 1e9;

    /** What is measured over several queues if nothing is said. */
    private static final List<String> QUEUE_ROWS =
            List.of("getattr", "read-4k", "read-128k", "write-4k");

    /** Rows that are no requests. */
    static final List<String> PROCESS_ROWS = List.of("cold", "start", "size");

    /** How the driver waits. */
    enum Driver {
        sleeps,
        polls
    }

    @Option(
            names = "--rows",
            split = ",",
            paramLabel = "ROW",
            description =
                    "What to measure: getattr, lookup, lookup-miss, open, list-10000, create,"
                        + " rename, read-4k, read-128k, read-1m, write-4k, write-128k, write-1m,"
                        + " fsync, statfs, getxattr, listxattr; cold (the first second), start,"
                        + " size.")
    List<String> rows = allRows();

    @Option(
            names = "--depths",
            split = ",",
            paramLabel = "N",
            description = "Requests in flight in each queue (1, 4, 32).")
    List<Integer> depths;

    @Option(
            names = "--drivers",
            split = ",",
            paramLabel = "DRIVER",
            description = "How the driver waits: ${COMPLETION-CANDIDATES} (both).")
    List<Driver> drivers = List.of(Driver.values());

    @Option(
            names = "--queues",
            split = ",",
            paramLabel = "N",
            description = {
                "Request queues (1; for some rows 2 and 4).",
                "virtiofsd has one and gets as many requests in that."
            })
    List<Integer> queues;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "How often the sides take turns (5; 11 with --full).")
    Integer rounds;

    @Option(
            names = "--seconds-per-cell",
            paramLabel = "SECONDS",
            description = "How long a turn is (0.2; 0.1 with --quick, 1 with --full).")
    Double secondsPerCell;

    @Option(
            names = "--against",
            paramLabel = "CHECKOUT",
            description = "Another checkout, which is built, as a further side.")
    Path against;

    @Option(names = "--no-peer", description = "Leaves virtiofsd out.")
    boolean noPeer;

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description =
                    "Where what is shared is made, 256 MiB a side (/var/tmp; for create and cold"
                            + " /dev/shm, in memory, if there is room).")
    Path folder;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes all figures there.")
    Path json;

    @Option(names = "--svg", paramLabel = "FILE", description = "Draws the ratios there.")
    Path svg;

    @Option(
            names = "--markdown",
            paramLabel = "FILE",
            description =
                    "Puts a table into a page, between its marks <!-- bench --> and <!-- /bench"
                            + " -->.")
    Path markdown;

    @Option(
            names = "--guest",
            description =
                    "Instead of all that: fio, and a tree of packages that is unpacked, added to"
                            + " git, looked through and removed, in one guest with a share of each"
                            + " side.")
    boolean guest;

    @Option(
            names = "--ratios",
            description =
                    "Instead of the table: four lines for each comparison, with p50, p99, mean,"
                            + " cpu.")
    boolean ratios;

    @Option(names = "--quick", description = "Fewer and shorter turns.")
    boolean quick;

    @Option(names = "--full", description = "All rows with all depths, queues and drivers.")
    boolean full;

    private static List<String> allRows() {
        List<String> names = new ArrayList<>(Rows.ALL.stream().map(Row::name).toList());
        names.addAll(PROCESS_ROWS);
        return names;
    }

    /**
     * Wants what was said to make sense.
     *
     * @throws ParameterException if it does not
     */
    void check(picocli.CommandLine parser) {
        for (String row : rows) {
            if (!allRows().contains(row)) {
                throw new ParameterException(parser, "--rows: there is no row " + row);
            }
        }
        if (quick && full) {
            throw new ParameterException(parser, "--quick and --full exclude each other");
        }
        for (int count : all(depths, queues)) {
            if (count < 1 || count > Contender.MOST_CHAINS) {
                throw new ParameterException(
                        parser, "--depths and --queues are 1 to " + Contender.MOST_CHAINS);
            }
        }
        for (Path file : new Path[] {json, svg}) { // said now, not after the run
            if (file != null && !Files.isDirectory(file.toAbsolutePath().getParent())) {
                throw new ParameterException(parser, file + ": its folder is not there");
            }
        }
        if (markdown != null && !Files.isRegularFile(markdown)) {
            throw new ParameterException(parser, "--markdown: there is no page " + markdown);
        }
        if (rounds() < 1 || cellNanos() < 1) {
            throw new ParameterException(parser, "--rounds and --seconds-per-cell are more than 0");
        }
    }

    private static List<Integer> all(List<Integer> some, List<Integer> more) {
        List<Integer> all = new ArrayList<>(some == null ? List.of() : some);
        all.addAll(more == null ? List.of() : more);
        return all;
    }

    int rounds() {
        return rounds != null ? rounds : full ? 11 : 5;
    }

    long cellNanos() {
        double preset = full ? 1 : quick ? 0.1 : 0.2;
        return (long) (NANOS * (secondsPerCell != null ? secondsPerCell : preset));
    }

    /** How long a side does each row before the first that is measured. */
    long warmUpNanos() {
        return (long) (NANOS * (full ? 3 : quick ? 0.3 : 1));
    }

    boolean has(String row) {
        return rows.contains(row);
    }

    /** The rows that are requests. */
    List<Row> requestRows() {
        return Rows.ALL.stream().filter(row -> has(row.name())).toList();
    }

    int mostQueues() {
        return combinations().stream().mapToInt(Combination::queues).max().orElse(1);
    }

    /** What is compared, in the order of the table. */
    List<Combination> combinations() {
        List<Integer> someDepths =
                depths != null ? depths : quick ? List.of(1, 32) : List.of(1, 4, 32);
        List<Integer> counts = queues != null ? queues : full ? List.of(1, 2, 4) : List.of(1);
        List<Combination> all = new ArrayList<>();
        for (Row row : requestRows()) {
            for (int count : counts) {
                for (int depth : someDepths) {
                    for (Driver driver : drivers) {
                        add(all, new Combination(row, depth, count, driver == Driver.sleeps));
                    }
                }
            }
            if (queues == null && !full && !quick && QUEUE_ROWS.contains(row.name())) {
                for (int count : QUEUE_COUNTS) {
                    add(all, new Combination(row, QUEUE_DEPTH, count, true));
                }
            }
        }
        return all;
    }

    private void add(List<Combination> all, Combination one) {
        if (one.chains() <= Contender.MOST_CHAINS && !all.contains(one)) {
            all.add(one);
        }
    }
}
