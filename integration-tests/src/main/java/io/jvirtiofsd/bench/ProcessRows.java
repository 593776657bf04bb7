package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/** Rows about processes that have just started: each round has new ones, in turns. */
final class ProcessRows {
    private static final int STARTS = 11;
    private static final int FULL_STARTS = 21;
    private static final long LOOK_NANOS = 200_000;
    private static final long SECOND_NANOS = 1_000_000_000;
    private static final double NANOS_PER_MILLI = 1e6;
    private static final double KIB_PER_MIB = 1024;
    private static final List<String> MEMORY = List.of("Rss", "Pss", "Anonymous");
    private static final long SETTLE_MILLIS = 3000; // what a start has left is collected by then

    private static final List<String> FIRST_ROWS = List.of("getattr", "read-4k", "create");
    private static final List<String> FULL_FIRST_ROWS =
            List.of("getattr", "lookup", "read-4k", "write-4k", "create");

    private final BenchOptions options;
    private final Path folder;

    /** Sockets and shares go into {@code folder}. */
    ProcessRows(BenchOptions options, Path folder) {
        this.options = options;
        this.folder = folder;
    }

    /** Requests that are answered in the first second, one at a time: more is better. */
    List<Figure> firstSecond(Map<String, Bench.Start> sides) throws Exception {
        BenchShare share = BenchShare.create(folder.resolve("share"), BenchShare.NAMES, 1 << 20);
        List<String> rows = options.full ? FULL_FIRST_ROWS : FIRST_ROWS;
        Progress progress = new Progress(rows.size() * options.drivers.size());
        List<Figure> figures = new ArrayList<>();
        for (BenchOptions.Driver driver : options.drivers) {
            for (String row : rows) {
                String what = row + ", one at a time, of a driver that " + driver;
                progress.next("the first second: " + what);
                Map<String, double[]> counts = empty(sides.keySet(), options.rounds());
                for (int round = -1; round < options.rounds(); round++) {
                    for (Map.Entry<String, Bench.Start> side : sides.entrySet()) {
                        double count = first(side.getValue(), share, row, driver);
                        if (round >= 0) { // the one before has warmed the driver up
                            counts.get(side.getKey())[round] = count;
                        }
                    }
                }
                figures.add(new Figure("cold", what, "in the first second", counts));
            }
        }
        progress.end();
        return figures;
    }

    private double first(Bench.Start start, BenchShare share, String row, BenchOptions.Driver how)
            throws Exception {
        Path socket = folder.resolve("s");
        try (Daemon daemon = start.on(share.folder(), socket);
                Contender side =
                        new Contender("cold", daemon.socket(), daemon.servingPid(), share, 1)) {
            boolean sleeping = how == BenchOptions.Driver.sleeps;
            return side.measure(Rows.named(row), 1, 1, sleeping, SECOND_NANOS).perSecond();
        } finally {
            Files.deleteIfExists(socket); // virtiofsd leaves it
        }
    }

    private static Map<String, double[]> empty(Iterable<String> sides, int rounds) {
        Map<String, double[]> all = new LinkedHashMap<>();
        sides.forEach(side -> all.put(side, new double[rounds]));
        return all;
    }

    /** From the start of a process until its socket is there. */
    Figure start() throws IOException, InterruptedException {
        Path share = Files.createDirectory(folder.resolve("empty"));
        String launcher = GuestKit.home().resolve("jvirtiofsd").toString();
        Map<String, List<String>> sides = new LinkedHashMap<>();
        sides.put("ours", List.of(launcher));
        sides.put("ours, no sandbox", List.of(launcher, "--sandbox=none"));
        sides.put("ours, own processes", List.of(launcher, "--dax=never"));
        if (options.against != null) {
            sides.put("other", List.of(options.against.resolve("jvirtiofsd").toString()));
        }
        if (!options.noPeer) {
            String virtiofsd = GuestKit.get().virtiofsd().toString();
            sides.put("virtiofsd, no sandbox", List.of(virtiofsd, "--sandbox=none"));
        }
        int rounds = options.full ? FULL_STARTS : STARTS;
        Map<String, double[]> millis = empty(sides.keySet(), rounds);
        Progress progress = new Progress(rounds + 1);
        for (int round = -1; round < rounds; round++) { // the first fills the page cache
            progress.next("starts");
            for (Map.Entry<String, List<String>> side : sides.entrySet()) {
                double taken = start(side.getValue(), share);
                if (round >= 0) {
                    millis.get(side.getKey())[round] = taken;
                }
            }
        }
        progress.end();
        return new Figure("start", "from its start until it listens", "ms", millis);
    }

    private double start(List<String> program, Path share)
            throws IOException, InterruptedException {
        Path socket = folder.resolve("s");
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("--shared-dir=" + share, "--socket-path=" + socket));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(folder.resolve("log").toFile());
        long begin = System.nanoTime();
        Process process = builder.start();
        while (!Files.exists(socket)) {
            if (!process.isAlive()) {
                throw new IOException("ended: " + command);
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        long end = System.nanoTime();
        process.destroy();
        process.waitFor();
        Files.deleteIfExists(socket); // virtiofsd leaves it
        return (end - begin) / NANOS_PER_MILLI;
    }

    /** Memory of daemons that wait for a front-end, each and on average, for several counts. */
    List<Figure> size(Map<String, Bench.Start> sides) throws Exception {
        List<Figure> figures = new ArrayList<>();
        Path share = Files.createDirectory(folder.resolve("idle"));
        for (int count : options.full ? new int[] {1, 10, 50} : new int[] {1, 10}) {
            Map<String, Map<String, double[]>> byKind = new LinkedHashMap<>();
            for (Map.Entry<String, Bench.Start> side : sides.entrySet()) {
                List<Daemon> daemons = new ArrayList<>();
                try {
                    for (int i = 0; i < count; i++) {
                        Path socket = folder.resolve(side.getKey() + count + "-" + i);
                        daemons.add(side.getValue().on(share, socket));
                    }
                    Thread.sleep(SETTLE_MILLIS);
                    for (String kind : MEMORY) {
                        byKind.computeIfAbsent(kind, any -> new LinkedHashMap<>())
                                .put(side.getKey(), mebibytes(daemons, kind));
                    }
                } finally {
                    daemons.forEach(Daemon::close);
                }
            }
            byKind.forEach(
                    (kind, bySide) ->
                            figures.add(
                                    new Figure(
                                            "size", kind + ", each of " + count, "MiB", bySide)));
        }
        return figures;
    }

    private static double[] mebibytes(List<Daemon> daemons, String kind) throws IOException {
        double[] all = new double[daemons.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = daemons.get(i).memoryKib(kind) / KIB_PER_MIB;
        }
        return all;
    }
}
