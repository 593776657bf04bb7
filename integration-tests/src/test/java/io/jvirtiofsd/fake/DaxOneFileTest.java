package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.GuardMode;
import io.jvirtiofsd.guest.Processes;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A file that the guest meets in two mounts, under two nodes, is one file to the window. Needs the
 * right to mount.
 *
 * <pre>
 * share/dir/f     3,000,001 bytes: range 0 of the window, and range 1
 * share/bind      dir once more:   range 2 of the window, and range 3
 * </pre>
 */
class DaxOneFileTest {
    private static final int RANGE = DaxRig.RANGE;
    private static final int SIZE = 3_000_001;
    private static final int PAGE = 4096;
    private static final int O_RDWR = 2;
    private static final int O_TRUNC = 0x200;
    private static final int FATTR_SIZE = 8;
    private static final int FATTR_FH = 1 << 6;
    private static final int SETATTR = 4; // fuse.h
    private static final int EBADF = 9;

    @TempDir Path folder;
    private Path bind;
    private DaxRig rig;
    private byte[] bytes;
    private long one;
    private long two;

    @BeforeEach
    void mount() throws Exception {
        Path dir = Files.createDirectories(folder.resolve("share/dir"));
        bind = Files.createDirectory(folder.resolve("share/bind"));
        boolean mounted = run("mount", "--bind", dir.toString(), bind.toString()) == 0;
        assumeTrue(mounted || System.getenv("CI") != null, "no right to mount");
        assertTrue(mounted);
    }

    @AfterEach
    void end() throws Exception {
        if (rig != null) {
            rig.close();
        }
        assertEquals(0, run("umount", "-l", bind.toString()));
    }

    private static int run(String... command) {
        return Processes.run(Duration.ofMinutes(1), List.of(command)).exitCode();
    }

    private void begin(GuardMode guard) throws Exception {
        begin(Syscalls.load(), guard);
        mapAll();
    }

    /** The share with the file, of which nothing is mapped. */
    private void begin(Syscalls syscalls, GuardMode guard) throws Exception {
        DaxOptions dax = new DaxOptions(DaxRig.WINDOW, 0, guard);
        rig = new DaxRig(syscalls, folder, options -> options.dax(dax), false);
        bytes = rig.file("dir/f", SIZE);
        one = node("dir");
        two = node("bind");
        assertNotEquals(one, two);
    }

    private long node(String directory) {
        return rig.fuse.lookup(rig.lookup(directory), "f").nodeId();
    }

    private void mapAll() {
        rig.setup(one, 0, 0);
        rig.setup(one, RANGE, 1);
        rig.setup(two, 0, 2);
        rig.setup(two, RANGE, 3);
    }

    private int pagesWithoutBacking() {
        int pages = 0;
        for (int page = 0; page < DaxRig.WINDOW; page += PAGE) {
            pages += rig.window().isSound(page) ? 0 : 1;
        }
        return pages;
    }

    private boolean showsTheFile() {
        try {
            byte[] now = rig.onHost("dir/f");
            for (int at = 0; at < now.length; at += RANGE) {
                rig.assertShows(now, at, at);
                rig.assertShows(now, at, 2 * RANGE + at);
            }
            return true;
        } catch (AssertionError | java.io.IOException e) {
            return false;
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ": >dir/f",
                "truncate -s 0 dir/f",
                "truncate -s 0 bind/f",
                "truncate -s 2500000 dir/f",
                "for i in $(seq 10); do truncate -s $((i * 5000)) bind/f; truncate -s 3000001"
                        + " dir/f; done"
            })
    void whatTheHostCutsOffHasLeftTheWindowBefore(String script) throws Exception {
        begin(GuardMode.WAIT);
        cut(script);
        assertTrue(Waiting.until(this::showsTheFile));
    }

    /** Fails if a page vanishes while the host's script runs. */
    private void cut(String script) throws Exception {
        CompletableFuture<Integer> cutting =
                CompletableFuture.supplyAsync(
                        () -> run("bash", "-ec", "cd " + rig.share + "; " + script),
                        DaxGuardTest.OWN_THREAD);
        do {
            assertEquals(0, pagesWithoutBacking());
        } while (!cutting.isDone());
        assertEquals(0, cutting.get());
        assertEquals(0, pagesWithoutBacking());
    }

    /** Of the host's changes the guard goes on to tell for the mount that is left. */
    @Test
    void theGuardStaysWhenOneMountIsNotMappedAnyMore() throws Exception {
        begin(GuardMode.WAIT);
        rig.remove(0, 2L * RANGE);
        rig.fuse.forget(one, 1);
        cut(": >dir/f");
    }

    @Test
    void whatTheGuestCutsOffThroughOneMountLeavesTheWindowInAll() throws Exception {
        begin(GuardMode.OFF);
        List<Consumer<Long>> cuts =
                List.of(
                        node -> rig.fuse.setattr(node, FATTR_SIZE, 0, 0, 0, 0),
                        node -> rig.fuse.open(node, O_RDWR | O_TRUNC),
                        node -> rig.fuse.create(parent(node), "f", O_RDWR | O_TRUNC, 0x8000 | 0600),
                        node -> rig.fuse.setattr(node, FATTR_SIZE, 0, 0, 0, 2_500_000),
                        node -> rig.fuse.setattr(node, FATTR_SIZE, 0, 0, 0, 4096));
        for (Consumer<Long> cut : cuts) {
            for (long node : new long[] {one, two}) {
                Files.write(rig.share.resolve("dir/f"), bytes);
                mapAll();
                cut.accept(node);
                assertEquals(0, pagesWithoutBacking());
                assertTrue(showsTheFile());
            }
        }
    }

    private long parent(long node) {
        return rig.lookup(node == one ? "dir" : "bind");
    }

    @Test
    void storesAndWritesThroughOneMountAreSeenInAll() throws Exception {
        begin(GuardMode.OFF);
        long fh = rig.fuse.open(two, O_RDWR);
        rig.window().store(SIZE - 1, new byte[] {1}); // in the shadow page of the other mount
        bytes[SIZE - 1] = 1;
        assertArrayEquals(new byte[] {1}, rig.fuse.read(two, fh, SIZE - 1, 10));
        rig.fuse.write(two, fh, SIZE, new byte[] {2, 3});
        bytes = Arrays.copyOf(bytes, SIZE + 2);
        bytes[SIZE] = 2;
        bytes[SIZE + 1] = 3;
        rig.assertOnHost(bytes, "dir/f");
        assertTrue(showsTheFile());
        rig.window().store(3L * RANGE + SIZE + 1 - RANGE, new byte[] {4});
        bytes[SIZE + 1] = 4;
        assertEquals(SIZE + 2, rig.fuse.getattr(one).size());
        rig.assertOnHost(bytes, "dir/f");
    }

    @Test
    void theFileIsClosedWithTheLastNodeOfIt() throws Exception {
        begin(Syscalls.load(), GuardMode.OFF);
        rig.setup(one, 0, 0);
        int mapped = OpenDescriptors.count();
        rig.setup(two, RANGE, 1);
        OpenDescriptors.assertSettleAt(mapped);
        rig.fuse.forget(one, 1);
        rig.assertShows(bytes, RANGE, RANGE);
        rig.fuse.forget(two, 1);
        assertEquals(0, rig.window().maps());
    }

    /** The descriptor of one file and the maps of another: nothing would be unmapped. */
    @Test
    void aHandleOfAnotherNodeIsRefused() throws Exception {
        begin(GuardMode.OFF);
        rig.file("other", 100);
        long other = rig.lookup("other");
        long fh = rig.fuse.open(one, O_RDWR);
        for (long node : new long[] {other, two}) {
            byte[] cut =
                    FakeFrontend.buffer(88).putInt(0, FATTR_SIZE | FATTR_FH).putLong(8, fh).array();
            assertErrno(EBADF, () -> rig.fuse.raw(SETATTR, node, cut, 104));
            assertErrno(EBADF, () -> rig.fuse.getattr(node, fh));
            assertErrno(EBADF, () -> rig.fuse.fsync(node, fh));
            assertErrno(EBADF, () -> rig.fuse.flush(node, fh));
            assertErrno(EBADF, () -> rig.fuse.lseek(node, fh, 0, 3));
            assertErrno(EBADF, () -> rig.fuse.read(node, fh, 0, 10));
            assertErrno(EBADF, () -> rig.fuse.write(node, fh, 0, new byte[] {1}));
            assertErrno(EBADF, () -> rig.fuse.fallocate(node, fh, 0, 10, 0));
            long own = rig.fuse.open(node, O_RDWR);
            assertErrno(EBADF, () -> rig.fuse.copyFileRange(node, fh, 0, node, own, 0, 1));
            assertErrno(EBADF, () -> rig.fuse.copyFileRange(node, own, 0, node, fh, 0, 1));
        }
        assertEquals(0, pagesWithoutBacking());
        rig.assertOnHost(bytes, "dir/f");
        assertEquals(SIZE, rig.fuse.getattr(one, fh).size());
    }

    /** A map that is set up while the guest's own cut is going on is as short as the file. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nothingIsMappedThatIsJustBeingCutOff(boolean opening) throws Exception {
        AtomicReference<Runnable> before = new AtomicReference<>();
        AtomicInteger unbacked = new AtomicInteger(-1);
        Syscalls syscalls =
                AlteredSyscalls.with(
                        (name, arguments, call) -> {
                            if (name.equals("inotifyAddWatch")) {
                                return -LinuxErrno.ENOMEM; // nobody mends it by chance
                            }
                            boolean cutting = name.equals(opening ? "openat" : "ftruncate");
                            Runnable task = cutting ? before.getAndSet(null) : null;
                            if (task == null) {
                                return call.getAsLong();
                            }
                            task.run();
                            long result = call.getAsLong();
                            unbacked.set(pagesWithoutBacking());
                            return result;
                        });
        begin(syscalls, GuardMode.OFF);
        FuseClient other = new FuseClient(rig.frontend, 2);
        Runnable setup = () -> DaxRig.setup(other, two, 0, RANGE, DaxRig.READ, 0);
        before.set(() -> CompletableFuture.runAsync(setup, DaxGuardTest.OWN_THREAD).join());
        if (opening) {
            rig.fuse.open(one, O_RDWR | O_TRUNC);
        } else {
            rig.fuse.setattr(one, FATTR_SIZE, 0, 0, 0, 0);
        }
        assertEquals(0, unbacked.get());
        Files.write(rig.share.resolve("dir/f"), bytes);
        rig.fuse.getattr(two);
        rig.assertShows(bytes, 0, 0); // and nothing is held back afterwards
    }
}
