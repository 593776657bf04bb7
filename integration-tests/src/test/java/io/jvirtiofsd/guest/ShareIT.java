package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Real guests work in a share, through every device that can carry it. */
class ShareIT {
    private static final Duration LONG = Duration.ofMinutes(8);
    private static final int ENTRIES = 100_000;

    /** Entries that the guest makes; the host has made the others. */
    private static final int OF_GUEST = 5_000;

    @TempDir Path folder;

    private final GuestKit kit = GuestKit.get();

    private GuestBuilder machine() {
        return new GuestBuilder(kit, folder);
    }

    static Stream<List<String>> devices() {
        return Stream.of(
                List.of("pci-1-128", "generic-1"),
                List.of("two-regions", "pci-4-1024", "generic-4"),
                List.of("old-qemu", "pci-4-128"));
    }

    private ShareRig rig(String device) throws IOException {
        return device.startsWith("generic")
                ? new ShareRig(folder, device, "--tag=" + device)
                : new ShareRig(folder, device);
    }

    /** Adds the device of the same name, its tag, to a machine. */
    private static void add(ShareRig rig, GuestBuilder machine) {
        String name = rig.socket().getFileName().toString();
        String[] words = name.split("-");
        int queues = Integer.parseInt(words[1]);
        if (words[0].equals("generic")) {
            machine.genericDevice(rig.socket(), queues);
        } else {
            machine.fsDevice(rig.socket(), name, queues, Integer.parseInt(words[2]));
        }
    }

    /** 5,000 files by one device; the others have a tenth of them, of the same kinds. */
    @ParameterizedTest
    @MethodSource("devices")
    void treesFilesAndLinksAreTheSameOnBothSides(List<String> machineAndDevices) throws Exception {
        GuestBuilder machine = machine();
        Map<String, ShareRig> rigs = new LinkedHashMap<>();
        try {
            for (String word : machineAndDevices) {
                switch (word) {
                    case "two-regions" -> machine.twoMemoryRegions();
                    case "old-qemu" -> machine.qemu(kit.oldQemu());
                    default -> {
                        rigs.put(word, rig(word));
                        add(rigs.get(word), machine);
                    }
                }
            }
            try (Guest guest = machine.boot()) {
                for (String device : rigs.keySet()) {
                    work(rigs.get(device), guest, device, device.equals("pci-1-128"));
                }
            }
        } finally {
            rigs.values().forEach(ShareRig::close);
        }
    }

    private static void work(ShareRig rig, Guest guest, String tag, boolean all) {
        guest.check("mount -t virtiofs " + tag + " /mnt");
        rig.mounted();
        guest.check(ShareRig.script("tree.sh", "/mnt", all ? "5000" : "500"), LONG);
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
        try (ShareRig rig = new ShareRig(folder, "s", "--thread-pool-size=4");
                Guest guest = machine().fsDevice(rig.socket(), "share", 2, 256).boot()) {
            guest.check("mount -t virtiofs share /mnt");
            rig.mounted();
            String said = guest.check(ShareRig.script("programs.sh", "/mnt"), LONG);
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
            guest.check("umount /mnt; mount -t virtiofs share /mnt");
            assertEquals("" + ENTRIES, guest.check("ls /mnt/many | wc -l"));
            guest.check("umount /mnt");
            rig.assertIdle();
        }
    }

    @Test
    void rebootRebindAndSeveralSharesAtOnceKeepWorking() throws Exception {
        Map<String, ShareRig> rigs = new LinkedHashMap<>();
        GuestBuilder machine = machine();
        try {
            for (String device : List.of("pci-1-128", "pci-2-256", "generic-1", "generic-2")) {
                ShareRig rig = rig(device);
                rigs.put(device, rig);
                add(rig, machine);
                Files.writeString(rig.share().resolve("f"), device + "\n");
            }
            try (Guest guest = machine.boot()) {
                rebootAndRebind(guest, rigs.keySet());
            }
            rigs.values().forEach(rig -> assertEquals(List.of(), rig.daemon().complaints()));
        } finally {
            rigs.values().forEach(ShareRig::close);
        }
    }

    private static void rebootAndRebind(Guest guest, Set<String> tags) {
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
    }
}
