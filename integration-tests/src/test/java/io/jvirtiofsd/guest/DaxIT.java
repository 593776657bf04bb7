package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The host changes files that guests have mapped in the DAX window. One guest, with a share for
 * each mode of the guard.
 */
class DaxIT {
    private static final int LEAST = 19; // of what there is of a processor: setpriority(2)

    @TempDir static Path folder;

    private static final Map<String, ShareRig> SHARES = new LinkedHashMap<>();
    private static Guest guest;

    @BeforeAll
    static void boot() throws IOException {
        GuestBuilder machine = new GuestBuilder(GuestKit.get(), folder);
        for (String mode : new String[] {"off", "auto", "wait"}) {
            ShareRig rig =
                    new ShareRig(
                            folder, mode, "--tag=" + mode, "--dax=always", "--dax-guard=" + mode);
            SHARES.put(mode, rig);
            machine.genericDevice(rig.socket(), 2);
        }
        Path share = SHARES.get("off").share();
        NativePrograms.build(share, "mapcheck");
        guest = machine.boot();
        mount("off");
        guest.check("cp /mnt/mapcheck /tmp; umount /mnt");
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

    private static ShareRig mount(String mode) {
        guest.check("mount -t virtiofs -o dax=always " + mode + " /mnt");
        SHARES.get(mode).mounted();
        return SHARES.get(mode);
    }

    @Test
    void whatTheHostCutsOffOrAppendsIsSeen() throws Exception {
        ShareRig rig = mount("off");
        Path file = rig.share().resolve("file");
        ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
        guest.check("sha256sum /mnt/file");
        for (String size : new String[] {"2500000", "100", "0", "9000000"}) {
            ShareRig.onHost("truncate -s " + size + " " + file);
            String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
            assertEquals(size, guest.check("stat -c %s /mnt/file"));
            assertEquals(sum, guest.check("sha256sum </mnt/file"));
        }
        assertSizesAreSeenAtOnce(file);
        // The same under a map that a program holds: data up to the end, then nothing old.
        ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
        guest.check("sleep 1.5");
        var cut = NativePrograms.begin(guest, "/tmp/mapcheck hold /mnt/file");
        ShareRig.onHost("truncate -s 2500000 " + file + "; sleep 1");
        String seen = NativePrograms.end(guest, cut);
        Matcher pages = Pattern.compile("data 611 zeros (\\d+) sigbus (\\d+)").matcher(seen);
        assertTrue(pages.matches(), seen);
        assertEquals(610, Integer.parseInt(pages.group(1)) + Integer.parseInt(pages.group(2)));
        var grown = NativePrograms.begin(guest, "/tmp/mapcheck hold /mnt/file");
        ShareRig.onHost("head -c 777777 /dev/urandom >>" + file + "; sleep 1");
        assertEquals("data 611 zeros 0 sigbus 0", NativePrograms.end(guest, grown));
        String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
        assertEquals(sum, guest.check("sha256sum </mnt/file"));
        assertEquals(List.of(), rig.daemon().complaints());
        guest.check("umount /mnt");
    }

    /** Whoever opens the file, or asks for its size, has what the host has just made of it. */
    private static void assertSizesAreSeenAtOnce(Path file) {
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
        boolean refuses = mode.equals("auto");
        ShareRig rig = mount(mode);
        String file = rig.share().resolve("file").toString();
        ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
        var using = NativePrograms.begin(guest, "/tmp/mapcheck spin /mnt/file");
        cutAndRefill(file, 5);
        String seen = NativePrograms.end(guest, using);
        assertTrue(seen.startsWith("touched "), seen); // and QEMU lives
        String sum = ShareRig.onHost("sleep 1.5; sha256sum <" + file);
        assertEquals(sum, guest.check("sha256sum </mnt/file"));
        assertWhatStays(rig, refuses);
        assertEquals(List.of(), rig.daemon().complaints());
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    private static void cutAndRefill(String file, int rounds) {
        for (int i = 0; i < rounds; i++) {
            // Refused only if the daemon has mapped again what the last round wrote.
            ShareRig.onHost("truncate -s 4096 %s || true".formatted(file));
            ShareRig.onHost(
                    "truncate -s 2097152 %1$s || true; truncate -s 5000001 %1$s".formatted(file));
            ShareRig.onHost(": >%1$s; head -c 5000001 /dev/urandom >%1$s".formatted(file));
        }
    }

    /**
     * A virtual processor that has looked up where to load from, and then waits for a real one, has
     * not done so yet when QEMU says that nothing is mapped there any more.
     */
    @ParameterizedTest
    @ValueSource(strings = {"auto", "wait"})
    void whenTheHostCutsWhileProcessorsWaitForTheirTurnNobodyDies(String mode) throws Exception {
        ShareRig rig = mount(mode);
        String file = rig.share().resolve("starved").toString();
        ShareRig.onHost("head -c 5000001 /dev/urandom >" + file);
        var using = NativePrograms.begin(guest, "/tmp/mapcheck spin /mnt/starved");
        String busy = "for i in $(seq $(nproc)); do timeout 60 sh -c 'while :; do :; done' & done";
        Process others = new ProcessBuilder("sh", "-c", busy + "; wait").start();
        try {
            guest.niceProcessors(LEAST);
            cutAndRefill(file, 20);
        } finally {
            guest.niceProcessors(0);
            others.descendants().forEach(ProcessHandle::destroy);
        }
        String seen = NativePrograms.end(guest, using);
        assertTrue(seen.startsWith("touched "), seen); // and QEMU lives
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    private static void cut(boolean refused, String file, int size) {
        String seen = ShareRig.onHost("truncate -s %d %s 2>&1 || true".formatted(size, file));
        assertEquals(refused, seen.contains("Text file busy"), seen);
    }

    /** A page that stays is what it was all the time, or zeros for a moment with each cut. */
    private static void assertWhatStays(ShareRig rig, boolean refuses) throws Exception {
        String file = rig.share().resolve("shorter").toString();
        ShareRig.onHost("head -c 2097152 /dev/urandom >" + file);
        var using = NativePrograms.begin(guest, "/tmp/mapcheck stay /mnt/shorter");
        for (int i = 1; i <= 20; i++) {
            cut(refuses, file, 2097152 - 65536 * i);
            ShareRig.onHost("sleep 0.2");
        }
        String seen = NativePrograms.end(guest, using);
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
