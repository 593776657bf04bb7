package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.daemon.DaxOptions;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.linux.JnrSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With the guard no page vanishes under the guest, however a host program cuts the file. */
class DaxGuardTest {
    private static final int SIZE = 3_000_001;
    private static final int PAGE = 4096;

    @TempDir Path folder;

    private DaxRig guarded() throws Exception {
        return guarded(JnrSyscalls.load());
    }

    private DaxRig guarded(Syscalls syscalls) throws Exception {
        DaxOptions dax = new DaxOptions(DaxRig.WINDOW, 0, true);
        return new DaxRig(syscalls, folder, options -> options.withDax(dax), false);
    }

    /** Runs a script on the share by another process, the file being {@code $f}. */
    private void host(DaxRig rig, String script) {
        String whole = "set -e; f=%s; %s".formatted(rig.share.resolve("f"), script);
        var result = Processes.run(Duration.ofSeconds(20), List.of("bash", "-c", whole));
        assertEquals(0, result.exitCode(), result.text());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "truncate -s 100 $f",
                "truncate -s 4096 $f",
                "truncate -s 2500000 $f",
                "truncate -s 0 $f",
                ": >$f",
                "exec 9<>$f; perl -e 'truncate($ARGV[0], 70000) or die' $f",
                "fallocate -c -o 4096 -l 1048576 $f",
                "head -c 1500000 /dev/zero >$f",
                "cp $f $f.new; cp $f.new $f",
                "for i in $(seq 20); do truncate -s $((i * 5000)) $f; truncate -s 3000001 $f; done"
            })
    void whatIsCutOffHasLeftTheWindowBefore(String script) throws Exception {
        try (DaxRig rig = guarded()) {
            rig.file("f", SIZE);
            long node = rig.lookup("f");
            rig.setup(node, 0, 0);
            rig.setup(node, DaxRig.RANGE, 1);
            CompletableFuture<Void> cutting = CompletableFuture.runAsync(() -> host(rig, script));
            do {
                for (int page = 0; page < 2 * DaxRig.RANGE; page += PAGE) {
                    assertTrue(rig.window().isSound(page), "page at " + page + ": " + script);
                }
            } while (!cutting.isDone());
            cutting.get();
            assertTrue(Waiting.until(() -> showsTheFile(rig)), script);
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
            byte[] bytes = rig.file("f", SIZE);
            long node = rig.lookup("f");
            rig.setup(node, 0, 0);
            rig.setup(node, DaxRig.RANGE, 1);
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
            rig.file("f", SIZE);
            long node = rig.lookup("f");
            rig.setup(node, 0, 0);
            rig.setup(node, DaxRig.RANGE, 1);
            CompletableFuture<Void> cutting =
                    CompletableFuture.runAsync(
                            () ->
                                    host(
                                            rig,
                                            "for i in $(seq 50); do truncate -s 9000 $f;"
                                                    + " truncate -s 3000001 $f; done"));
            for (int size = 1; !cutting.isDone(); size = (size * 7 + 1) % SIZE) {
                rig.fuse.setattr(node, 8, 0, 0, 0, size); // FATTR_SIZE
                rig.setup(node, 0, 0);
            }
            cutting.get();
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }

    @Test
    void nobodyWaitsForeverAfterAnError() throws Exception {
        Syscalls real = JnrSyscalls.load();
        AtomicInteger errors = new AtomicInteger(2);
        Syscalls buggy =
                (Syscalls)
                        Proxy.newProxyInstance(
                                Syscalls.class.getClassLoader(),
                                new Class<?>[] {Syscalls.class},
                                (proxy, method, arguments) -> {
                                    if (method.getName().equals("statx")
                                            && Thread.currentThread().getName().equals("dax-guard")
                                            && errors.getAndDecrement() > 0) {
                                        throw new IllegalStateException("as if by a bug");
                                    }
                                    return method.invoke(real, arguments);
                                });
        try (DaxRig rig = guarded(buggy)) {
            rig.file("f", SIZE);
            rig.setup(rig.lookup("f"), 0, 0);
            host(rig, "cat $f >/dev/null");
            assertTrue(errors.get() <= 0);
            host(rig, "truncate -s 100 $f");
            assertTrue(Waiting.until(() -> showsTheFile(rig)));
        }
    }
}
