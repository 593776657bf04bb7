package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntSupplier;

/**
 * Runs the same loops of requests through the fake front-end against our daemon and against
 * virtiofsd, or against the daemon of another checkout, in turns within one run, and prints ratios:
 * one request at a time over one queue.
 */
public final class PeerRatio {
    private static final List<String> REQUEST_NAMES =
            List.of("GETATTR", "LOOKUP", "READ 4k", "WRITE 4k", "CREATE");
    private static final int ROUNDS = 20;
    private static final int REQUESTS = 10_000;
    private static final int WARM_UP = 60_000;
    private static final byte[] BLOCK = new byte[4096];
    private static final byte[] NAME = "file".getBytes(StandardCharsets.UTF_8);
    private static final int O_RDWR = 2; // asm-generic/fcntl.h
    private static final int FILE_MODE = 0644;
    private static final double TICK_NANOS = 10_000_000; // USER_HZ is 100

    /** A daemon, a connection to it and a file opened through it. */
    private static final class Side implements AutoCloseable {
        final Daemon daemon;
        final FakeFrontend frontend;
        final FuseClient fuse;
        final long node;
        final long fh;

        Side(Daemon daemon) throws IOException {
            this.daemon = daemon;
            frontend = new FakeFrontend(daemon.socket());
            frontend.negotiate(-1L, 0, 1, FakeDriver.memoryBytes(2));
            frontend.start(1, 128);
            fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
            fh = fuse.open(node, O_RDWR);
        }

        IntSupplier request(String name) {
            return switch (name) {
                case "GETATTR" -> () -> fuse.bareGetattr(node);
                case "LOOKUP" -> () -> fuse.bareLookup(FuseClient.ROOT, NAME);
                case "READ 4k" -> () -> fuse.bareRead(node, fh, 0, BLOCK.length);
                case "WRITE 4k" -> () -> fuse.bareWrite(node, fh, 0, BLOCK);
                case "CREATE" -> this::createAndRemove;
                default -> throw new IllegalArgumentException(name);
            };
        }

        /** CREATE with what undoes it: RELEASE, UNLINK and FORGET. */
        private int createAndRemove() {
            FuseClient.Created made = fuse.create(FuseClient.ROOT, "new", O_RDWR, FILE_MODE);
            fuse.release(made.node().nodeId(), made.fh());
            fuse.unlink(FuseClient.ROOT, "new");
            fuse.forget(made.node().nodeId(), 1);
            return 0;
        }

        /** Processor time of the daemon so far, in clock ticks. */
        long ticks() throws IOException {
            String[] stat =
                    Files.readString(Path.of("/proc/" + daemon.servingPid() + "/stat")).split(" ");
            return Long.parseLong(stat[13]) + Long.parseLong(stat[14]);
        }

        @Override
        public void close() throws IOException {
            frontend.close();
            daemon.close();
        }
    }

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
        Files.write(share.resolve("file"), new byte[1 << 20]);
        Path socket = folder.resolve("peer");
        try (Side ours = new Side(Daemon.start(share, folder.resolve("ours")));
                Side peer =
                        new Side(
                                args.length == 0
                                        ? Daemon.startPeer(GuestKit.get(), share, socket)
                                        : Daemon.startOf(Path.of(args[0]), share, socket))) {
            System.out.println("one request at a time; ratio = ours / peer");
            for (String name :
                    REQUEST_NAMES) { // all before the first: what one row compiles, the next uses
                warmUp(ours.request(name));
                warmUp(peer.request(name));
            }
            for (String name : REQUEST_NAMES) {
                compare(name, ours, peer);
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
