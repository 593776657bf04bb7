package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests map files of the share in the DAX window, on the generic vhost-user device of QEMU. */
class DaxFilesIT {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int PAGE = 4096;
    private static final int LARGEST = 6 << 20;

    @TempDir Path folder;

    private final GuestKit kit = GuestKit.get();

    private Guest boot(ShareRig rig) {
        return new GuestBuilder(kit, folder).genericDevice(rig.socket(), 2).boot();
    }

    /** Unmounts; what the daemon says of the session. */
    private static String unmount(ShareRig rig, Guest guest) {
        int before = ends(rig).size();
        guest.check("umount /mnt");
        assertTrue(Processes.await(SOON, () -> ends(rig).size() > before));
        List<String> ends = ends(rig);
        return ends.get(ends.size() - 1);
    }

    private static List<String> ends(ShareRig rig) {
        return rig.daemon().log().lines().filter(l -> l.contains("session ends,")).toList();
    }

    private static long reclaimed(ShareRig rig) {
        Matcher number = Pattern.compile("(\\d+) ranges reclaimed").matcher(rig.daemon().log());
        long last = 0;
        while (number.find()) {
            last = Long.parseLong(number.group(1));
        }
        return last;
    }

    /** A file of each remainder modulo the page size, up to 6 MiB, some of many pages. */
    private static void makeFiles(Path sizes) throws IOException {
        Files.createDirectory(sizes);
        Random random = new Random(1);
        byte[] source = new byte[LARGEST + PAGE * 64];
        random.nextBytes(source);
        for (int i = 0; i < PAGE; i++) {
            int pages = random.nextInt(i % 64 < 2 ? LARGEST / PAGE : 16);
            int size = PAGE * pages + i;
            try (OutputStream file = Files.newOutputStream(sizes.resolve("f" + i))) {
                file.write(source, random.nextInt(source.length - size), size);
            }
        }
    }

    @Test
    void filesOfEverySizeAreTheSameAndNeverRead() throws Exception {
        try (ShareRig rig = new ShareRig(folder, "s", "--tag=share", "--dax=always");
                Guest guest = boot(rig)) {
            makeFiles(rig.share().resolve("sizes"));
            NativePrograms.build(rig.share());
            // Not run from the share: emulating, QEMU would take what it has translated for the
            // code of another program that is mapped in the same place later.
            guest.check("mount -t virtiofs -o dax=never share /mnt; cp /mnt/mapcheck /tmp");
            guest.check("umount /mnt");
            sizesAndWork(rig, guest, "always", "f4000");
            sizesAndWork(rig, guest, "inode", "f4001");
            assertNoKernelWarning(guest);
        }
    }

    /** Reads all files, changes the end of one; then other programs and changes. */
    private static void sizesAndWork(ShareRig rig, Guest guest, String dax, String changed)
            throws IOException {
        String mount = "mount -t virtiofs -o dax=%s share /mnt".formatted(dax);
        Path sizes = rig.share().resolve("sizes");
        guest.check(mount);
        rig.mounted();
        assertEquals("dax 1", guest.check("/tmp/mapcheck statxdax /mnt/sizes/" + changed));
        assertEquals(
                ShareRig.onHost("cd " + sizes + " && sha256sum *"),
                guest.check("cd /mnt/sizes && sha256sum *", LONG));
        guest.check(
                "printf changed | dd of=/mnt/sizes/%s bs=1 seek=3990 conv=notrunc status=none"
                        .formatted(changed));
        long before = reclaimed(rig);
        String requests = unmount(rig, guest);
        assertFalse(requests.contains("READ ") || requests.contains("WRITE "), requests);
        assertEquals(
                "changed",
                ShareRig.onHost(
                        "dd if=%s/%s bs=1 skip=3990 count=7 status=none"
                                .formatted(sizes, changed)));
        assertTrue(reclaimed(rig) - before > 1000, rig.daemon().log());
        rig.assertIdle();

        Files.createDirectory(rig.share().resolve(dax));
        guest.check(mount);
        assertEquals(
                "dax work done", guest.check(ShareRig.script("daxwork.sh", "/mnt/" + dax), LONG));
        requests = unmount(rig, guest);
        assertFalse(requests.contains("READ "), requests);
        rig.assertIdle();
    }

    private static void assertNoKernelWarning(Guest guest) {
        assertEquals("0", guest.check("dmesg | grep -c 'cut here' || true"));
    }

    /** The daemon decides by size for guests that ask; all files are mapped for those that say. */
    @Test
    void theThresholdDecidesAndFourTimesTheWindowIsReadRight() throws Exception {
        try (ShareRig rig =
                        new ShareRig(
                                folder,
                                "s",
                                "--tag=share",
                                "--dax-threshold=64K",
                                "--dax-window=32M");
                Guest guest = boot(rig)) {
            Files.write(rig.share().resolve("small"), new byte[65_535]);
            Files.write(rig.share().resolve("large"), new byte[65_536]);
            NativePrograms.build(rig.share());
            guest.check("mount -t virtiofs share /mnt");
            rig.mounted();
            assertEquals("dax 0", guest.check("/mnt/mapcheck statxdax /mnt/small"));
            assertEquals("dax 1", guest.check("/mnt/mapcheck statxdax /mnt/large"));
            guest.check("cp /mnt/mapcheck /tmp");
            unmount(rig, guest);

            String file = rig.share() + "/file";
            ShareRig.onHost("head -c 134217728 /dev/urandom >" + file);
            String sum = ShareRig.onHost("sha256sum <" + file);
            String blocks = ShareRig.onHost("%s/mapcheck blocks %s".formatted(rig.share(), file));
            assertEquals(8, blocks.lines().distinct().count());
            long before = reclaimed(rig);
            guest.check("mount -t virtiofs -o dax=always share /mnt");
            assertEquals("dax 1", guest.check("/tmp/mapcheck statxdax /mnt/small"));
            assertEquals(sum, guest.check("sha256sum </mnt/file", LONG));
            assertEquals(blocks, guest.check("/tmp/mapcheck blocks /mnt/file", LONG));
            unmount(rig, guest);
            assertTrue(reclaimed(rig) - before > 500, rig.daemon().log());
            assertNoKernelWarning(guest);
            rig.assertIdle();
        }
    }
}
