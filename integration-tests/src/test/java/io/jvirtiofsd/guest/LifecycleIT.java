package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How the daemon ends and goes on when guests and signals come and go in the middle of work. */
class LifecycleIT {
    private static final String BUSY =
            "mount -t virtiofs share /mnt && for i in 1 2 3; do (while :; do dd if=/dev/urandom"
                    + " of=/mnt/f$i bs=64k count=8 status=none; cat /mnt/f* >/dev/null; ls -l /mnt"
                    + " >/dev/null; done) & done; wait";
    private static final Duration SOON = Duration.ofSeconds(30);

    private static final int KILLED = Amount.of(8, 20);

    @TempDir static Path ofAll;

    private static SavedGuest saved;

    @TempDir Path folder;

    @BeforeAll
    static void save() throws IOException {
        saved = new SavedGuest(GuestKit.get(), ofAll);
    }

    private static Guest busyGuest(ShareRig rig) throws IOException {
        Guest guest = saved.start(rig.socket(), "share");
        guest.start(BUSY);
        assertTrue(Processes.await(SOON, () -> Files.exists(rig.share().resolve("f3"))));
        return guest;
    }

    @Test
    void killedQemuEndsTheDaemonWithStatusZero() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s")) {
            busyGuest(rig).kill();
            assertEquals(OptionalInt.of(0), rig.daemon().awaitEnd());
            assertFalse(Files.exists(rig.socket()));
            assertEquals(List.of(), rig.daemon().complaints());
        }
    }

    @Test
    void sigtermInTheMiddleOfWorkEndsTheDaemonWithinASecond() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s")) {
            Guest guest = busyGuest(rig);
            long start = System.nanoTime();
            assertEquals(OptionalInt.of(0), rig.daemon().stop());
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis < 1000, millis + " ms");
            assertFalse(Files.exists(rig.socket()));
            guest.kill();
        }
    }

    /**
     * Memory without share=on, in which Linux puts file data first as it is movable: the requests
     * whose data is there fail, and nothing else.
     */
    private static void plugMemoryThatIsNotShared(Monitor monitor, Guest guest) throws Exception {
        guest.check("echo online_movable >/sys/devices/system/memory/auto_online_blocks");
        monitor.tell("object_add memory-backend-ram,id=more,size=256M");
        monitor.tell("device_add pc-dimm,id=more,memdev=more");
        guest.check(
                "until awk '/zone *Movable/ {m = 1} m && /present/ {exit $2 == 0}' /proc/zoneinfo;"
                        + " do sleep 0.1; done",
                SOON);
        String seen = guest.check("echo 3 >/proc/sys/vm/drop_caches; cat /mnt/file 2>&1 || :");
        assertTrue(seen.endsWith("Input/output error"), seen);
        assertEquals("file", guest.check("ls /mnt && stat /mnt/file >/dev/null && mkdir /mnt/d"));
    }

    @Test
    void unsharedMemoryFailsItsRequestsAndUnpluggingTheDeviceEndsTheSession() throws Exception {
        Monitor monitor = new Monitor(folder.resolve("monitor"));
        try (ShareRig rig = new ShareRig(folder, "s");
                Guest guest =
                        new GuestBuilder(GuestKit.get(), folder)
                                .arguments(monitor.arguments())
                                .arguments("-m", "slots=1,maxmem=2G")
                                .arguments(
                                        "-device",
                                        "pcie-root-port,id=slot1,chassis=1",
                                        "-chardev",
                                        "socket,id=fs,path=" + rig.socket(),
                                        "-device",
                                        "vhost-user-fs-pci,chardev=fs,tag=share,bus=slot1,id=share")
                                .boot()) {
            guest.check("mount -t virtiofs share /mnt; echo x >/mnt/file");
            plugMemoryThatIsNotShared(monitor, guest);
            guest.check("umount /mnt");
            monitor.tell("device_del share");
            guest.check(
                    "while ls /sys/bus/virtio/drivers/virtiofs | grep -q virtio; do sleep 0.1;"
                            + " done",
                    SOON);
            monitor.tell("chardev-remove fs");
            assertEquals(OptionalInt.of(0), rig.daemon().awaitEnd());
            List<String> complaints = rig.daemon().complaints();
            assertEquals(1, complaints.size(), complaints::toString);
            assertTrue(complaints.get(0).contains("share=on"), complaints::toString);
        }
    }

    @Test
    void killedGuestsInARowLeaveNothingBehind() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s", "--keep-listening")) {
            int descriptors = rig.daemon().openDescriptors();
            for (int round = 1; round <= KILLED; round++) {
                ShareRig.onHost("rm -f " + rig.share() + "/f*");
                busyGuest(rig).kill();
                assertTrue(rig.daemon().isAlive());
                assertTrue(
                        rig.daemon().awaitDescriptors(descriptors),
                        "round " + round + ": " + rig.daemon().descriptors());
            }
            try (Guest guest = saved.start(rig.socket(), "share")) {
                assertEquals(
                        "ok",
                        guest.check(
                                "mount -t virtiofs share /mnt && ls /mnt >/dev/null && echo ok"));
            }
            assertEquals(List.of(), rig.daemon().complaints());
        }
    }
}
