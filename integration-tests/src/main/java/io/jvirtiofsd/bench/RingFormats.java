package io.jvirtiofsd.bench;

import io.jvirtiofsd.fake.Flood;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * Requests a second over a packed ring beside those over a split one, in turns: GETATTR, with as
 * many in flight all the time as is said, where the driver is the fake front-end's; then direct
 * reads of 4 KiB at random in a guest that has both. Prints ratios.
 */
public final class RingFormats {
    private static final int ROUNDS = 11;
    private static final int[] DEPTHS = {2, 8, 32};
    private static final int RING = 128;
    private static final int GETATTR = 3;
    private static final int ANSWER_BYTES = 16 + 104;
    private static final long WINDOW_MILLIS = 500;
    private static final int GUEST_DEPTH = 32;
    private static final int FILE_BYTES = 64 << 20;
    private static final int READS = 7; // fio(1), terse output 3: reads a second

    private final Daemon daemon;
    private final FakeFrontend frontend;

    private RingFormats(Path share, Path socket, long features) throws IOException {
        daemon = Daemon.start(share, socket);
        frontend = new FakeFrontend(socket);
        frontend.negotiate(features, 0, 1, FakeDriver.memoryBytes(2) + Flood.MEMORY_BYTES);
        frontend.start(1, RING);
        new FuseClient(frontend, 1).init(0);
    }

    /** One argument, if any: how many rounds, an odd number. */
    public static void main(String[] args) throws Exception {
        int rounds = args.length == 0 ? ROUNDS : Integer.parseInt(args[0]);
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        RingFormats split = new RingFormats(share, folder.resolve("split"), FakeFrontend.FEATURES);
        RingFormats packed =
                new RingFormats(
                        share,
                        folder.resolve("packed"),
                        FakeFrontend.FEATURES | FakeFrontend.F_RING_PACKED);
        System.out.println("in flight                split/s    packed/s   packed / split");
        for (int depth : DEPTHS) {
            compare("GETATTR, " + depth, rounds, () -> split.rate(depth), () -> packed.rate(depth));
        }
        split.close();
        packed.close();
        compareInGuest(share, folder, rounds);
    }

    private interface Rate {
        double get() throws InterruptedException;
    }

    private static void compare(String what, int rounds, Rate split, Rate packed)
            throws InterruptedException {
        double[] a = new double[rounds];
        double[] b = new double[rounds];
        double[] ratios = new double[rounds];
        for (int round = -2; round < rounds; round++) { // the first two warm all up
            boolean splitFirst = round % 2 == 0; // neither always follows the other
            double first = (splitFirst ? split : packed).get();
            double second = (splitFirst ? packed : split).get();
            if (round >= 0) {
                a[round] = splitFirst ? first : second;
                b[round] = splitFirst ? second : first;
                ratios[round] = b[round] / a[round];
            }
        }
        System.out.printf(
                "%-20s %11.0f %11.0f %16.2f%n", what, median(a), median(b), median(ratios));
    }

    private static void compareInGuest(Path share, Path folder, int rounds) throws Exception {
        Files.write(share.resolve("file"), new byte[FILE_BYTES]);
        GuestKit kit = GuestKit.get();
        try (Daemon split = Daemon.start(share, folder.resolve("split"));
                Daemon packed = Daemon.start(share, folder.resolve("packed"));
                Guest guest =
                        new GuestBuilder(kit, folder)
                                .cpus(1)
                                .fsDevice(split.socket(), "split", 1, RING)
                                .packedFsDevice(packed.socket(), "packed", 1, RING)
                                .boot()) {
            guest.check(
                    "mkdir /split /packed; mount -t virtiofs split /split;"
                            + " mount -t virtiofs packed /packed");
            compare(
                    "guest's reads, " + GUEST_DEPTH,
                    rounds,
                    () -> readsPerSecond(guest, "split"),
                    () -> readsPerSecond(guest, "packed"));
        }
    }

    private static double readsPerSecond(Guest guest, String mount) {
        String terse =
                guest.check(
                        ("fio --name=x --filename=/%s/file --ioengine=libaio --direct=1"
                                        + " --iodepth=%d --rw=randread --bs=4k --time_based"
                                        + " --runtime=2 --randseed=1 --readonly --minimal")
                                .formatted(mount, GUEST_DEPTH));
        return Double.parseDouble(terse.split(";")[READS]);
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
