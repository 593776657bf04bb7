package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine;

/**
 * {@code jvirtiofsd bench}: this daemon beside virtiofsd and another build, in turns within one
 * run, through the in-process front-end.
 */
public final class Bench {
    private static final int FAILED = 1;
    private static final String BEGIN = "<!-- bench -->\n";
    private static final String END = "<!-- /bench -->\n";

    private static final Path MEMORY = Path.of("/dev/shm");
    private static final Path DISK = Path.of("/var/tmp"); // file-hierarchy(7): it survives a boot
    private static final long ENOUGH_BYTES = 2L << 30; // some sides, and as much for their daemons

    private final BenchOptions options;
    private final Report report = new Report();

    /** How a side's daemon is started. */
    interface Start {
        Daemon on(Path share, Path socket);
    }

    Bench(BenchOptions options) {
        this.options = options;
    }

    /** The options are {@link BenchOptions}. */
    public static void main(String[] args) throws Exception {
        BenchOptions options = new BenchOptions();
        CommandLine parser = new CommandLine(options);
        try {
            parser.parseArgs(args);
            options.check(parser);
        } catch (CommandLine.ParameterException e) {
            System.err.println("jvirtiofsd: bench: " + e.getMessage());
            System.exit(parser.getCommandSpec().exitCodeOnInvalidInput());
        }
        if (parser.isUsageHelpRequested()) {
            parser.usage(System.out);
            return;
        }
        try {
            new Bench(options).run();
        } catch (IllegalStateException | IOException | UncheckedIOException e) {
            System.err.println("\njvirtiofsd: bench: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    private void run() throws Exception {
        if (options.guest) {
            GuestRows.run(newFolder(DISK), sides(), options.rounds()).forEach(report::add);
        } else {
            compareRequests();
            compareProcesses(newFolder(memory()));
        }
        write();
    }

    /** A folder for what is shared, there unless the user has said where. */
    private Path newFolder(Path parent) throws IOException {
        Path in = options.folder != null ? options.folder : parent;
        return Processes.temporaryFolder(Files.createDirectories(in));
    }

    /**
     * Where files are made and removed: not on a disk, whose file system may remember what was
     * removed. ext4 without a journal takes up to 30 times as long to make a file where many were
     * removed in the last minute (recently_deleted, fs/ext4/ialloc.c), so who is faster gets slow.
     */
    private static Path memory() {
        boolean enough = MEMORY.toFile().getUsableSpace() >= ENOUGH_BYTES;
        return enough && Files.isWritable(MEMORY) ? MEMORY : DISK;
    }

    private void write() throws IOException {
        System.out.print(options.ratios ? report.ratios() : report.text());
        if (options.json != null) {
            Files.writeString(options.json, report.json(machine()));
        }
        if (options.svg != null) {
            Files.writeString(options.svg, new SpeedChart(report.comparisons()).draw());
        }
        if (options.markdown != null) {
            putBetweenMarks(options.markdown, report.markdown());
        }
    }

    /** Ours first. */
    private Map<String, Start> sides() {
        Map<String, Start> sides = new LinkedHashMap<>();
        sides.put("ours", (share, socket) -> Daemon.start(share, socket, "--xattr"));
        if (options.against != null) {
            sides.put(
                    "other",
                    (share, socket) -> Daemon.startOf(options.against, share, socket, "--xattr"));
        }
        if (!options.noPeer) {
            GuestKit kit = GuestKit.get();
            sides.put(
                    "virtiofsd",
                    (share, socket) -> Daemon.startPeer(kit, share, socket, "--xattr"));
        }
        return sides;
    }

    private void compareRequests() throws Exception {
        Map<Boolean, List<Combination>> byMaking =
                options.combinations().stream()
                        .collect(Collectors.partitioningBy(one -> one.row().makesFiles()));
        compareRequests(memory(), byMaking.get(true));
        compareRequests(DISK, byMaking.get(false));
    }

    private void compareRequests(Path parent, List<Combination> all) throws Exception {
        List<Combination> combinations = all;
        if (combinations.isEmpty()) {
            return;
        }
        try (Contenders contenders =
                new Contenders(newFolder(parent), sides(), options.mostQueues())) {
            if (!contenders.get(0).share().hasAttributes()) {
                System.err.println("no rows of attributes: the file system has none");
                combinations =
                        all.stream().filter(one -> !one.row().name().endsWith("xattr")).toList();
            }
            List<Row> rows = combinations.stream().map(Combination::row).distinct().toList();
            Progress progress = new Progress(rows.size() + combinations.size());
            for (Row row : rows) { // what one compiles, the others use
                progress.next("warms up: " + row.name());
                for (Contender side : contenders.all()) {
                    side.measure(row, 1, 1, false, options.warmUpNanos());
                }
            }
            try (BareCalls calls = new BareCalls(contenders.get(0).share())) {
                Map<Row, BareCalls.Operation> bare = new LinkedHashMap<>();
                Row last = null;
                for (Combination one : combinations) {
                    if (one.row() != last) { // what is to be written to disk, is at once
                        for (Contender side : contenders.all()) {
                            side.share().settle();
                        }
                        last = one.row();
                    }
                    progress.next(one.toString());
                    boolean first = bare.putIfAbsent(one.row(), one.row().bare().of(calls)) == null;
                    report.add(
                            Comparison.measure(
                                    one,
                                    contenders.all(),
                                    first ? bare.get(one.row()) : null,
                                    options.rounds(),
                                    options.cellNanos()));
                }
            }
            progress.end();
            report.add(contenders.memory("after rows: " + rows.size()));
        }
    }

    private void compareProcesses(Path folder) throws Exception {
        ProcessRows rows = new ProcessRows(options, Files.createDirectory(folder.resolve("p")));
        if (options.has("cold")) {
            rows.firstSecond(sides()).forEach(report::add);
        }
        if (options.has("start")) {
            report.add(rows.start());
        }
        if (options.has("size")) {
            rows.size(sides()).forEach(report::add);
        }
    }

    private static Map<String, Object> machine() {
        Map<String, Object> machine = new LinkedHashMap<>();
        machine.put("processors", Runtime.getRuntime().availableProcessors());
        machine.put("kernel", System.getProperty("os.version"));
        machine.put("architecture", System.getProperty("os.arch"));
        machine.put("java", Runtime.version().toString());
        return machine;
    }

    /** Puts lines into a page in the place of those that are there. */
    static void putBetweenMarks(Path page, String lines) throws IOException {
        String text = Files.readString(page);
        int begin = text.indexOf(BEGIN);
        int end = text.indexOf(END);
        if (begin < 0 || end < begin) {
            throw new IOException(page + " has no marks for a table");
        }
        Files.writeString(
                page, text.substring(0, begin + BEGIN.length()) + lines + text.substring(end));
    }
}
