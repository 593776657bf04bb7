package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Real guests work in a share, through every device that can carry it. */
class ShareIT {
    private static final Duration LONG = Duration.ofMinutes(8);

    @TempDir Path folder;

    private final GuestKit kit = GuestKit.get();

    private GuestBuilder machine() {
        return new GuestBuilder(kit, folder);
    }

    static Stream<String> machines() {
        return Stream.of(
                "pci-1-128", "pci-4-1024-two-regions", "generic-1", "generic-4", "old-4-128");
    }

    private GuestBuilder machine(String name, ShareRig rig) {
        return switch (name) {
            case "pci-1-128" -> machine().fsDevice(rig.socket(), "share", 1, 128);
            case "pci-4-1024-two-regions" ->
                    machine().twoMemoryRegions().fsDevice(rig.socket(), "share", 4, 1024);
            case "generic-1" -> machine().genericDevice(rig.socket(), 1);
            case "generic-4" -> machine().genericDevice(rig.socket(), 4);
            case "old-4-128" ->
                    machine().qemu(kit.oldQemu()).fsDevice(rig.socket(), "share", 4, 128);
            default -> throw new IllegalArgumentException(name);
        };
    }

    @ParameterizedTest
    @MethodSource("machines")
    void treesFilesAndLinksAreTheSameOnBothSides(String name) throws Exception {
        String[] options =
                name.startsWith("generic") ? new String[] {"--tag=share"} : new String[0];
        try (ShareRig rig = new ShareRig(folder, "s", options);
                Guest guest = machine(name, rig).boot()) {
            guest.check("mount -t virtiofs share /mnt");
            rig.mounted();
            guest.check(ShareRig.script("tree.sh", "/mnt"), LONG);
            rig.assertSameOnBothSides(guest, "/mnt", "tree");
            if (name.startsWith("pci-1")) {
                ShareRig.onHost("cp -a " + rig.share() + "/tree " + rig.share() + "/copy");
                rig.assertSameOnBothSides(guest, "/mnt", "copy");
            }
            assertEquals("files done", guest.check(ShareRig.script("files.sh", "/mnt"), LONG));
            guest.check("umount /mnt");
            rig.assertIdle();
        }
    }

    @Test
    void programsAndLargeDirectoriesWork() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s", "--thread-pool-size=4");
                Guest guest = machine().fsDevice(rig.socket(), "share", 2, 256).boot()) {
            guest.check("mount -t virtiofs share /mnt");
            rig.mounted();
            String said = guest.check(ShareRig.script("programs.sh", "/mnt"), LONG);
            assertEquals("programs done", said.lines().reduce((a, b) -> b).orElse(""));
            assertEquals(
                    "directory done",
                    guest.check(ShareRig.script("directory.sh", "/mnt", "100000"), LONG));
            guest.check("umount /mnt; mount -t virtiofs share /mnt");
            assertEquals("100000", guest.check("ls /mnt/many | wc -l"));
            guest.check("umount /mnt");
            rig.assertIdle();
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void rebootRebindAndTwoSharesAtOnceKeepWorking(boolean generic) throws Exception {
        String[] firstTag = generic ? new String[] {"--tag=first"} : new String[0];
        String[] secondTag = generic ? new String[] {"--tag=second"} : new String[0];
        try (ShareRig one = new ShareRig(folder, "one", firstTag);
                ShareRig two = new ShareRig(folder, "two", secondTag);
                Guest guest =
                        (generic
                                        ? machine()
                                                .genericDevice(one.socket(), 1)
                                                .genericDevice(two.socket(), 2)
                                        : machine()
                                                .fsDevice(one.socket(), "first", 1, 128)
                                                .fsDevice(two.socket(), "second", 2, 256))
                                .boot()) {
            Files.writeString(one.share().resolve("f"), "1");
            Files.writeString(two.share().resolve("f"), "2");
            String mounts =
                    "mkdir -p /a /b; mount -t virtiofs first /a; mount -t virtiofs second /b";
            assertEquals("12", guest.check(mounts + "; cat /a/f /b/f"));

            guest.start("reboot -f");
            guest.awaitBoot();
            assertEquals("12", guest.check(mounts + "; cat /a/f /b/f"));

            guest.start("echo b >/proc/sysrq-trigger");
            guest.awaitBoot();
            assertEquals("12", guest.check(mounts + "; cat /a/f /b/f"));

            guest.check("umount /a");
            guest.check(
                    """
                    cd /sys/bus/virtio/drivers/virtiofs
                    devices=$(ls -d virtio*)
                    umount /b
                    for round in 1 2 3; do
                        for device in $devices; do echo $device >unbind; done
                        for device in $devices; do echo $device >bind; done
                    done
                    """);
            assertEquals("12", guest.check(mounts + "; cat /a/f /b/f; umount /a /b"));
            assertEquals(0, one.daemon().complaints().size());
        }
    }
}
