package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntSupplier;

/**
 * How many requests a daemon answers in the first second after its start, beside virtiofsd, in
 * turns: a fresh process for each row and round, one request at a time, from a driver that sleeps
 * until it is answered, as guests do, and from one that polls. Prints ratios.
 */
public final class FirstSecond {
    private static final int ROUNDS = 11;
    private static final long SECOND_NANOS = 1_000_000_000;

    private FirstSecond() {}

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        Path folder = Files.createTempDirectory("jvirtiofsd-first");
        Path share = Files.createDirectory(folder.resolve("share"));
        Path socket = folder.resolve("s");
        Side.prepare(share);
        System.out.println("requests in the first second, median     ours    peer   ours / peer");
        for (boolean sleeping : new boolean[] {true, false}) {
            System.out.println(sleeping ? "of a driver that sleeps" : "of a driver that polls");
            for (String name : Side.REQUESTS) {
                compare(name, sleeping, share, socket);
            }
        }
    }

    private static void compare(String name, boolean sleeping, Path share, Path socket)
            throws Exception {
        double[] ours = new double[ROUNDS];
        double[] peer = new double[ROUNDS];
        for (int round = -1; round < ROUNDS; round++) { // the first warms this process up
            double a = count(Daemon.start(share, socket), name, sleeping);
            Files.deleteIfExists(socket);
            double b = count(Daemon.startPeer(GuestKit.get(), share, socket), name, sleeping);
            Files.deleteIfExists(socket); // virtiofsd leaves it
            if (round >= 0) {
                ours[round] = a;
                peer[round] = b;
            }
        }
        Arrays.sort(ours);
        Arrays.sort(peer);
        double a = ours[ROUNDS / 2];
        double b = peer[ROUNDS / 2];
        System.out.printf("%-36s %8.0f %8.0f %8.2f%n", name, a, b, a / b);
    }

    private static int count(Daemon daemon, String name, boolean sleeping) throws Exception {
        try (Side side = new Side(daemon)) {
            side.sleeping(sleeping);
            IntSupplier request = side.request(name);
            long begin = System.nanoTime();
            int count = 0;
            while (System.nanoTime() - begin < SECOND_NANOS) {
                request.getAsInt();
                count++;
            }
            return count;
        }
    }
}
