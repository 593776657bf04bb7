package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The host changes files that guests have mapped in the DAX window. */
class DaxIT {
    @TempDir Path folder;

    private final GuestKit kit = GuestKit.get();

    private Guest boot(ShareRig rig) {
        return new GuestBuilder(kit, folder).genericDevice(rig.socket(), 2).boot();
    }

    @Test
    void whatTheHostCutsOffOrAppendsIsSeen() throws Exception {
        try (ShareRig rig =
                        new ShareRig(
                                folder, "s", "--tag=share", "--dax=always", "--dax-guard=off");
                Guest guest = boot(rig)) {
            Path file = rig.share().resolve("file");
            NativePrograms.build(rig.share());
            ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
            guest.check("mount -t virtiofs -o dax=always share /mnt; cp /mnt/mapcheck /tmp");
            guest.check("sha256sum /mnt/file");
            for (String size : new String[] {"2500000", "100", "0", "9000000"}) {
                ShareRig.onHost("truncate -s " + size + " " + file);
                String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
                assertEquals(size, guest.check("stat -c %s /mnt/file"));
                assertEquals(sum, guest.check("sha256sum </mnt/file"));
            }
            assertSizesAreSeenAtOnce(guest, file);
            // The same under a map that a program holds: data up to the end, then nothing old.
            ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
            guest.check("sleep 1.5");
            var cut = guest.start("/tmp/mapcheck hold /mnt/file 4");
            guest.check("sleep 2");
            ShareRig.onHost("truncate -s 2500000 " + file);
            String seen = cut.get().text();
            Matcher pages = Pattern.compile("data 611 zeros (\\d+) sigbus (\\d+)").matcher(seen);
            assertTrue(pages.matches(), seen);
            assertEquals(610, Integer.parseInt(pages.group(1)) + Integer.parseInt(pages.group(2)));
            var grown = guest.start("/tmp/mapcheck hold /mnt/file 4");
            guest.check("sleep 2");
            ShareRig.onHost("head -c 777777 /dev/urandom >>" + file);
            assertEquals("data 611 zeros 0 sigbus 0", grown.get().text().strip());
            String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
            assertEquals(sum, guest.check("sha256sum </mnt/file"));
            assertEquals(List.of(), rig.daemon().complaints());
            guest.check("umount /mnt");
        }
    }

    /** Whoever opens the file, or asks for its size, has what the host has just made of it. */
    private static void assertSizesAreSeenAtOnce(Guest guest, Path file) {
        for (int size : new int[] {24, 2400, 100, 70_000, 4096, 3_000_000, 1, 5_000_001}) {
            String write = "head -c %d /dev/urandom >%s; sha256sum <%2$s".formatted(size, file);
            String sum = ShareRig.onHost(write);
            assertEquals(
                    sum.strip() + "\n" + size,
                    guest.check("sha256sum </mnt/file; stat -c %s /mnt/file").strip());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"auto", "wait"})
    void whenTheHostCutsFilesThatProgramsAreUsingNobodyDies(String mode) throws Exception {
        String guard = "--dax-guard=" + mode;
        boolean refuses = mode.equals("auto");
        try (ShareRig rig = new ShareRig(folder, "s", "--tag=share", "--dax=always", guard);
                Guest guest = boot(rig)) {
            String file = rig.share().resolve("file").toString();
            NativePrograms.build(rig.share());
            ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
            guest.check("mount -t virtiofs -o dax=always share /mnt; cp /mnt/mapcheck /tmp");
            rig.mounted();
            var using = guest.start("/tmp/mapcheck spin /mnt/file 15");
            guest.check("sleep 3");
            for (int i = 0; i < 5; i++) {
                // Refused only if the daemon has mapped again what the last round wrote.
                ShareRig.onHost("truncate -s 4096 %s || true".formatted(file));
                ShareRig.onHost(
                        "truncate -s 2097152 %1$s || true; truncate -s 5000001 %1$s"
                                .formatted(file));
                ShareRig.onHost(": >%1$s; head -c 5000001 /dev/urandom >%1$s".formatted(file));
            }
            String seen = using.get().text();
            assertTrue(seen.startsWith("touched "), seen); // and QEMU lives
            String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
            assertEquals(sum, guest.check("sha256sum </mnt/file"));
            assertWhatStays(rig, guest, refuses);
            assertEquals(List.of(), rig.daemon().complaints());
            guest.check("umount /mnt");
            rig.assertIdle();
        }
    }

    private static void cut(boolean refused, String file, int size) {
        String seen = ShareRig.onHost("truncate -s %d %s 2>&1 || true".formatted(size, file));
        assertEquals(refused, seen.contains("Text file busy"), seen);
    }

    /** A page that stays is what it was all the time, or zeros for a moment with each cut. */
    private static void assertWhatStays(ShareRig rig, Guest guest, boolean refuses) {
        String file = rig.share().resolve("shorter").toString();
        ShareRig.onHost("head -c 2097152 /dev/urandom >" + file);
        var using = guest.start("/tmp/mapcheck stay /mnt/shorter 10");
        guest.check("sleep 2");
        for (int i = 1; i <= 20; i++) {
            cut(refuses, file, 2097152 - 65536 * i);
            ShareRig.onHost("sleep 0.2");
        }
        String seen = using.join().text();
        System.out.println("what stays while the rest is cut: " + seen);
        Matcher figures =
                Pattern.compile("loads \\d+ gaps (\\d+) longest (\\d+) us lost (\\d+) junk 0\\s*")
                        .matcher(seen);
        assertTrue(figures.matches(), seen);
        assertTrue(Integer.parseInt(figures.group(1)) <= (refuses ? 0 : 20), seen);
        assertTrue(Integer.parseInt(figures.group(2)) < 1_000_000, seen);
        assertTrue(!refuses || figures.group(3).equals("0"), seen);
    }
}
