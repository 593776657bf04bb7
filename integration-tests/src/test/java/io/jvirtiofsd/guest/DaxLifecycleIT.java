package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests, front-ends and daemons that end with files mapped: nobody else is harmed. */
class DaxLifecycleIT {
    private static final Duration LONG = Duration.ofMinutes(3);

    /** Goes on and on once it has mapped all files. */
    private static final String MAPPING =
            "mount -t virtiofs -o dax=always share /mnt; while :; do cat /mnt/* >/dev/null;"
                    + " : >/tmp/mapped; echo 3 >/proc/sys/vm/drop_caches; done";

    private static final int KILLED = Amount.of(3, 10);

    @TempDir Path folder;

    private ShareRig share() throws IOException {
        ShareRig rig = new ShareRig(folder, "s", "--tag=share", "--dax=always", "--keep-listening");
        ShareRig.onHost(
                "cd %s; for i in $(seq 50); do head -c 300$i /dev/urandom >f$i; done; head -c 50001000 /dev/urandom >large"
                        .formatted(rig.share()));
        return rig;
    }

    private static final String NO_MIGRATION = "State blocked by non-migratable device";

    private Guest boot(ShareRig rig) {
        return new GuestBuilder(GuestKit.get(), folder)
                .arguments(monitor().arguments())
                .genericDevice(rig.socket(), 2)
                .boot();
    }

    private Monitor monitor() {
        return new Monitor(folder.resolve("monitor"));
    }

    private Guest mapping(ShareRig rig) {
        Guest guest = boot(rig);
        guest.start(MAPPING);
        guest.check("until [ -e /tmp/mapped ]; do sleep 0.1; done");
        return guest;
    }

    /** Mounts and maps all files; the sum of their sums. */
    private static String mapAll(Guest guest) {
        return guest.check(
                "mkdir -p /mnt; mount -t virtiofs -o dax=always share /mnt; cat /mnt/* | sha256sum",
                LONG);
    }

    @Test
    void rebootsResetsAndRebindsWithMapsLeaveTheDeviceUsable() throws Exception {
        try (ShareRig rig = share();
                Guest guest = boot(rig)) {
            String sum = ShareRig.onHost("cat " + rig.share() + "/* | sha256sum");
            assertEquals(sum, mapAll(guest));
            String refusal = monitor().tell("migrate exec:false");
            assertTrue(refusal.contains(NO_MIGRATION), refusal);
            for (String end : new String[] {"reboot -f", "echo b >/proc/sysrq-trigger"}) {
                guest.start(end);
                guest.awaitBoot();
                assertEquals(sum, mapAll(guest));
            }
            guest.check("umount /mnt");
            assertEquals(sum, mapAll(guest));
            // The driver goes while the file system is mounted: what it had is lost, nothing else.
            guest.check(
                    """
                    umount -l /mnt
                    cd /sys/bus/virtio/drivers/virtiofs
                    device=$(ls -d virtio*)
                    for round in 1 2 3; do
                        echo $device >unbind
                        echo $device >bind
                        mount -t virtiofs -o dax=always share /mnt
                        cat /mnt/f* >/dev/null
                        umount -l /mnt
                    done
                    """,
                    LONG);
            assertEquals(sum, mapAll(guest));
            assertEquals(List.of(), rig.daemon().complaints());
        }
    }

    @Test
    void killedFrontEndsLeaveNothingOpen() throws Exception {
        try (ShareRig rig = share()) {
            int descriptors = 0;
            for (int round = 0; round < KILLED; round++) {
                mapping(rig).kill();
                assertTrue(rig.daemon().isAlive());
                if (round == 1) { // the first opened what stays open
                    assertTrue(Processes.await(LONG, () -> log(rig, "disconnected") == 2));
                    descriptors = open(rig);
                } else if (round > 1) {
                    int before = descriptors;
                    assertTrue(
                            Processes.await(LONG, () -> open(rig) <= before),
                            before + " became " + open(rig));
                }
            }
            assertEquals(List.of(), rig.daemon().complaints());
        }
    }

    private static int open(ShareRig rig) {
        return rig.daemon().descriptors().size();
    }

    private static long log(ShareRig rig, String word) {
        return rig.daemon().log().lines().filter(line -> line.contains(word)).count();
    }

    @Test
    void aDaemonThatIsKilledWhileMappingTakesNoGuestWithIt() throws Exception {
        try (ShareRig rig = share();
                Guest guest = mapping(rig)) {
            rig.daemon().kill();
            TimeUnit.SECONDS.sleep(2);
            assertEquals("alive", guest.check("echo alive"));
            guest.kill(); // it cannot unmount any more, and would wait for that
        }
    }
}
