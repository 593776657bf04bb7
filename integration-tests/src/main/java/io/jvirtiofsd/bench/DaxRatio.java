package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.Guest;
import io.jvirtiofsd.guest.GuestBuilder;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.Processes;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Reads a file that is in the host's page cache, in one guest through three devices in turns: our
 * daemon with DAX, our daemon without, virtiofsd. Prints ratios of throughput.
 *
 * <p>"first" is the first read after the guest has dropped its caches and maps, "again" the next
 * one; sequential reads are of 128 KiB, random ones of 4 KiB, each block once.
 */
public final class DaxRatio {
    private static final int FILE_MIB = 64;
    private static final int ROUNDS = 5;
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final String[] SIDES = {"dax", "ours", "virtiofsd"};
    private static final String[] PATTERNS = {"read 128k", "randread 4k"};

    private DaxRatio() {}

    public static void main(String[] args) throws Exception {
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        write(share.resolve("file"));
        GuestKit kit = GuestKit.get();
        try (Daemon dax = Daemon.start(share, folder.resolve("dax"), "--tag=dax", "--dax=always");
                Daemon ours = Daemon.start(share, folder.resolve("ours"));
                Daemon peer = Daemon.startPeer(kit, share, folder.resolve("peer"));
                Guest guest =
                        new GuestBuilder(kit, folder)
                                .genericDevice(dax.socket(), 1)
                                .fsDevice(ours.socket(), "ours", 1, 128)
                                .fsDevice(peer.socket(), "virtiofsd", 1, 128)
                                .boot()) {
            guest.check(
                    "mkdir /dax /ours /virtiofsd; mount -t virtiofs -o dax=always dax /dax;"
                            + " mount -t virtiofs ours /ours;"
                            + " mount -t virtiofs virtiofsd /virtiofsd");
            for (String pattern : PATTERNS) {
                compare(guest, pattern);
            }
        }
    }

    private static void write(Path file) throws IOException {
        byte[] block = new byte[1 << 20];
        Random random = new Random(1);
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int i = 0; i < FILE_MIB; i++) {
                random.nextBytes(block);
                out.write(block);
            }
        }
    }

    private static void compare(Guest guest, String pattern) {
        Map<String, List<Double>> figures = new TreeMap<>();
        for (int round = 0; round < ROUNDS; round++) {
            for (String side : SIDES) {
                guest.check("echo 3 >/proc/sys/vm/drop_caches");
                for (String pass : new String[] {"first", "again"}) {
                    figures.computeIfAbsent(side + pass, key -> new ArrayList<>())
                            .add(mibPerSecond(guest, side, pattern));
                }
            }
        }
        for (String pass : new String[] {"first", "again"}) {
            double dax = median(figures.get("dax" + pass));
            double ours = median(figures.get("ours" + pass));
            double peer = median(figures.get("virtiofsd" + pass));
            System.out.printf(
                    "%-12s %s  DAX %6.0f MiB/s   without %6.0f   virtiofsd %6.0f   DAX/without"
                            + " %.2f   DAX/virtiofsd %.2f   without/virtiofsd %.2f%n",
                    pattern, pass, dax, ours, peer, dax / ours, dax / peer, ours / peer);
        }
    }

    /** One pass of fio over the whole file. */
    private static double mibPerSecond(Guest guest, String side, String pattern) {
        String[] words = pattern.split(" ");
        String terse =
                guest.check(
                        ("fio --name=x --filename=/%s/file --ioengine=psync --rw=%s --bs=%s"
                                        + " --size=%dm --invalidate=0 --randseed=1 --readonly"
                                        + " --minimal")
                                .formatted(side, words[0], words[1], FILE_MIB),
                        LIMIT);
        return Double.parseDouble(terse.split(";")[6]) / 1024; // field 7: read bandwidth in KiB/s
    }

    private static double median(List<Double> values) {
        double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }
}
