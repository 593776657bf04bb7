package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guests with Debian's older kernels, on one processor and on two, each with as many request
 * queues, do the core of what guests do, without a DAX window and with one. {@code -Pthorough} has
 * all kernels, the kit's too, on one, two and four.
 */
class OlderKernelsIT {
    private static final Duration LONG = Duration.ofMinutes(8);
    private static final int FILES = Amount.of(60, 1_000);
    private static final int COMMITS = Amount.of(2, 20);
    private static final int TRANSACTIONS = Amount.of(20, 300); // of each of two processes
    private static final int ENTRIES = Amount.of(1_000, 30_000);
    private static final int OF_GUEST = ENTRIES / 10; // the host has made the others

    @TempDir Path folder;

    /** What a Debian boots; one before Linux 6.11 asks through its first queue only. */
    private record Kernel(String suite, String release, boolean oneQueue) {}

    private static final Kernel BOOKWORM = new Kernel("bookworm", "6.1.", true);
    private static final Kernel TRIXIE = new Kernel("trixie", "6.12.", false);
    private static final Kernel KIT = new Kernel("", "7.2", false);

    private record Machine(Kernel kernel, int cpus) {
        @Override
        public String toString() {
            return "Linux " + kernel.release + " on " + cpus;
        }
    }

    static Stream<Machine> machines() {
        return Amount.THOROUGH
                ? Stream.of(BOOKWORM, TRIXIE, KIT)
                        .flatMap(k -> Stream.of(1, 2, 4).map(cpus -> new Machine(k, cpus)))
                : Stream.of(new Machine(BOOKWORM, 2), new Machine(TRIXIE, 1));
    }

    @ParameterizedTest
    @MethodSource("machines")
    void guestsWorkInAShareWhateverTheirKernel(Machine machine) throws Exception {
        Kernel kernel = machine.kernel;
        GuestBuilder builder = new GuestBuilder(GuestKit.get(), folder).cpus(machine.cpus);
        if (!kernel.suite.isEmpty()) {
            OlderKernel.of(kernel.suite).in(builder);
        }
        try (ShareRig plain = new ShareRig(folder, "plain", "--xattr");
                ShareRig dax = new ShareRig(folder, "dax", "--tag=dax", "--dax=always")) {
            NativePrograms.build(plain.share(), "mapcheck");
            builder.fsDevice(plain.socket(), "plain", machine.cpus, 128)
                    .genericDevice(dax.socket(), machine.cpus);
            try (Guest guest = builder.boot()) {
                String release = guest.check("uname -r");
                assertTrue(release.startsWith(kernel.release), release);
                assertEquals("" + machine.cpus, guest.check("nproc"));
                int queues = kernel.oneQueue ? 1 : machine.cpus;
                withoutDax(plain, guest, queues, Amount.THOROUGH || kernel != KIT);
                withDax(dax, guest);
            }
        }
    }

    /** {@code all}: also what {@code ShareIT} does with the kit's kernel. */
    private static void withoutDax(ShareRig rig, Guest guest, int queues, boolean all)
            throws Exception {
        guest.check("mount -t virtiofs plain /mnt; mv /mnt/mapcheck /tmp");
        rig.mounted();
        assertEquals("" + queues, guest.check(ShareRig.script("queues.sh", "/mnt")));
        Path many = Files.createDirectory(rig.share().resolve("many"));
        for (int i = OF_GUEST; i < ENTRIES; i++) {
            Files.createFile(many.resolve("entry-%06d".formatted(i)));
        }
        List<String> scripts = new ArrayList<>();
        scripts.add(ShareRig.script("files.sh", "/mnt"));
        scripts.add(ShareRig.script("directory.sh", "/mnt", "" + ENTRIES, "" + OF_GUEST));
        if (all) {
            scripts.add(ShareRig.script("tree.sh", "/mnt", "" + FILES));
            scripts.add(ShareRig.script("programs.sh", "/mnt", "" + COMMITS, "" + TRANSACTIONS));
        }
        List<CompletableFuture<ExecResult>> atOnce = scripts.stream().map(guest::start).toList();
        for (CompletableFuture<ExecResult> work : atOnce) {
            ExecResult result = work.get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertEquals(0, result.exitCode(), result::text);
        }
        rig.assertSameOnBothSides(guest, "/mnt", all ? "tree" : "many");
        assertMapsWork(guest);
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    private static void withDax(ShareRig rig, Guest guest) {
        guest.check("mount -t virtiofs -o dax=always dax /mnt");
        rig.mounted();
        assertMapsWork(guest);
        assertEquals("dax 1", guest.check("/tmp/mapcheck statxdax /mnt/file"));
        guest.check("mkdir /mnt/work");
        assertEquals(
                "dax work done", guest.check(ShareRig.script("daxwork.sh", "/mnt/work"), LONG));
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    /** What programs do with maps, on a file whose last page is not whole. */
    private static void assertMapsWork(Guest guest) {
        guest.check("head -c 1000001 /dev/urandom >/mnt/file");
        for (String check : List.of("sum", "private", "store", "fork")) {
            guest.check("/tmp/mapcheck " + check + " /mnt/file");
        }
    }
}
