package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.guest.ExecResult;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** With the guard no page vanishes under the guest, however a host program cuts the file. */
class DaxGuardTest {
    private static final int SIZE = 3_000_001;
    private static final int PAGE = 4096;

    /** The common pool may have a single thread, and what runs here may go on until told. */
    static final Executor OWN_THREAD = task -> new Thread(task).start();

    @TempDir Path folder;

    private DaxRig guarded() throws Exception {
        return guarded(Syscalls.load(), folder, GuardMode.WAIT);
    }

    private static DaxRig guarded(Syscalls syscalls, Path folder, GuardMode mode) throws Exception {
        DaxOptions dax = new DaxOptions(DaxRig.WINDOW, 0, mode);
        return new DaxRig(syscalls, folder, options -> options.dax(dax), false);
    }

    /** A file of {@link #SIZE} bytes, mapped; its node. */
    private static long mapped(DaxRig rig) throws Exception {
        rig.file("f", SIZE);
        long node = rig.lookup("f");
        rig.setup(node, 0, 0);
        rig.setup(node, DaxRig.RANGE, 1);
        return node;
    }

    /** Runs a script on the share by another process, the file being {@code $f}. */
    private static ExecResult onHost(DaxRig rig, String script) {
        String whole = "set -e; f=%s; %s".formatted(rig.share.resolve("f"), script);
        return Processes.run(Duration.ofMinutes(2), List.of("bash", "-c", whole));
    }

    private static void host(DaxRig rig, String script) {
        var result = onHost(rig, script);
        assertEquals(0, result.exitCode(), result.text());
    }

    private static void assertSoundWhile(DaxRig rig, String script) throws Exception {
        look(rig, script);
        assertTrue(Waiting.until(() -> showsTheFile(rig)), script);
    }

    /** Fails if a page vanishes while the script runs. */
    private static void look(DaxRig rig, String script) throws Exception {
        CompletableFuture<Void> cutting =
                CompletableFuture.runAsync(() -> host(rig, script), OWN_THREAD);
        do {
            for (int page = 0; page < 2 * DaxRig.RANGE; page += PAGE) {
                assertTrue(rig.window().isSound(page), "page at " + page + ": " + script);
            }
        } while (!cutting.isDone());
        cutting.get();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s 100 $f",
                "truncate -s 4096 $f",
                "truncate -s 2500000 $f",
                "truncate -s 0 $f",
                ": >$f",
                "perl -e '($f, $how) = ($ARGV[0], pack(\"QQQ\", 01002, 0, 0));"
                        + " syscall(437, -100, $f, $how, 24) >= 0 or die' $f", // openat2, O_TRUNC
                "exec 9<>$f; perl -e 'truncate($ARGV[0], 70000) or die' $f",
                "fallocate -c -o 4096 -l 1048576 $f",
                "head -c 1500000 /dev/zero >$f",
                "cp $f $f.new; cp $f.new $f",
                "for i in $(seq 20); do truncate -s $((i * 5000)) $f; truncate -s 3000001 $f; done"
            })
    void whatIsCutOffHasLeftTheWindowBefore(String script) throws Exception {
        try (DaxRig rig = guarded()) {
            mapped(rig);
            assertSoundWhile(rig, script);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s 100 $f",
                ": >$f",
                "for i in $(seq 10); do truncate -s $((i * 5000)) $f; truncate -s 3000001 $f; done"
            })
    void anAnswerToUnmapIsNotTakenForTheDeed(String script) throws Exception {
        try (DaxRig rig = guarded()) {
            mapped(rig);
            rig.shmem.unmapLate(20);
            assertSoundWhile(rig, script);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s 100 $f",
                "truncate -s 2097151 $f",
                "truncate -s 2500000 $f",
                "truncate -s 2998271 $f",
                "perl -e 'truncate($ARGV[0], 70000) or die $!' $f",
                "fallocate -c -o 4096 -l 1048576 $f"
            })
    void whoeverWouldCutAPieceInTwoIsRefused(String script) throws Exception {
        try (DaxRig rig = guarded(Syscalls.load(), folder, GuardMode.REFUSE)) {
            mapped(rig);
            byte[] bytes = rig.onHost("f");
            int requests = rig.window().requests();
            var result = onHost(rig, script);
            assertTrue(result.text().contains("Text file busy"), result.text());
            rig.assertOnHost(bytes, "f");
            assertTrue(showsTheFile(rig));
            assertEquals(requests, rig.window().requests(), "maps that were exchanged");
            rig.remove(0, DaxRig.RANGE, DaxRig.RANGE, DaxRig.RANGE);
            host(rig, script);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s 2998272 $f",
                "truncate -s 3000000 $f",
                "truncate -s 2097152 $f",
                "truncate -s 0 $f",
                ": >$f",
                "cp $f $f.new; cp $f.new $f",
                "truncate -s 4000000 $f"
            })
    void whoeverCutsNoPieceInTwoIsNotRefused(String script) throws Exception {
        try (DaxRig rig = guarded(Syscalls.load(), folder, GuardMode.REFUSE)) {
            mapped(rig);
            assertSoundWhile(rig, script);
        }
    }

    @Test
    void aFileSystemThatTellsOfOpeningOnlyIsGuardedAgainstThat() throws Exception {
        Path memory = Files.createTempDirectory(Path.of("/dev/shm"), "guard"); // a tmpfs
        try (DaxRig rig = guarded(Syscalls.load(), memory, GuardMode.AUTO)) {
            mapped(rig);
            assertSoundWhile(rig, ": >$f; head -c 3000001 /dev/zero >$f");
        } finally {
            Processes.run(Duration.ofSeconds(20), List.of("rm", "-r", memory.toString()));
        }
    }

    @Test
    void withoutThePrivilegeThereIsAGuardOnlyIfNobodyAskedForIt() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        faulty.fail("fanotifyInit", 0, 3, LinuxErrno.EPERM);
        for (GuardMode mode : List.of(GuardMode.WAIT, GuardMode.REFUSE)) {
            assertThrows(IOException.class, () -> guarded(faulty.calls(), folder, mode));
        }
        try (DaxRig rig = guarded(faulty.calls(), folder, GuardMode.AUTO)) {
            mapped(rig);
            host(rig, "truncate -s 2500000 $f");
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    private static boolean showsTheFile(DaxRig rig) {
        try {
            byte[] bytes = rig.onHost("f");
            for (int at = 0; at < bytes.length; at += DaxRig.RANGE) {
                rig.assertShows(bytes, at, at);
            }
            return true;
        } catch (AssertionError | IOException e) {
            return false;
        }
    }

    @Test
    void otherUsesOfTheFileAreLetThrough() throws Exception {
        try (DaxRig rig = guarded()) {
            long node = mapped(rig);
            byte[] bytes = rig.onHost("f");
            int requests = rig.window().requests();
            host(rig, "cmp $f $f; printf x | dd of=$f conv=notrunc status=none; cat $f >/dev/null");
            bytes[0] = 'x';
            long fh = rig.fuse.open(node, 2);
            rig.fuse.write(node, fh, 5000, new byte[] {7});
            bytes[5000] = 7;
            assertArrayEquals(new byte[] {7}, rig.fuse.read(node, fh, 5000, 1));
            assertTrue(showsTheFile(rig));
            assertEquals(requests, rig.window().requests(), "maps that were exchanged");
        }
    }

    @Test
    void theGuestsOwnChangesDoNotWaitForThemselves() throws Exception {
        try (DaxRig rig = guarded()) {
            long node = mapped(rig);
            CompletableFuture<Void> cutting =
                    CompletableFuture.runAsync(
                            () ->
                                    host(
                                            rig,
                                            "for i in $(seq 50); do truncate -s 9000 $f;"
                                                    + " truncate -s 3000001 $f; done"),
                            OWN_THREAD);
            for (int size = 1; !cutting.isDone(); size = (size * 7 + 1) % SIZE) {
                rig.fuse.setattr(node, 8, 0, 0, 0, size); // FATTR_SIZE
                rig.setup(node, 0, 0);
            }
            cutting.get();
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    /** Changes between the answer to a program and its cut are not taken for the cut. */
    @ParameterizedTest
    @EnumSource(names = {"WAIT", "REFUSE"})
    void whatIsAboutToBeCutIsNotMappedAgain(GuardMode mode) throws Exception {
        try (DaxRig rig = guarded(Syscalls.load(), folder, mode)) {
            long node = mapped(rig);
            long fh = rig.fuse.open(node, 2);
            AtomicBoolean ended = new AtomicBoolean();
            CompletableFuture<Void> writing =
                    CompletableFuture.runAsync(
                            () -> {
                                for (int i = 0; !ended.get(); i++) {
                                    int at = i % 2 == 0 ? 0 : SIZE + i % 90_000;
                                    rig.fuse.write(node, fh, at, new byte[] {7});
                                }
                            },
                            OWN_THREAD);
            try {
                look(
                        rig,
                        "for i in $(seq 30); do : >$f || true; truncate -s 3000001 $f || true;"
                                + " truncate -s 2097152 $f || true; sleep .01;"
                                + " truncate -s 3000001 $f || true; done");
            } finally {
                ended.set(true);
                writing.get();
            }
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    /** What the guest does between the answer to a program and its cut. */
    private interface Between {
        void act(DaxRig rig, long node, long fh);
    }

    static Stream<Arguments> meanwhile() {
        Between grows = (rig, node, fh) -> rig.fuse.write(node, fh, 2_900_000, new byte[] {7});
        Between cuts = (rig, node, fh) -> rig.fuse.setattr(node, 8, 0, 0, 0, 2_900_000);
        return Stream.of(
                Arguments.of("truncate -s 2000000 $f", "truncate -s 2097152 $f", grows, 2_097_152),
                Arguments.of("truncate -s 0 $f", ": >$f", grows, 0),
                Arguments.of(":", "truncate -s 2097152 $f", cuts, 2_097_152),
                Arguments.of(":", "fallocate -c -o 2097152 -l 4096 $f", cuts, 2_097_152));
    }

    @ParameterizedTest
    @MethodSource("meanwhile")
    void whatIsAboutToBeCutIsNotMappedByOthers(
            String before, String script, Between between, int left) throws Exception {
        AtomicReference<Runnable> next = new AtomicReference<>();
        Syscalls syscalls =
                whenACallIsMade(
                        "write",
                        "dax-cutter",
                        () -> {
                            Runnable task = next.getAndSet(null);
                            if (task != null) {
                                task.run();
                            }
                        });
        try (DaxRig rig = guarded(syscalls, folder, GuardMode.WAIT)) {
            long node = mapped(rig);
            long fh = rig.fuse.open(node, 2);
            host(rig, before);
            AtomicReference<CompletableFuture<Integer>> seen = new AtomicReference<>();
            next.set(
                    () -> {
                        seen.set(
                                CompletableFuture.supplyAsync( // not in this thread's scratch
                                        () -> {
                                            between.act(rig, node, fh);
                                            return rig.window().load(left, 1).length
                                                    + rig.window().load(2_800_000, 1).length;
                                        },
                                        OWN_THREAD));
                        seen.get().join();
                    });
            host(rig, script);
            assertEquals(0, seen.get().get(), "bytes that can be loaded");
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    @Test
    void aFrontEndThatDoesNotAnswerDoesNotHoldUpTheHost() throws Exception {
        try (DaxRig rig = guarded()) {
            mapped(rig);
            rig.shmem.withhold();
            var result = onHost(rig, "truncate -s 2500000 $f");
            assertTrue(result.text().contains("Text file busy"), result.text());
            rig.shmem.answer();
            host(rig, "truncate -s 2500000 $f");
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    /** This machine's calls; {@code task} runs before each {@code name} of {@code thread}. */
    private static Syscalls whenACallIsMade(String name, String thread, Runnable task) {
        return AlteredSyscalls.with(
                (called, arguments, call) -> {
                    if (called.equals(name) && Thread.currentThread().getName().equals(thread)) {
                        task.run();
                    }
                    return call.getAsLong();
                });
    }

    @Test
    void theGuestsOwnUsesOfTheFileDoNotWakeTheGuard() throws Exception {
        AtomicInteger answers = new AtomicInteger();
        Syscalls counted = whenACallIsMade("write", "dax-guard", answers::incrementAndGet);
        try (DaxRig rig = guarded(counted, folder, GuardMode.REFUSE)) {
            long node = mapped(rig);
            for (int i = 0; i < 2; i++) {
                long fh = rig.fuse.open(node, 2);
                rig.fuse.write(node, fh, SIZE + i, new byte[] {7});
                assertArrayEquals(new byte[] {7}, rig.fuse.read(node, fh, SIZE + i, 1));
                rig.fuse.setattr(node, 8, 0, 0, 0, SIZE);
            }
            assertEquals(0, answers.get());
            host(rig, "cat $f >/dev/null");
            assertTrue(answers.get() > 0);
        }
    }

    /** Of the threads that answer; the first time they make these calls. */
    @ParameterizedTest
    @CsvSource({
        "openat, dax-guard, false",
        "openat, dax-guard, true",
        "tgkill, dax-guard, true",
        "statx, dax-cutter, false",
        "statx, dax-cutter, true"
    })
    void afterAnErrorNobodyWaitsForeverOrIsLetThrough(String call, String thread, boolean worse)
            throws Exception {
        AtomicBoolean buggy = new AtomicBoolean();
        Syscalls syscalls =
                whenACallIsMade(
                        call,
                        thread,
                        () -> {
                            if (buggy.getAndSet(false)) {
                                if (worse) {
                                    throw new OutOfMemoryError("as if there were none left");
                                }
                                throw new IllegalStateException("as if by a bug");
                            }
                        });
        try (DaxRig rig = guarded(syscalls, folder, GuardMode.WAIT)) {
            mapped(rig);
            buggy.set(true);
            var result = onHost(rig, "perl -e 'truncate($ARGV[0], 100) or die $!' $f");
            assertTrue(result.text().contains("Text file busy"), result.text());
            assertFalse(buggy.get());
            assertTrue(showsTheFile(rig));
            assertSoundWhile(rig, "truncate -s 100 $f");
        }
    }
}
