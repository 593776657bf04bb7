package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One daemon that serves mixed work over four queues for a long time, while its guests reboot and
 * their QEMUs are killed: what it holds does not grow.
 *
 * <p>{@code -Djvirtiofsd.soak.minutes=30} reboots the guest each minute and kills its QEMU each
 * five; then it draws what was held. Always there is one of both.
 */
class SoakIT {
    private static final int MINUTES = Integer.getInteger("jvirtiofsd.soak.minutes", 0);
    private static final int ROUNDS = Math.max(2, MINUTES);
    private static final int ROUNDS_OF_A_QEMU = MINUTES == 0 ? 2 : 5;
    private static final Duration ROUND = Duration.ofSeconds(MINUTES == 0 ? 4 : 60);
    private static final Duration SAMPLE = Duration.ofSeconds(2);
    private static final int QUEUES = 4;

    @TempDir Path folder;

    private Guest boot(Daemon daemon) {
        return new GuestBuilder(GuestKit.get(), folder)
                .cpus(QUEUES)
                .genericDevice(daemon.socket(), QUEUES)
                .boot();
    }

    private static void startWork(Guest guest) {
        guest.check("mount -t virtiofs share /mnt");
        guest.start(ShareRig.script("soak.sh", "/mnt", String.valueOf(QUEUES)));
    }

    private static void workUntil(long end, Holdings holdings) throws Exception {
        do {
            holdings.add();
            TimeUnit.MILLISECONDS.sleep(SAMPLE.toMillis());
        } while (System.nanoTime() < end);
    }

    @Test
    void whatTheDaemonHoldsDoesNotGrow() throws Exception {
        Path share = Files.createDirectory(folder.resolve("share"));
        ShareRig.onHost(
                "mkdir %1$s/common; for i in 1 2 3 4; do head -c 3M /dev/urandom >%1$s/common/$i; done"
                        .formatted(share));
        try (Daemon daemon =
                Daemon.startUnder(
                        "export JVIRTIOFSD_JAVA_OPTS=%s; exec".formatted(Holdings.HEAP_IS_SAID),
                        share,
                        folder.resolve("s"),
                        "--tag=share",
                        "--keep-listening",
                        "--xattr",
                        "--flock",
                        "--posix-lock",
                        "--thread-pool-size=2")) {
            Holdings holdings = new Holdings(daemon);
            int idle = daemon.openDescriptors();
            Guest guest = boot(daemon);
            for (int round = 1; round <= ROUNDS; round++) {
                long end = System.nanoTime() + ROUND.toNanos();
                startWork(guest);
                workUntil(end, holdings);
                assertEquals("", guest.check("cat /tmp/wrong"));
                if (round % ROUNDS_OF_A_QEMU != 0) {
                    guest.start("reboot -f");
                    guest.awaitBoot();
                } else {
                    guest.kill();
                    assertTrue(
                            daemon.awaitDescriptors(idle),
                            () -> daemon.openDescriptors() + ", idle " + idle);
                    guest = round < ROUNDS ? boot(daemon) : null;
                }
            }
            assertEquals(List.of(), daemon.complaints());
            if (MINUTES > 0) {
                holdings.draw(Path.of("target/soak.svg"));
                holdings.assertFlat();
            }
        }
    }
}
