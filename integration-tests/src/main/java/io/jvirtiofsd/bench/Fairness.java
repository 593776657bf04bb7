package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.Flood;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * How long a GETATTR of a quiet queue and a message on the socket take, in the worst of a hundred
 * cases, while another queue is always full and while nothing else is asked.
 */
public final class Fairness {
    private static final int ROUNDS = 5;
    private static final int SAMPLES = 2000;
    private static final long PAUSE_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    private static final int RING = 512;
    private static final int GETATTR = 3;
    private static final int READ = 15;
    private static final int READ_BYTES = 8 << 10;
    private static final int OUT_HEADER = 16;

    private Fairness() {}

    private interface Act {
        void run() throws Exception;
    }

    /** Microseconds. */
    private static double p99(Act act) throws Exception {
        long[] nanos = new long[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            LockSupport.parkNanos(PAUSE_NANOS);
            long start = System.nanoTime();
            act.run();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return nanos[SAMPLES * 99 / 100] / 1e3;
    }

    /** The options of our daemon. */
    public static void main(String[] args) throws Exception {
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.write(share.resolve("file"), new byte[READ_BYTES]);
        try (Daemon daemon = Daemon.start(share, folder.resolve("s"), args);
                FakeFrontend frontend = new FakeFrontend(daemon.socket())) {
            int memoryBytes = FakeDriver.memoryBytes(3) + Flood.MEMORY_BYTES;
            frontend.negotiate(FakeFrontend.FEATURES, 0, 1, memoryBytes);
            frontend.start(2, RING);
            FuseClient quiet = new FuseClient(frontend, 2);
            quiet.init(0);
            long node = quiet.lookup(FuseClient.ROOT, "file").nodeId();
            long fh = quiet.open(node, 0);
            Act getattr = () -> quiet.getattr(node);
            Act message = () -> frontend.ask(FakeFrontend.GET_PROTOCOL_FEATURES);
            FakeDriver other = frontend.queue(1);
            System.out.println(
                    "                  GETATTR: idle   full        message: idle   full");
            for (int i = 0; i < ROUNDS; i++) {
                row(
                        "GETATTR",
                        () -> Flood.of(other, GETATTR, node, OUT_HEADER + 104, 0, 0),
                        getattr,
                        message);
                row(
                        "READ 8 KiB",
                        () ->
                                Flood.of(
                                        other,
                                        READ,
                                        node,
                                        OUT_HEADER + READ_BYTES,
                                        fh,
                                        0,
                                        READ_BYTES,
                                        0,
                                        0),
                        getattr,
                        message);
            }
        }
    }

    private interface Start {
        Flood flood();
    }

    private static void row(String name, Start start, Act... acts) throws Exception {
        double[] idle = {p99(acts[0]), p99(acts[1])};
        double[] full = new double[2];
        long requests;
        try (Flood flood = start.flood()) {
            full[0] = p99(acts[0]);
            full[1] = p99(acts[1]);
            requests = flood.answered();
        }
        System.out.printf("full of %-10s", name);
        for (int i = 0; i < acts.length; i++) {
            double ratio = full[i] / idle[i];
            System.out.printf(" %8.0f µs %4.0f µs %4.1f x  ", idle[i], full[i], ratio);
        }
        System.out.printf("(%,d requests)%n", requests);
    }
}
