package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.Flood;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Requests a second over a packed ring beside those over a split one, in turns: GETATTR, with as
 * many in flight all the time as is said. The driver is the fake front-end's. Prints ratios.
 */
public final class RingFormats {
    private static final int ROUNDS = 11;
    private static final int[] DEPTHS = {2, 8, 32};
    private static final int RING = 128;
    private static final int GETATTR = 3;
    private static final int ANSWER_BYTES = 16 + 104;
    private static final long WINDOW_MILLIS = 500;

    private final Daemon daemon;
    private final FakeFrontend frontend;

    private RingFormats(Path share, Path socket, long features) throws IOException {
        daemon = Daemon.start(share, socket);
        frontend = new FakeFrontend(socket);
        frontend.negotiate(features, 0, 1, FakeDriver.memoryBytes(2) + Flood.MEMORY_BYTES);
        frontend.start(1, RING);
        new FuseClient(frontend, 1).init(0);
    }

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("jvirtiofsd-rings");
        Path share = Files.createDirectory(folder.resolve("share"));
        RingFormats split = new RingFormats(share, folder.resolve("split"), FakeFrontend.FEATURES);
        RingFormats packed =
                new RingFormats(
                        share,
                        folder.resolve("packed"),
                        FakeFrontend.FEATURES | FakeFrontend.F_RING_PACKED);
        System.out.println("GETATTR in flight        split/s    packed/s   packed / split");
        for (int depth : DEPTHS) {
            double[] a = new double[ROUNDS];
            double[] b = new double[ROUNDS];
            double[] ratios = new double[ROUNDS];
            for (int round = -2; round < ROUNDS; round++) { // the first two warm all up
                double ofSplit = split.rate(depth);
                double ofPacked = packed.rate(depth);
                if (round >= 0) {
                    a[round] = ofSplit;
                    b[round] = ofPacked;
                    ratios[round] = ofPacked / ofSplit;
                }
            }
            System.out.printf(
                    "%-20d %11.0f %11.0f %16.2f%n", depth, median(a), median(b), median(ratios));
        }
        split.close();
        packed.close();
    }

    private static double median(double[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }

    private double rate(int depth) throws InterruptedException {
        try (Flood flood =
                Flood.of(frontend.queue(1), depth, GETATTR, FuseClient.ROOT, ANSWER_BYTES, 0, 0)) {
            TimeUnit.MILLISECONDS.sleep(WINDOW_MILLIS / 5); // the queue's thread has its pace
            long before = flood.answered();
            long begin = System.nanoTime();
            TimeUnit.MILLISECONDS.sleep(WINDOW_MILLIS);
            return (flood.answered() - before) * 1e9 / (System.nanoTime() - begin);
        }
    }

    private void close() throws IOException {
        frontend.close();
        daemon.close();
    }
}
