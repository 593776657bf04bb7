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
import java.util.Objects;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guests map files of the share in the DAX window, on the generic vhost-user device of QEMU. */
class DaxFilesIT {
    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final int PAGE = 4096;
    private static final int LARGEST = 6 << 20;

    /** That of which files are read that are four times as large. */
    private static final int WINDOW_MIB = Amount.of(16, 32);

    @TempDir static Path folder;

    private static ShareRig files;
    private static ShareRig narrow;
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        String window = "--dax-window=" + Amount.of(128, 512) + "M"; // less than the files need
        files = new ShareRig(folder, "files", "--tag=files", "--dax=always", window);
        narrow =
                new ShareRig(
                        folder,
                        "narrow",
                        "--tag=narrow",
                        "--dax-threshold=64K",
                        "--dax-window=" + WINDOW_MIB + "M");
        NativePrograms.build(files.share(), "mapcheck");
        guest =
                new GuestBuilder(GuestKit.get(), folder)
                        .genericDevice(files.socket(), 2)
                        .genericDevice(narrow.socket(), 2)
                        .boot();
        // Not run from the share: emulating, QEMU would take what it has translated for the
        // code of another program that is mapped in the same place later.
        guest.check(
                "mount -t virtiofs -o dax=never files /mnt; cp /mnt/mapcheck /tmp; umount /mnt");
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        Stream.of(files, narrow).filter(Objects::nonNull).forEach(ShareRig::close);
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -l /mnt");
    }

    /** Unmounts; what the daemon says of the session. */
    private static String unmount(ShareRig rig) {
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

    /** Remainders modulo the page size: each, or every eighth and those beside the whole pages. */
    private static int[] remainders() {
        int step = Amount.of(8, 1);
        return IntStream.range(0, PAGE)
                .filter(i -> i % step == 0 || i == 1 || i >= PAGE - 2)
                .toArray();
    }

    /** A file of each remainder, up to 6 MiB, some of many pages; how many. */
    private static int makeFiles(Path sizes) throws IOException {
        Files.createDirectory(sizes);
        Random random = new Random(1);
        byte[] source = new byte[LARGEST + PAGE * 64];
        random.nextBytes(source);
        int[] remainders = remainders();
        for (int i : remainders) {
            int pages = random.nextInt(i % 128 < 2 ? LARGEST / PAGE : 16);
            int size = PAGE * pages + i;
            try (OutputStream file = Files.newOutputStream(sizes.resolve("f" + i))) {
                file.write(source, random.nextInt(source.length - size), size);
            }
        }
        return remainders.length;
    }

    @Test
    void filesOfEverySizeAreTheSameAndNeverRead() throws Exception {
        int count = makeFiles(files.share().resolve("sizes"));
        sizesAndWork("always", "f4000", count);
        sizesAndWork("inode", "f4008", count);
        assertNoKernelWarning();
    }

    /** Reads all files, changes the end of one; then other programs and changes. */
    private static void sizesAndWork(String dax, String changed, int count) throws IOException {
        ShareRig rig = files;
        String mount = "mount -t virtiofs -o dax=%s files /mnt".formatted(dax);
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
        String requests = unmount(rig);
        assertFalse(requests.contains("READ ") || requests.contains("WRITE "), requests);
        assertEquals(
                "changed",
                ShareRig.onHost(
                        "dd if=%s/%s bs=1 skip=3990 count=7 status=none"
                                .formatted(sizes, changed)));
        assertTrue(reclaimed(rig) - before > count / 4, rig.daemon().log());
        rig.assertIdle();

        Files.createDirectory(rig.share().resolve(dax));
        guest.check(mount);
        assertEquals(
                "dax work done", guest.check(ShareRig.script("daxwork.sh", "/mnt/" + dax), LONG));
        requests = unmount(rig);
        assertFalse(requests.contains("READ "), requests);
        rig.assertIdle();
    }

    private static void assertNoKernelWarning() {
        assertEquals("0", guest.check("dmesg | grep -c 'cut here' || true"));
    }

    /** The daemon decides by size for guests that ask; all files are mapped for those that say. */
    @Test
    void theThresholdDecidesAndFourTimesTheWindowIsReadRight() throws Exception {
        ShareRig rig = narrow;
        Files.write(rig.share().resolve("small"), new byte[65_535]);
        Files.write(rig.share().resolve("large"), new byte[65_536]);
        guest.check("mount -t virtiofs narrow /mnt");
        rig.mounted();
        assertEquals("dax 0", guest.check("/tmp/mapcheck statxdax /mnt/small"));
        assertEquals("dax 1", guest.check("/tmp/mapcheck statxdax /mnt/large"));
        unmount(rig);

        String file = rig.share() + "/file";
        ShareRig.onHost("head -c " + 4 * WINDOW_MIB + "M /dev/urandom >" + file);
        String sum = ShareRig.onHost("sha256sum <" + file);
        String blocks = ShareRig.onHost(files.share() + "/mapcheck blocks " + file);
        assertEquals(8, blocks.lines().distinct().count());
        long before = reclaimed(rig);
        guest.check("mount -t virtiofs -o dax=always narrow /mnt");
        assertEquals("dax 1", guest.check("/tmp/mapcheck statxdax /mnt/small"));
        assertEquals(sum, guest.check("sha256sum </mnt/file", LONG));
        assertEquals(blocks, guest.check("/tmp/mapcheck blocks /mnt/file", LONG));
        unmount(rig);
        assertTrue(reclaimed(rig) - before > 16 * WINDOW_MIB, rig.daemon().log());
        assertNoKernelWarning();
        rig.assertIdle();
    }
}
