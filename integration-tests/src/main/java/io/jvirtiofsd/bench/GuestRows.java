package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code bench --guest}: what programs do, in one guest that has mounted the shares of all sides,
 * in turns: fio, and the life of a tree of packages as npm makes them.
 */
final class GuestRows {
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final int PACKAGES = 50;
    private static final double KIB_PER_MIB = 1024;
    private static final double MICROS_PER_MILLI = 1000;
    private static final int READ_RATE = 6; // fio(1), terse output 3: KiB/s
    private static final int WRITE_RATE = 47; // likewise

    /** What fio does: its pattern, size of a block, MiB in all. */
    private record Fio(String pattern, String block, int mebibytes) {
        boolean isWrite() {
            return pattern.contains("write");
        }
    }

    private static final List<Fio> FIO =
            List.of(
                    new Fio("read", "128k", 64),
                    new Fio("randread", "4k", 8),
                    new Fio("write", "128k", 64),
                    new Fio("randwrite", "4k", 8));

    /** Makes /tmp/tree.tar: 5 files a package, among folders. */
    private static final String MAKE_TREE =
            """
            mkdir -p /tmp/tree && cd /tmp/tree
            for ((i = 0; i < %d; i++)); do
                mkdir -p node_modules/package-$i/lib
                cd node_modules/package-$i
                echo "{ \\"name\\": \\"package-$i\\", \\"main\\": \\"index.js\\" }" >package.json
                echo "module.exports = require('./lib/a')" >index.js
                printf '%%2000s' "$i" >lib/a.js
                printf '%%9000s' "$i" >lib/b.js
                printf '%%500s' "$i" >README.md
                cd ../..
            done
            tar cf /tmp/tree.tar . && rm -rf /tmp/tree
            """
                    .formatted(PACKAGES);

    /** Steps of a tree's life, each with its name; $D is an empty folder of the share. */
    private static final Map<String, String> LIFE = new LinkedHashMap<>();

    static {
        LIFE.put("untar", "tar xf /tmp/tree.tar -C $D");
        LIFE.put("git add", "git -C $D init -q && git -C $D add -A");
        LIFE.put("git status", "git -C $D status --short");
        LIFE.put(
                "walk of the tree",
                "find $D/node_modules -type f -size -100k -print0 | xargs -0 cat | wc -c");
        LIFE.put("rm -rf", "rm -rf $D");
    }

    private GuestRows() {}

    /** Sockets and shares go into {@code folder}. */
    static List<Figure> run(Path folder, Map<String, Bench.Start> sides, int rounds)
            throws IOException {
        Map<String, Daemon> daemons = new LinkedHashMap<>();
        try {
            GuestKit kit = GuestKit.get();
            GuestBuilder machine = new GuestBuilder(kit, folder);
            StringBuilder mounts = new StringBuilder("set -e\n");
            for (Map.Entry<String, Bench.Start> side : sides.entrySet()) {
                String name = side.getKey();
                Path share = folder.resolve(name);
                BenchShare.create(share, 0, BenchShare.FILE_BYTES);
                Daemon daemon = side.getValue().on(share, folder.resolve(name + ".s"));
                daemons.put(name, daemon);
                machine.fsDevice(daemon.socket(), name, 1, 128);
                mounts.append("mkdir /%1$s; mount -t virtiofs %1$s /%1$s%n".formatted(name));
            }
            try (Guest guest = machine.boot()) {
                guest.check(mounts.toString());
                guest.check(MAKE_TREE);
                return measure(guest, List.copyOf(sides.keySet()), rounds);
            }
        } finally {
            daemons.values().forEach(Daemon::close);
        }
    }

    private static List<Figure> measure(Guest guest, List<String> sides, int rounds) {
        Map<String, Map<String, double[]>> rates = new LinkedHashMap<>();
        Map<String, Map<String, double[]>> millis = new LinkedHashMap<>();
        Progress progress = new Progress(rounds * sides.size());
        for (int round = 0; round < rounds; round++) {
            for (int turn = 0; turn < sides.size(); turn++) {
                String side = sides.get((round + turn) % sides.size());
                progress.next("round " + (round + 1) + ", " + side);
                for (Fio fio : FIO) {
                    values(rates, "fio " + fio.pattern() + " " + fio.block(), side, sides, rounds)[
                                    round] =
                            mebibytesPerSecond(guest, side, fio);
                }
                live(guest, side, millis, sides, round, rounds);
            }
        }
        progress.end();
        List<Figure> figures = new ArrayList<>();
        rates.forEach((what, bySide) -> figures.add(new Figure("guest", what, "MiB/s", bySide)));
        millis.forEach((what, bySide) -> figures.add(new Figure("guest", what, "ms", bySide)));
        return figures;
    }

    private static double[] values(
            Map<String, Map<String, double[]>> figures,
            String what,
            String side,
            List<String> sides,
            int rounds) {
        Map<String, double[]> bySide =
                figures.computeIfAbsent(
                        what,
                        any -> {
                            Map<String, double[]> empty = new LinkedHashMap<>();
                            sides.forEach(name -> empty.put(name, new double[rounds]));
                            return empty;
                        });
        return bySide.get(side);
    }

    private static double mebibytesPerSecond(Guest guest, String side, Fio fio) {
        String terse =
                guest.check(
                        ("echo 3 >/proc/sys/vm/drop_caches; fio --name=x --filename=/%s/%s"
                                        + " --ioengine=psync --rw=%s --bs=%s --size=%dm"
                                        + " --invalidate=0 --randseed=1 --end_fsync=0 --minimal")
                                .formatted(
                                        side,
                                        fio.isWrite() ? "written" : "read",
                                        fio.pattern(),
                                        fio.block(),
                                        fio.mebibytes()),
                        LIMIT);
        String rate = terse.split(";")[fio.isWrite() ? WRITE_RATE : READ_RATE];
        return Double.parseDouble(rate) / KIB_PER_MIB;
    }

    /** From a tree's being unpacked to its being removed; what was unpacked is compared. */
    private static void live(
            Guest guest,
            String side,
            Map<String, Map<String, double[]>> millis,
            List<String> sides,
            int round,
            int rounds) {
        guest.check("mkdir /" + side + "/tree");
        LIFE.forEach(
                (what, script) -> {
                    String micros =
                            guest.check(
                                    """
                                    set -e -o pipefail
                                    export HOME=/tmp D=/%s/tree
                                    echo 3 >/proc/sys/vm/drop_caches
                                    begin=$EPOCHREALTIME
                                    { %s; } >/dev/null
                                    end=$EPOCHREALTIME
                                    echo $((${end/./} - ${begin/./}))
                                    """
                                            .formatted(side, script),
                                    LIMIT);
                    values(millis, what, side, sides, rounds)[round] =
                            Double.parseDouble(micros.strip()) / MICROS_PER_MILLI;
                    if (what.equals("untar")) {
                        guest.check("tar df /tmp/tree.tar -C /" + side + "/tree", LIMIT);
                    }
                });
        guest.check("test ! -e /" + side + "/tree");
    }
}
