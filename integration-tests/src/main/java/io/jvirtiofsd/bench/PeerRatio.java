package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * Runs the same loops of requests through the fake front-end against our daemon and against
 * virtiofsd, or against the daemon of another checkout, in turns within one run, and prints ratios:
 * one request at a time over one queue, from a driver that sleeps until it is answered, as guests
 * do, and from one that polls.
 */
public final class PeerRatio {
    private static final int ROUNDS = 20;
    private static final int REQUESTS = 10_000;
    private static final int WARM_UP = 60_000;
    private static final double TICK_NANOS = 10_000_000; // USER_HZ is 100

    /** Latencies and processor time of one side over all rounds. */
    private record Figures(long[] nanos, long ticks) {
        double p(double quantile) {
            return nanos[(int) (quantile * (nanos.length - 1))];
        }

        double mean() {
            return Arrays.stream(nanos).average().orElseThrow();
        }

        double cpuNanos() {
            return ticks * TICK_NANOS / nanos.length;
        }
    }

    private PeerRatio() {}

    /**
     * @param args the folder of another checkout, which is built, to compare with; none for
     *     virtiofsd
     */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("jvirtiofsd-ratio");
        Path share = Files.createDirectory(folder.resolve("share"));
        Side.prepare(share);
        Path socket = folder.resolve("peer");
        try (Side ours = new Side(Daemon.start(share, folder.resolve("ours")));
                Side peer =
                        new Side(
                                args.length == 0
                                        ? Daemon.startPeer(GuestKit.get(), share, socket)
                                        : Daemon.startOf(Path.of(args[0]), share, socket))) {
            System.out.println("one request at a time; ratio = ours / peer");
            for (String name :
                    Side.REQUESTS) { // all before the first: what one row compiles, the next uses
                warmUp(ours.request(name));
                warmUp(peer.request(name));
            }
            for (boolean sleeping : new boolean[] {true, false}) {
                System.out.println(sleeping ? "of a driver that sleeps" : "of a driver that polls");
                ours.sleeping(sleeping);
                peer.sleeping(sleeping);
                for (String name : Side.REQUESTS) {
                    compare(name, ours, peer);
                }
            }
        }
    }

    private static void compare(String name, Side ours, Side peer) throws IOException {
        long[][] nanos = new long[2][ROUNDS * REQUESTS];
        long[] ticks = new long[2];
        for (int round = 0; round < ROUNDS; round++) {
            for (int turn = 0; turn < 2; turn++) {
                int side = (round + turn) % 2; // neither always follows the other
                Side measured = side == 0 ? ours : peer;
                long before = measured.ticks();
                measure(measured.request(name), nanos[side], round * REQUESTS);
                ticks[side] += measured.ticks() - before;
            }
        }
        Arrays.sort(nanos[0]);
        Arrays.sort(nanos[1]);
        Figures a = new Figures(nanos[0], ticks[0]);
        Figures b = new Figures(nanos[1], ticks[1]);
        line(name, "p50", a.p(0.5), b.p(0.5));
        line(name, "p99", a.p(0.99), b.p(0.99));
        line(name, "mean", a.mean(), b.mean());
        line(name, "cpu", a.cpuNanos(), b.cpuNanos());
    }

    private static void warmUp(IntSupplier request) {
        for (int i = 0; i < WARM_UP; i++) {
            request.getAsInt();
        }
    }

    private static void measure(IntSupplier request, long[] nanos, int at) {
        for (int i = 0; i < REQUESTS; i++) {
            long start = System.nanoTime();
            request.getAsInt();
            nanos[at + i] = System.nanoTime() - start;
        }
    }

    private static void line(String name, String what, double ours, double peer) {
        System.out.printf(
                "%-8s %-4s ours %8.1f us   peer %8.1f us   ratio %.2f%n",
                name, what, ours / 1000, peer / 1000, ours / peer);
    }
}
