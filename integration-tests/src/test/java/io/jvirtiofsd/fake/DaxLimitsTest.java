package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.dax.FakeWindow;
import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the window holds for a guest has an end, and what does not fit is neither lost nor kept. */
class DaxLimitsTest {
    private static final int PAGE = 4096;
    private static final int RANGES = 1024;
    private static final int PIECES = 480;
    private static final int EIO = 5;
    private static final int ENOMEM = 12;

    @TempDir Path folder;

    private static void setUpPage(DaxRig rig, long node, int filePage, int windowPage) {
        long at = (long) windowPage * PAGE;
        rig.setup(node, (long) filePage * PAGE, PAGE, DaxRig.READ, at);
    }

    /** Beyond a file's end nothing is mapped, so that the front-end sets no bound. */
    @Test
    void moreRangesThanTheBoundAreEnomem() throws IOException {
        try (DaxRig rig = new DaxRig(folder)) {
            rig.file("empty", 0);
            long node = rig.lookup("empty");
            rig.setup(node, 0, 3 * PAGE, DaxRig.READ, 0);
            for (int i = 1; i < RANGES; i++) {
                setUpPage(rig, node, 0, 2 + i);
            }
            assertErrno(ENOMEM, () -> setUpPage(rig, node, 0, 2 + RANGES));
            assertErrno(ENOMEM, () -> setUpPage(rig, node, 9, 1));
            assertErrno(ENOMEM, () -> rig.remove(PAGE, PAGE));
            assertNotKeptOpen(rig, "refused");
            setUpPage(rig, node, 1, 9); // in place of one
            rig.remove(9 * PAGE, PAGE);
            setUpPage(rig, node, 0, 2 + RANGES);
            assertErrno(ENOMEM, () -> setUpPage(rig, node, 0, 3 + RANGES));
            assertEquals(0, rig.window().requests());
        }
    }

    /** A file that finds no room is closed again. */
    private static void assertNotKeptOpen(DaxRig rig, String name) throws IOException {
        rig.file(name, 0);
        int before = OpenDescriptors.count();
        long node = rig.lookup(name);
        assertErrno(ENOMEM, () -> setUpPage(rig, node, 0, 2 + RANGES));
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void whatAFrontEndMayHaveDroppedTakesNoRoom() throws IOException {
        try (DaxRig rig = new DaxRig(folder)) {
            byte[] bytes = rig.file("f", (PIECES + 1) * PAGE);
            for (int round = 0; round < 3; round++) {
                long node = rig.lookup("f");
                for (int i = 0; i < PIECES; i++) {
                    setUpPage(rig, node, i, i);
                }
                assertErrno(ENOMEM, () -> setUpPage(rig, node, PIECES, PIECES));
                rig.frontend.stop();
                if (round == 1) {
                    rig.window().reset(); // as QEMU does by itself
                }
                rig.frontend.restart();
                rig.begin();
            }
            rig.setup(rig.lookup("f"), 0, PAGE, DaxRig.READ, 600 * PAGE);
            assertEquals(bytes[77], rig.window().load(600 * PAGE, PAGE)[77]);
        }
    }

    @Test
    void whatStaysOfARangeIsMappedLaterIfItCannotBeAtOnce() throws IOException {
        try (DaxRig rig = new DaxRig(folder)) {
            byte[] bytes = rig.file("f", 4 * PAGE);
            long node = rig.lookup("f");
            rig.setup(node, 0, 3 * PAGE, DaxRig.READ, 0);
            rig.window().failAfter(2, Outcome.REFUSED); // unmap all, map the left, map the right
            assertErrno(EIO, () -> rig.remove(PAGE, PAGE));
            assertEquals(bytes[5], rig.window().load(0, PAGE)[5]);
            assertEquals(1, rig.window().maps());
            rig.fuse.getattr(node);
            assertEquals(2, rig.window().maps());
            assertEquals(bytes[2 * PAGE + 5], rig.window().load(2 * PAGE, PAGE)[5]);
        }
    }

    /** A front-end keeps what it has mapped for as long as it likes. */
    @Test
    void pagesBehindTheEndOfAFileAreOneFrontEnds() throws IOException {
        try (DaxRig rig = new DaxRig(folder)) {
            rig.file("first", 100);
            rig.setup(rig.lookup("first"), 0, 0);
            FakeWindow before = rig.window();
            FakeFrontend gone = rig.frontend;
            gone.disconnect();
            rig.connect(false);
            byte[] bytes = rig.file("second", 200);
            rig.setup(rig.lookup("second"), 0, 0);
            assertArrayEquals(new byte[PAGE], before.load(0, PAGE));
            before.store(7, "spoilt".getBytes(StandardCharsets.US_ASCII));
            rig.assertShows(bytes, 0, 0);
            rig.window().store(0, new byte[] {1});
            bytes[0] = 1;
            rig.fuse.getattr(rig.lookup("second"));
            rig.assertOnHost(bytes, "second");
            gone.close();
        }
    }
}
