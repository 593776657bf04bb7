package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The memory of daemons that wait for a front-end: how much of it each shows (RSS), has alone
 * (anonymous), and costs where many share what can be shared (PSS). Prints MiB, means of 1, 10 and
 * 50 daemons.
 */
public final class Footprint {
    private static final int[] COUNTS = {1, 10, 50};
    private static final List<String> FIGURES = List.of("Rss", "Pss", "Anonymous");
    private static final long SETTLE_MILLIS = 3000; // what a start has left is collected by then
    private static final double KIB_PER_MIB = 1024;

    private Footprint() {}

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("jvirtiofsd-footprint");
        Path share = Files.createDirectory(folder.resolve("share"));
        System.out.println("daemons, MiB each      RSS     PSS     anonymous");
        List<Daemon> daemons = new ArrayList<>();
        try {
            for (int count : COUNTS) {
                while (daemons.size() < count) {
                    daemons.add(Daemon.start(share, folder.resolve("s" + daemons.size())));
                }
                Thread.sleep(SETTLE_MILLIS);
                System.out.printf("%7d", count);
                for (String figure : FIGURES) {
                    System.out.printf("%16.1f", mean(daemons, figure));
                }
                System.out.println();
            }
        } finally {
            daemons.forEach(Daemon::close);
        }
    }

    private static double mean(List<Daemon> daemons, String figure) throws IOException {
        double kib = 0;
        for (Daemon daemon : daemons) {
            kib += daemon.memoryKib(figure);
        }
        return kib / KIB_PER_MIB / daemons.size();
    }
}
