package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Maps through stops, resets, new sessions and dead front-ends: nobody waits for what does not
 * come, and nothing is asked of a front-end that would crash of it.
 */
class DaxLifecycleTest {
    private static final int RANGE = DaxRig.RANGE;
    private static final int GET_SHMEM_CONFIG = 44; // vhost-user.rst
    private static final long BACKEND_SEND_FD = 1 << 10; // vhost-user.rst
    private static final int EIO = 5;
    private static final int ENODEV = 19;
    private static final int EINVAL = 22;

    @TempDir Path folder;
    private DaxRig rig;
    private byte[] bytes;
    private long node;

    @BeforeEach
    void begin() throws IOException {
        rig = new DaxRig(folder);
        bytes = rig.file("f", 3_000_000);
        node = rig.lookup("f");
    }

    @AfterEach
    void end() throws IOException {
        rig.close();
    }

    /** A SETUPMAPPING on the second request queue that hangs in its round trip. */
    private CompletableFuture<Integer> hangingSetup() throws Exception {
        rig.shmem.withhold();
        FuseClient other = new FuseClient(rig.frontend, 2);
        CompletableFuture<Integer> setup =
                CompletableFuture.supplyAsync(
                        () -> {
                            try {
                                DaxRig.setup(other, node, 0, RANGE, DaxRig.READ, 0);
                                return 0;
                            } catch (FuseErrorException e) {
                                return e.errno();
                            }
                        });
        assertTrue(Waiting.until(rig.shmem::isWithholding));
        assertTrue(!setup.isDone());
        return setup;
    }

    // vhost-user: the front-end waits for GET_VRING_BASE and answers no SHMEM_MAP meanwhile
    @Test
    void stoppingDoesNotWaitForAMap() throws Exception {
        CompletableFuture<Integer> setup = hangingSetup();
        long start = System.nanoTime();
        int[] bases = rig.frontend.stop();
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2));
        rig.frontend.resume(bases);
        assertEquals(EIO, setup.get(5, TimeUnit.SECONDS));
        rig.shmem.answer(); // late: the map may be there or not, and the next request finds out
        rig.setup(node, 0, 0);
        rig.assertShows(bytes, 0, 0);
        rig.setup(node, RANGE, 1);
        rig.assertShows(bytes, RANGE, RANGE);
    }

    @Test
    void otherRequestsGoOnWhileAMapHangs() throws Exception {
        CompletableFuture<Integer> setup = hangingSetup();
        assertEquals(bytes.length, rig.fuse.getattr(node).size());
        rig.shmem.answer();
        assertEquals(0, setup.get(5, TimeUnit.SECONDS));
        rig.assertShows(bytes, 0, 0);
    }

    // QEMU tells of what it maps in the window as of memory, on the other socket
    @Test
    void memoryIsTakenWhileAMapHangs() throws Exception {
        CompletableFuture<Integer> setup = hangingSetup();
        long place = 1L << 45; // far from all there is
        byte[] region =
                FakeFrontend.buffer(40)
                        .putLong(8, place)
                        .putLong(16, 4096)
                        .putLong(24, place)
                        .array();
        int memory = rig.frontend.memory().get(0).fd();
        rig.frontend.acknowledged(FakeFrontend.ADD_MEM_REG, region, memory);
        rig.frontend.acknowledged(FakeFrontend.REM_MEM_REG, region);
        assertTrue(!setup.isDone());
        rig.shmem.answer();
        assertEquals(0, setup.get(5, TimeUnit.SECONDS));
        rig.assertShows(bytes, 0, 0);
    }

    @Test
    void aDeadFrontEndEndsTheWait() throws Exception {
        CompletableFuture<Integer> setup = hangingSetup();
        FakeFrontend dead = rig.frontend;
        long start = System.nanoTime();
        dead.disconnect();
        rig.connect(false); // once the session has ended; it begins with an empty window
        assertTrue(System.nanoTime() - start < TimeUnit.SECONDS.toNanos(2));
        node = rig.lookup("f");
        rig.setup(node, 0, 0);
        rig.assertShows(bytes, 0, 0);
        // Its answer found no memory of the guest any more, or got there in time.
        assertTrue(setup.handle((errno, e) -> e != null || errno == EIO).get());
        dead.close();
    }

    @Test
    void aResetWithMapsNeedsNoUnmapAndLeavesNothing() throws Exception {
        for (int round = 0; round < 3; round++) {
            rig.setup(node, 0, 0);
            rig.setup(node, RANGE, 1);
            rig.window().store(RANGE + 900_000, new byte[] {(byte) (round + 1)}); // in the tail
            bytes[RANGE + 900_000] = (byte) (round + 1);
            rig.frontend.stop();
            rig.window().reset(); // as QEMU does by itself
            int requests = rig.window().requests();
            rig.frontend.restart();
            rig.begin(); // INIT, as after a reboot
            assertEquals(requests, rig.window().requests());
            rig.assertOnHost(bytes, "f"); // nothing that was stored is lost
            node = rig.lookup("f");
        }
        rig.setup(node, 0, 2);
        rig.assertShows(bytes, 0, 2 * RANGE);
    }

    @Test
    void aFrontEndThatKeepsMapsThroughAResetIsAskedToDropThem() throws Exception {
        rig.setup(node, 0, 0);
        rig.frontend.stop();
        rig.frontend.restart();
        rig.begin();
        byte[] other = rig.file("other", RANGE);
        rig.setup(rig.lookup("other"), 0, 0); // where the old map still is
        rig.assertShows(other, 0, 0);
    }

    @Test
    void aPauseKeepsMaps() throws Exception {
        rig.setup(node, 0, 0);
        rig.frontend.resume(rig.frontend.stop());
        rig.setup(node, RANGE, 1);
        rig.assertShows(bytes, 0, 0);
        rig.assertShows(bytes, RANGE, RANGE);
        rig.remove(0, RANGE, RANGE, RANGE);
        assertEquals(0, rig.window().maps());
    }

    // protocol: all maps are gone before DESTROY is answered; a new INIT ends the old session
    @Test
    void destroyInitAndForgetUnmap() throws Exception {
        rig.setup(node, 0, 0);
        rig.window().store(100, new byte[] {1});
        rig.fuse.destroy();
        assertEquals(0, rig.window().maps());
        rig.begin();
        node = rig.lookup("f");
        rig.setup(node, 0, 0);
        rig.begin();
        assertEquals(0, rig.window().maps());
        node = rig.lookup("f");
        rig.setup(node, RANGE, 0);
        rig.fuse.forget(node, 1);
        assertEquals(0, rig.window().maps());
    }

    @Test
    void refusalsAreErrorsOfTheRequestAlone() throws Exception {
        rig.setup(node, RANGE, 1); // by which the front-end has been probed
        rig.remove(RANGE, RANGE);
        int requests = rig.window().requests();
        rig.window().failAfter(0, Outcome.REFUSED);
        FuseErrorException e =
                assertThrows(FuseErrorException.class, () -> rig.setup(node, RANGE, 1));
        assertEquals(EIO, e.errno());
        assertEquals(requests + 1, rig.window().requests());
        rig.setup(node, RANGE, 1);
        rig.assertShows(bytes, RANGE, RANGE);
    }

    // vhost-user: without BACKEND_SEND_FD no descriptor goes that way
    @Test
    void aFrontEndThatTakesNoDescriptorsIsAskedNothing() throws Exception {
        rig.frontend.close();
        rig.connect(false, BACKEND_SEND_FD);
        node = rig.lookup("f");
        FuseRig.assertErrno(ENODEV, () -> rig.setup(node, 0, 0));
        assertEquals(0, rig.window().requests());
    }

    // vhost-user: one size per region, by shmid, for as long as the connection lasts
    @Test
    void theWindowIsRegion0WheneverAsked() throws Exception {
        for (int i = 0; i < 2; i++) {
            byte[] reply = rig.frontend.ask(GET_SHMEM_CONFIG);
            byte[] expected = FakeFrontend.buffer(8 + 256 * 8).putInt(1).array();
            FakeFrontend.buffer(8).putLong(DaxRig.WINDOW).flip().get(expected, 8, 8);
            assertArrayEquals(expected, reply);
        }
        assertEquals(0, DaxRig.WINDOW % 4096);
    }

    @Test
    void nobodyLearnsOfGrowthWhileItIsBeingMapped() throws Exception {
        byte[] grown = Arrays.copyOf(rig.file("g", 4096), 4196);
        long other = rig.lookup("g");
        rig.setup(other, 0, 1);
        rig.shmem.withhold();
        Files.write(rig.share.resolve("g"), new byte[100], StandardOpenOption.APPEND);
        assertTrue(Waiting.until(rig.shmem::isWithholding)); // the back-end has noticed it
        var look = CompletableFuture.supplyAsync(() -> rig.fuse.getattr(other));
        TimeUnit.MILLISECONDS.sleep(100);
        assertTrue(!look.isDone());
        rig.shmem.answer();
        look.get(5, TimeUnit.SECONDS);
        rig.assertShows(grown, 0, RANGE);
    }

    @Test
    void aFileIsHeldOpenAndWatchedOnlyWhileItIsMapped() throws Exception {
        long[] nodes = new long[50];
        for (int i = 0; i < nodes.length; i++) {
            rig.file("f" + i, 5000);
            nodes[i] = rig.lookup("f" + i);
        }
        rig.setup(nodes[0], 0, 0);
        int mapped = OpenDescriptors.count();
        for (long node : nodes) {
            rig.setup(node, 0, 0); // in place of the one before
            OpenDescriptors.assertSettleAt(mapped);
            assertEquals(1, watches());
        }
        FuseRig.assertErrno(EINVAL, () -> rig.setup(nodes[1], 1, 1));
        rig.remove(0, RANGE);
        OpenDescriptors.assertSettleAt(mapped - 1);
        assertEquals(0, watches());
    }

    private static long watches() throws IOException {
        long watches = 0;
        try (var numbers = Files.newDirectoryStream(Path.of("/proc/self/fdinfo"))) {
            for (Path number : numbers) {
                watches +=
                        readIfPresent(number).lines().filter(l -> l.startsWith("inotify")).count();
            }
        }
        return watches;
    }

    private static String readIfPresent(Path file) throws IOException {
        try {
            return Files.readString(file);
        } catch (NoSuchFileException e) {
            return ""; // closed meanwhile, as the descriptor of the listing itself
        }
    }
}
