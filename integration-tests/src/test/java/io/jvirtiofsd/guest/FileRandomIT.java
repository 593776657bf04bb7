package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Reads, writes and maps of a guest give what they must, by a model in the guest, and leave it in
 * the files of the host. One guest, with a mount for each test.
 */
class FileRandomIT {
    private static final int SECONDS = Integer.getInteger("jvirtiofsd.random.seconds", 2);
    private static final int QUIET_SECONDS = Amount.of(1, 4);
    private static final int FIO_MIB = Amount.of(4, 16);
    private static final long SEED = Long.getLong("jvirtiofsd.random.seed", 1);
    private static final Duration QUIET_LIMIT = Duration.ofSeconds(QUIET_SECONDS + 90);
    private static final Duration LONG = Duration.ofMinutes(5);
    private static final long FNV_START = 0xcbf29ce484222325L;
    private static final long FNV_FACTOR = 0x100000001b3L;

    @TempDir static Path folder;

    private static ShareRig rig;
    private static Guest guest;

    /** Options of the mount: each test runs once with each of them. */
    static Stream<String> mountOptions() {
        return Stream.of("dax=always", "dax=inode", "dax=never");
    }

    @BeforeAll
    static void boot() throws IOException {
        rig = new ShareRig(folder, "s", "--tag=share", "--dax=always");
        NativePrograms.build(rig.share(), "fsrandom");
        NativePrograms.build(rig.share(), "mapcheck");
        guest = new GuestBuilder(GuestKit.get(), folder).genericDevice(rig.socket(), 2).boot();
    }

    @AfterAll
    static void end() {
        if (guest != null) {
            guest.close();
        }
        if (rig != null) {
            rig.close();
        }
    }

    private static boolean isDax(String options) {
        return !options.equals("dax=never");
    }

    private static void mount(String options) {
        guest.check("mount -t virtiofs -o " + options + " share /mnt");
        rig.mounted();
    }

    private static void unmount() {
        guest.check("umount /mnt");
        rig.assertIdle();
    }

    /** A failed test leaves its mount to nobody. */
    @AfterEach
    void unmountAnyway() {
        guest.check("! mountpoint -q /mnt || umount -l /mnt");
    }

    /** Who works, under which options of the mount. */
    static Stream<Arguments> usersAndOptions() {
        return Stream.of("root", "user")
                .flatMap(who -> mountOptions().map(options -> arguments(who, options)));
    }

    @ParameterizedTest
    @MethodSource("usersAndOptions")
    void randomOperationsGiveWhatTheModelSays(String who, String options) throws Exception {
        mount(options);
        Path files = rig.share().resolve("random-" + who + "-" + options);
        guest.check("mkdir /mnt/%1$s; chown %2$s /mnt/%1$s".formatted(files.getFileName(), who));
        guest.check("cp /mnt/fsrandom /tmp");
        String program =
                "exec /tmp/fsrandom %s -q %d /mnt/%s %d %d 5 2"
                        .formatted(
                                // Without DAX it is the guest that shows stale bytes.
                                isDax(options) ? "" : "-t",
                                QUIET_SECONDS,
                                files.getFileName(),
                                SEED,
                                SECONDS);
        CompletableFuture<ExecResult> run = guest.start(ShareRig.as(who, program));
        int points = 0;
        while (awaitQuietPoint(files, points + 1, run)) {
            points++;
            assertFilesAre(files, files.resolve("quiet." + points));
            Files.createFile(files.resolve("go." + points));
        }
        ExecResult result = run.get();
        String last = result.text().lines().reduce((a, b) -> b).orElse("");
        assertEquals(0, result.exitCode(), result.text());
        assertTrue(last.startsWith("ok "), result.text());
        assertTrue(points > 0, result.text());
        unmount();
    }

    /** Whether quiet point {@code k} has come; false if the program has ended. */
    private static boolean awaitQuietPoint(Path files, int k, CompletableFuture<ExecResult> run) {
        Path list = files.resolve("quiet." + k);
        assertTrue(
                Processes.await(QUIET_LIMIT, () -> run.isDone() || Files.exists(list)),
                () -> "no quiet point " + k + "\n" + guest.console());
        return Files.exists(list);
    }

    /** The files of {@code folder} are what the lines "name size checksum" of {@code list} say. */
    private static void assertFilesAre(Path folder, Path list) throws IOException {
        for (String line : Files.readAllLines(list)) {
            String[] words = line.split(" ");
            byte[] content = Files.readAllBytes(folder.resolve(words[0]));
            String found = "%s %d %016x".formatted(words[0], content.length, fnv(content));
            assertEquals(line, found, () -> "on the host, at " + list.getFileName());
        }
    }

    /** FNV-1a, 64 bits. */
    private static long fnv(byte[] bytes) {
        long hash = FNV_START;
        for (byte b : bytes) {
            hash = (hash ^ Byte.toUnsignedLong(b)) * FNV_FACTOR;
        }
        return hash;
    }

    @ParameterizedTest
    @MethodSource("mountOptions")
    void mappedFilesAreTheFiles(String options) throws Exception {
        mount(options);
        Path files = Files.createDirectory(rig.share().resolve("maps-" + options));
        Random random = new Random(SEED);
        // Within one page, whole pages, and beyond 2 MiB with a last page that is not whole.
        for (int size : new int[] {340, 8192, 5_000_001}) {
            String f = "f" + size; // another file: the guest trusts the size of a known one a while
            byte[] content = new byte[size];
            random.nextBytes(content);
            Files.write(files.resolve(f), content);
            String sum = "%016x".formatted(fnv(content));
            assertEquals(
                    "size %d map %s read %2$s\nprivate ok".formatted(size, sum),
                    mapchecks(files, "cat " + f + " >copy", "sum " + f, "private " + f));
            assertEquals(sum, "%016x".formatted(fnv(Files.readAllBytes(files.resolve(f)))));
            String[] said =
                    mapchecks(
                                    files,
                                    "true",
                                    "store " + f,
                                    "fork " + f,
                                    "io " + f + " copy",
                                    "direct " + f + " copy",
                                    "io " + f + " /tmp/copy",
                                    "direct " + f + " /tmp/copy",
                                    "sum " + f)
                            .split("\n");
            assertEquals(
                    List.of("store ok", "fork ok", "io ok", "direct ok", "io ok", "direct ok"),
                    Arrays.asList(said).subList(0, 6));
            guest.check("sync -f /mnt");
            assertEquals(
                    said[6].split(" ")[3],
                    "%016x".formatted(fnv(Files.readAllBytes(files.resolve(f)))));
        }
        unmount();
    }

    /**
     * Runs the program with each of the {@code arguments}, after the command {@code first}; from
     * the share itself, as its pages must be executable, too.
     */
    private static String mapchecks(Path files, String first, String... arguments) {
        return guest.check(
                "set -e; cd /mnt/%s; %s; ../mapcheck %s"
                        .formatted(
                                files.getFileName(),
                                first,
                                String.join("; ../mapcheck ", arguments)));
    }

    @ParameterizedTest
    @MethodSource("mountOptions")
    void pagesBehindTheEndAreSigbusUntilTheFileIsLongAgain(String options) throws Exception {
        mount(options);
        Path files = Files.createDirectory(rig.share().resolve("spin-" + options));
        Files.write(files.resolve("f"), new byte[4 << 20]);
        String file = "/mnt/" + files.getFileName() + "/f";
        CompletableFuture<ExecResult> spin =
                NativePrograms.begin(guest, "/mnt/mapcheck spin " + file);
        guest.check("truncate -s 1M " + file + "; sleep 1");
        guest.check("truncate -s 4M " + file + "; sleep 1");
        String seen = NativePrograms.end(guest, spin);
        assertTrue(seen.matches("touched [1-9]\\d* sigbus [1-9]\\d*"), seen);
        String[] said = mapchecks(files, "true", "sum f", "statxdax f").split("\n");
        assertEquals("%016x".formatted(fnv(new byte[4 << 20])), said[0].split(" ")[3]);
        assertEquals(isDax(options) ? "dax 1" : "dax 0", said[1]);
        unmount();
    }

    @ParameterizedTest
    @MethodSource("mountOptions")
    void fioReadsBackWhatItWrote(String options) throws Exception {
        mount(options);
        Path files = Files.createDirectory(rig.share().resolve("fio-" + options));
        for (String engine : new String[] {"psync", "mmap"}) {
            guest.check(
                    """
                    cd /mnt/%s
                    fio --name=%2$s --filename=%2$s --ioengine=%2$s --rw=randwrite --bs=4k \
                    --size=%4$dm --verify=crc32c --verify_fatal=1 --do_verify=1 --runtime=60 \
                    --end_fsync=1 --randseed=%3$d --group_reporting --minimal
                    """
                            .formatted(files.getFileName(), engine, SEED, FIO_MIB),
                    LONG);
            assertEquals((long) FIO_MIB << 20, Files.size(files.resolve(engine)));
        }
        unmount();
    }
}
