package io.jvirtiofsd.bench;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.guest.MigratingGuest;
import io.jvirtiofsd.guest.Processes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Function;

/**
 * How long a guest stands still while it moves to another QEMU and daemon, with a share of which it
 * knows many files: ours and virtiofsd, in turns. Prints milliseconds, as QEMU says.
 */
public final class Downtimes {
    private static final int ROUNDS = 7;
    private static final int FILES = 10_000;

    private Downtimes() {}

    /** No arguments. */
    public static void main(String[] args) throws Exception {
        Path folder = Processes.temporaryFolder();
        Path share = Files.createDirectory(folder.resolve("share"));
        for (int i = 0; i < FILES; i++) {
            Files.createFile(share.resolve("file" + i));
        }
        GuestKit kit = GuestKit.get();
        try (MigratingGuest ours =
                        guest(folder.resolve("ours"), socket -> Daemon.start(share, socket));
                MigratingGuest peer =
                        guest(
                                folder.resolve("peer"),
                                socket -> Daemon.startPeer(kit, share, socket))) {
            double[] ourMillis = new double[ROUNDS];
            double[] peerMillis = new double[ROUNDS];
            for (int round = 0; round < ROUNDS; round++) {
                ourMillis[round] = ours.migrate();
                peerMillis[round] = peer.migrate();
            }
            System.out.printf(
                    "ms of standing still, %d files known  median      min      max%n", FILES);
            print("ours", ourMillis);
            print("virtiofsd", peerMillis);
        }
    }

    private static MigratingGuest guest(Path folder, Function<Path, Daemon> daemons)
            throws IOException {
        MigratingGuest guest =
                new MigratingGuest(GuestKit.get(), Files.createDirectory(folder), 1, daemons);
        guest.guest().check("mount -t virtiofs share /mnt && ls -l /mnt >/dev/null");
        return guest;
    }

    private static void print(String side, double[] millis) {
        Arrays.sort(millis);
        System.out.printf(
                "%-36s %8.0f %8.0f %8.0f%n",
                side, millis[ROUNDS / 2], millis[0], millis[ROUNDS - 1]);
    }
}
