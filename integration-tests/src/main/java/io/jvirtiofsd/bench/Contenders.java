package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** All sides of a comparison, each with a daemon and a share of its own. Owns them. */
final class Contenders implements AutoCloseable {
    private static final double KIB_PER_MIB = 1024;

    private final List<Daemon> daemons = new ArrayList<>();
    private final List<Contender> all = new ArrayList<>();

    /** Starts the daemons of {@code sides}; shares and sockets go into {@code folder}. */
    Contenders(Path folder, Map<String, Bench.Start> sides, int queues) throws IOException {
        try {
            for (Map.Entry<String, Bench.Start> side : sides.entrySet()) {
                String name = side.getKey();
                Path share = folder.resolve(name);
                BenchShare made = BenchShare.create(share, BenchShare.NAMES, BenchShare.FILE_BYTES);
                Daemon daemon = side.getValue().on(share, folder.resolve(name + ".s"));
                daemons.add(daemon);
                all.add(new Contender(name, daemon.socket(), daemon.servingPid(), made, queues));
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    List<Contender> all() {
        return all;
    }

    Contender get(int side) {
        return all.get(side);
    }

    /** Memory that is each daemon's alone. */
    Figure memory(String when) throws IOException {
        Map<String, double[]> mebibytes = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            double kib = daemons.get(i).memoryKib("Anonymous");
            mebibytes.put(all.get(i).name(), new double[] {kib / KIB_PER_MIB});
        }
        return new Figure("memory", "anonymous memory " + when, "MiB", mebibytes);
    }

    @Override
    public void close() throws IOException {
        for (Contender side : all) {
            side.close();
        }
        daemons.forEach(Daemon::close);
    }
}
