package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Real guests work in a share, through every device that can carry it: one guest with five devices,
 * and a guest for each machine of another kind.
 */
class ShareIT {
    private static final Duration LONG = Duration.ofMinutes(8);
    private static final int FILES = Amount.of(300, 5_000);
    private static final int OF_OTHERS = Amount.of(60, 500); // of the same kinds
    private static final int COMMITS = Amount.of(4, 20);
    private static final int TRANSACTIONS = Amount.of(50, 300); // of each of two processes
    private static final int ENTRIES = Amount.of(20_000, 100_000);

    /** Entries that the guest makes; the host has made the others. */
    private static final int OF_GUEST = Amount.of(500, 5_000);

    @TempDir static Path folder;

    private static final Map<String, ShareRig> SHARES = new LinkedHashMap<>();
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        GuestBuilder machine = new GuestBuilder(GuestKit.get(), folder);
        for (String device :
                List.of("pci-1-128", "pci-2-256", "packed-2-256", "generic-1", "generic-2")) {
            ShareRig rig = rig(device);
            SHARES.put(device, rig);
            add(rig, machine);
            Files.writeString(rig.share().resolve("f"), device + "\n");
        }
        guest = machine.boot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        SHARES.values().forEach(ShareRig::close);
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -l /mnt");
    }

    private static ShareRig rig(String device) throws IOException {
        String pool = "--thread-pool-size=" + (device.endsWith("-2-256") ? 4 : 0);
        return device.startsWith("generic")
                ? new ShareRig(folder, device, "--tag=" + device)
                : new ShareRig(folder, device, pool);
    }

    /** Adds the device of the same name, its tag, to a machine. */
    private static void add(ShareRig rig, GuestBuilder machine) {
        String name = rig.socket().getFileName().toString();
        String[] words = name.split("-");
        int queues = Integer.parseInt(words[1]);
        if (words[0].equals("generic")) {
            machine.genericDevice(rig.socket(), queues);
        } else if (words[0].equals("packed")) {
            machine.packedFsDevice(rig.socket(), name, queues, Integer.parseInt(words[2]));
        } else {
            machine.fsDevice(rig.socket(), name, queues, Integer.parseInt(words[2]));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"pci-1-128", "packed-2-256", "generic-1"})
    void treesFilesAndLinksAreTheSameOnBothSides(String device) {
        work(SHARES.get(device), guest, device, device.equals("pci-1-128"));
    }

    /**
     * VIRTIO_F_RING_PACKED is bit 34 (virtio 1.3, 6). The generic device offers what the back-end
     * does, whatever its own properties say.
     */
    @Test
    void ringsArePackedWhereTheMachineOffersThem() {
        String script =
                "for fs in /sys/fs/virtiofs/*; do"
                        + " echo $(cat $fs/tag) $(cut -c35 $fs/device/features); done";
        List<String> lines = guest.check(script).lines().toList();
        assertTrue(lines.contains("packed-2-256 1"), lines::toString);
        assertTrue(lines.contains("pci-2-256 0"), lines::toString);
        assertTrue(lines.contains("generic-2 1"), lines::toString);
    }

    static Stream<List<String>> machines() {
        return Stream.of(
                List.of("two-regions", "pci-4-1024", "generic-4"),
                List.of("old-qemu", "pci-4-128"));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void treesFilesAndLinksAreTheSameInMachinesOfOtherKinds(List<String> kindAndDevices)
            throws Exception {
        String kind = kindAndDevices.get(0);
        GuestKit kit = GuestKit.get();
        GuestBuilder machine = new GuestBuilder(kit, Files.createDirectory(folder.resolve(kind)));
        if (kind.equals("old-qemu")) {
            machine.qemu(kit.oldQemu());
        } else {
            machine.twoMemoryRegions().cpus(4); // each has a queue of its own
        }
        Map<String, ShareRig> rigs = new LinkedHashMap<>();
        try {
            for (String device : kindAndDevices.subList(1, kindAndDevices.size())) {
                rigs.put(device, rig(device));
                add(rigs.get(device), machine);
            }
            try (Guest other = machine.boot()) {
                rigs.forEach((device, rig) -> work(rig, other, device, false));
            }
        } finally {
            rigs.values().forEach(ShareRig::close);
        }
    }

    private static void work(ShareRig rig, Guest guest, String tag, boolean all) {
        guest.check("mount -t virtiofs " + tag + " /mnt");
        rig.mounted();
        guest.check(ShareRig.script("tree.sh", "/mnt", "" + (all ? FILES : OF_OTHERS)), LONG);
        rig.assertSameOnBothSides(guest, "/mnt", "tree");
        if (all) {
            ShareRig.onHost("cp -a " + rig.share() + "/tree " + rig.share() + "/copy");
            rig.assertSameOnBothSides(guest, "/mnt", "copy");
        }
        assertEquals("files done", guest.check(ShareRig.script("files.sh", "/mnt"), LONG));
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    @Test
    void programsAndLargeDirectoriesWork() throws Exception {
        ShareRig rig = SHARES.get("pci-2-256");
        guest.check("mount -t virtiofs pci-2-256 /mnt");
        rig.mounted();
        String said =
                guest.check(
                        ShareRig.script("programs.sh", "/mnt", "" + COMMITS, "" + TRANSACTIONS),
                        LONG);
        assertEquals("programs done", said.lines().reduce((a, b) -> b).orElse(""));
        Path many = Files.createDirectory(rig.share().resolve("many"));
        for (int i = OF_GUEST; i < ENTRIES; i++) {
            Files.createFile(many.resolve("entry-%06d".formatted(i)));
        }
        assertEquals(
                "directory done",
                guest.check(
                        ShareRig.script("directory.sh", "/mnt", "" + ENTRIES, "" + OF_GUEST),
                        LONG));
        guest.check("umount /mnt; mount -t virtiofs pci-2-256 /mnt");
        assertEquals("" + ENTRIES, guest.check("ls /mnt/many | wc -l"));
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    @Test
    void rebootRebindAndSeveralSharesAtOnceKeepWorking() {
        Set<String> tags = SHARES.keySet();
        String names = String.join(" ", tags);
        String look =
                "set -e; for tag in %s; do mkdir -p /$tag; mount -t virtiofs $tag /$tag; done; "
                        + "cd /; for tag in %1$s; do cat $tag/f; done";
        look = look.formatted(names);
        String expected = String.join("\n", tags);
        assertEquals(expected, guest.check(look));

        guest.start("reboot -f");
        guest.awaitBoot();
        assertEquals(expected, guest.check(look));

        guest.start("echo b >/proc/sysrq-trigger");
        guest.awaitBoot();
        assertEquals(expected, guest.check(look));

        guest.check("cd /; umount " + names);
        guest.check(
                """
                cd /sys/bus/virtio/drivers/virtiofs
                devices=$(ls -d virtio*)
                for round in 1 2 3; do
                    for device in $devices; do echo $device >unbind; done
                    for device in $devices; do echo $device >bind; done
                done
                """);
        assertEquals(expected, guest.check(look + "; umount " + names));
        SHARES.values().forEach(rig -> assertEquals(List.of(), rig.daemon().complaints()));
    }
}
