package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static io.jvirtiofsd.fake.LockCalls.END;
import static io.jvirtiofsd.fake.LockCalls.FLOCK;
import static io.jvirtiofsd.fake.LockCalls.READ;
import static io.jvirtiofsd.fake.LockCalls.UNLOCK;
import static io.jvirtiofsd.fake.LockCalls.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two guests of two daemons with one directory exclude each other, and wait for each other. */
class LocksTest {
    private static final int POSIX_LOCKS = 1 << 1; // fuse.h
    private static final int FLOCK_LOCKS = 1 << 10; // fuse.h
    private static final int FLOCK_UNLOCK = 2;
    private static final long MINE = 0x8000_0000_0000_0011L;
    private static final long OTHER = 22;

    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;

    /** Nothing shows from outside that the host's kernel makes a thread wait for a lock. */
    private static final int QUIET_MILLIS = 50;

    private static final int EBADF = 9;
    private static final int EAGAIN = 11;
    private static final int EINVAL = 22;
    private static final int ENOLCK = 37;
    private static final int ESTALE = 116;
    private static final int ENOSYS = 38;

    @TempDir Path folder;
    private Side first;
    private Side second;

    /** One daemon and its guest, which has the file open. */
    private static final class Side implements AutoCloseable {
        private final InProcess backEnd;
        private FakeFrontend frontend;
        private FuseClient fuse;
        private LockCalls locks;
        private long node;
        private long fh;

        Side(Path share, Path socketFolder, UnaryOperator<BackEndOptions.Builder> settings)
                throws IOException {
            backEnd = new InProcess(share, Files.createDirectories(socketFolder), settings);
            connect();
        }

        void connect() throws IOException {
            frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
            fuse = new FuseClient(frontend, 1);
            locks = new LockCalls(fuse, frontend.queue(1));
            assertEquals(POSIX_LOCKS | FLOCK_LOCKS, fuse.init(POSIX_LOCKS | FLOCK_LOCKS));
            open(O_RDWR);
        }

        void open(int flags) {
            node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
            fh = fuse.open(node, flags);
        }

        void lock(long owner, long start, long end, int type) {
            locks.set(node, fh, owner, start, end, type, 0);
        }

        void flock(int type) {
            locks.set(node, fh, MINE, 0, END, type, FLOCK);
        }

        /** Waits, while the queue goes on serving. */
        void startWaiting(long owner, int type, int flags) {
            locks.startWaiting(1, node, fh, owner, type, flags);
            assertTrue(frontend.queue(1).staysSilent(QUIET_MILLIS));
            fuse.getattr(node);
        }

        @Override
        public void close() throws IOException {
            frontend.close();
            backEnd.close();
        }
    }

    private Side side(String name, UnaryOperator<BackEndOptions.Builder> settings)
            throws IOException {
        LockOptions both = new LockOptions(true, true);
        return new Side(
                folder.resolve("share"),
                folder.resolve(name),
                options -> settings.apply(options.locks(both)));
    }

    @BeforeEach
    void begin() throws Exception {
        Files.createFile(Files.createDirectory(folder.resolve("share")).resolve("file"));
        first = side("1", options -> options);
        second = side("2", options -> options);
    }

    @AfterEach
    void end() throws Exception {
        first.close();
        second.close();
    }

    private static void assertFree(Side side) {
        assertEquals(UNLOCK, side.locks.get(side.node, side.fh, 99, 0, END, WRITE)[0]);
    }

    @Test
    void rangesExcludeOtherOwnersHereAndThere() {
        first.lock(MINE, 0, 9, WRITE);
        for (Side side : new Side[] {first, second}) {
            assertErrno(EAGAIN, () -> side.lock(OTHER, 5, 20, READ));
            side.lock(OTHER, 20, 29, READ);
            long[] found = side.locks.get(side.node, side.fh, OTHER, 5, END, READ);
            assertArrayEquals(new long[] {WRITE, 0, 9}, found);
        }
        first.lock(MINE, 0, 9, READ);
        second.lock(MINE, 0, END, READ);
        assertErrno(EAGAIN, () -> second.lock(MINE, 0, END, WRITE));
        first.lock(OTHER, 0, END, UNLOCK);
        second.lock(OTHER, 0, END, UNLOCK);
        first.lock(MINE, 0, 4, UNLOCK);
        assertErrno(EAGAIN, () -> second.lock(MINE, 5, 5, WRITE));
        second.lock(MINE, 0, 4, WRITE);
        long[] rest = first.locks.get(first.node, first.fh, MINE, 10, END, WRITE);
        assertArrayEquals(new long[] {READ, 5, END}, rest);
    }

    @Test
    void whoWaitsKeepsNoQueueAndIsNextWhenTheLockIsFree() {
        first.lock(MINE, 0, 9, WRITE);
        second.startWaiting(MINE, WRITE, 0);
        first.startWaiting(OTHER, READ, 0);
        first.lock(MINE, 0, 9, UNLOCK);
        assertEquals(0, second.locks.await());
        assertTrue(first.frontend.queue(1).staysSilent(QUIET_MILLIS));
        second.lock(MINE, 0, END, UNLOCK);
        assertEquals(0, first.locks.await());
        assertErrno(EAGAIN, () -> second.lock(MINE, 0, 0, WRITE));
    }

    @Test
    void aLockThatIsFreeNeedsNoWaiting() {
        first.locks.startWaiting(1, first.node, first.fh, MINE, WRITE, 0);
        assertEquals(0, first.locks.await());
        first.locks.startWaiting(1, first.node, first.fh, MINE, UNLOCK, 0);
        assertEquals(0, first.locks.await());
        assertFree(second);
    }

    @Test
    void openFilesExcludeEachOther() {
        first.flock(READ);
        second.flock(READ);
        assertErrno(EAGAIN, () -> second.flock(WRITE));
        long another = first.fuse.open(first.node, O_RDONLY);
        assertErrno(EAGAIN, () -> first.locks.set(first.node, another, MINE, 0, END, WRITE, FLOCK));
        second.flock(READ); // flock(2): who asks for another kind gives up the one it has
        first.startWaiting(MINE, WRITE, FLOCK);
        second.lock(MINE, 0, END, WRITE); // has nothing to do with it
        second.flock(UNLOCK);
        assertEquals(0, first.locks.await());
        second.startWaiting(MINE, READ, FLOCK);
        first.fuse.release(first.node, first.fh, FLOCK_UNLOCK);
        assertEquals(0, second.locks.await());
        first.fuse.release(first.node, another);
    }

    @Test
    void closingDropsWhatItsOwnerHasAndNothingElse() throws Exception {
        int before = OpenDescriptors.count();
        first.lock(MINE, 0, 9, WRITE);
        first.lock(OTHER, 10, 19, WRITE);
        first.fuse.flush(first.node, first.fh, OTHER);
        second.lock(MINE, 10, END, WRITE);
        assertErrno(EAGAIN, () -> second.lock(MINE, 0, 9, WRITE));
        second.startWaiting(OTHER, WRITE, 0);
        second.lock(MINE, 10, END, UNLOCK);
        first.fuse.flush(first.node, first.fh, MINE);
        assertEquals(0, second.locks.await());
        second.fuse.flush(second.node, second.fh, OTHER);
        second.fuse.flush(second.node, second.fh, MINE);
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void aGuestThatGoesLeavesNoLock() throws Exception {
        first.lock(MINE, 0, END, WRITE);
        second.startWaiting(MINE, WRITE, 0);
        first.startWaiting(OTHER, WRITE, 0);
        first.frontend.close();
        assertEquals(0, second.locks.await());
        first.connect();
        first.flock(WRITE);
        second.startWaiting(OTHER, WRITE, FLOCK);
        first.fuse.destroy();
        assertEquals(0, second.locks.await());
    }

    @Test
    void stoppingARingAnswersWhoWaits() throws Exception {
        first.lock(MINE, 0, END, WRITE);
        first.flock(WRITE);
        for (int flags : new int[] {0, FLOCK}) {
            second.startWaiting(MINE, WRITE, flags);
            int[] bases = second.frontend.stop();
            assertEquals(ENOLCK, second.locks.await());
            second.frontend.resume(bases);
        }
        first.lock(MINE, 0, END, UNLOCK);
        assertFree(first);
        second.fuse.getattr(second.node);
    }

    @Test
    void whoForgetsOrBeginsAnewDoesNotWait() throws Exception {
        first.lock(MINE, 0, END, WRITE);
        second.lock(MINE, 0, END, UNLOCK);
        second.startWaiting(MINE, WRITE, 0);
        second.fuse.forget(second.node, 1);
        assertEquals(ENOLCK, second.locks.await());
        first.lock(MINE, 0, END, UNLOCK);
        assertErrno(ESTALE, () -> second.lock(MINE, 0, END, WRITE));
        second.open(O_RDWR);
        second.lock(MINE, 0, END, WRITE);
        first.startWaiting(MINE, READ, 0);
        new FuseClient(first.frontend, 2).destroy();
        assertEquals(ENOLCK, first.locks.await());
    }

    @Test
    void whatMakesNoSenseIsRefused() {
        assertErrno(EBADF, () -> first.locks.set(first.node, 999, MINE, 0, END, WRITE, 0));
        assertErrno(EBADF, () -> first.locks.get(first.node, 999, MINE, 0, END, WRITE));
        assertErrno(EINVAL, () -> first.lock(MINE, 5, 4, WRITE));
        assertErrno(EINVAL, () -> first.lock(MINE, -1, END, WRITE));
        assertErrno(EINVAL, () -> first.lock(MINE, 0, -1, READ));
        assertErrno(EINVAL, () -> first.lock(MINE, 0, END, 3));
        assertErrno(EINVAL, () -> first.lock(MINE, 0, END, -1));
        assertErrno(EINVAL, () -> first.locks.set(first.node, first.fh, MINE, 0, END, READ, 4));
        assertErrno(EINVAL, () -> first.locks.get(first.node, first.fh, MINE, 0, END, UNLOCK));
        first.lock(MINE, 0, END, UNLOCK); // of nothing
        first.flock(UNLOCK);
        first.lock(MINE, END, END, WRITE);
        long[] last = second.locks.get(second.node, second.fh, MINE, 0, END, READ);
        assertArrayEquals(new long[] {WRITE, END, END}, last);
        first.open(O_RDONLY);
        assertErrno(EBADF, () -> first.lock(OTHER, 0, 0, WRITE));
        first.lock(OTHER, 0, 0, READ);
    }

    @Test
    void ownersWithoutEndAreRefusedAndForgotten() throws Exception {
        int before = OpenDescriptors.count();
        long owner = 100;
        try {
            while (owner < 20_000) {
                first.lock(owner, owner, owner, WRITE);
                owner++;
            }
        } catch (FuseErrorException e) {
            assertEquals(ENOLCK, e.errno());
        }
        assertTrue(owner <= 100 + 16384, "owners: " + owner);
        long one = owner - 1;
        first.lock(one, 0, END, UNLOCK);
        first.lock(OTHER, owner, owner, WRITE);
        first.fuse.forget(first.node, 1);
        OpenDescriptors.assertSettleAt(before);
        second.lock(MINE, 0, END, WRITE);
    }

    @Test
    void moreThanManyWaitForNobody() throws Exception {
        int before = OpenDescriptors.count();
        first.flock(WRITE);
        FakeDriver many = second.frontend.queue(2).indirect(true).slots(256);
        LockCalls waiting = new LockCalls(second.fuse, many);
        for (int slot = 0; slot < 256; slot++) {
            waiting.startWaiting(slot, second.node, second.fh, MINE, WRITE, FLOCK);
        }
        assertTrue(Waiting.until(() -> waitingThreads() >= 256));
        assertTrue(many.staysSilent(0));
        second.locks.startWaiting(1, second.node, second.fh, MINE, WRITE, FLOCK);
        assertEquals(ENOLCK, second.locks.await());
        second.frontend.stop();
        for (int slot = 0; slot < 256; slot++) {
            assertEquals(ENOLCK, waiting.await());
        }
        OpenDescriptors.assertSettleAt(before);
        first.flock(UNLOCK);
        assertTrue(Waiting.until(this::canFlock)); // what was got too late is let go
    }

    private boolean canFlock() {
        try {
            first.flock(WRITE);
            return true;
        } catch (FuseErrorException e) {
            return false;
        }
    }

    private static long waitingThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("lock-\\d+"))
                .count();
    }

    @Test
    void threadsOfThePoolDoNotWaitEither() throws Exception {
        second.close();
        second = side("3", options -> options.threadPoolSize(1));
        first.lock(MINE, 0, END, WRITE);
        second.startWaiting(MINE, WRITE, 0);
        for (int i = 0; i < 100; i++) {
            second.fuse.getattr(second.node);
        }
        first.lock(MINE, 0, END, UNLOCK);
        assertEquals(0, second.locks.await());
    }

    @Test
    void withoutTheOptionsLocksStayInTheGuest() throws Exception {
        try (FuseRig rig = new FuseRig(folder)) {
            FuseClient fuse = rig.fuse();
            LockCalls locks = new LockCalls(fuse, rig.frontend().queue(1));
            assertEquals(0, fuse.init(POSIX_LOCKS | FLOCK_LOCKS));
            long node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
            long fh = fuse.open(node, O_RDWR);
            assertErrno(ENOSYS, () -> locks.set(node, fh, MINE, 0, END, WRITE, 0));
            assertErrno(ENOSYS, () -> locks.set(node, fh, MINE, 0, END, WRITE, FLOCK));
            assertErrno(ENOSYS, () -> locks.get(node, fh, MINE, 0, END, WRITE));
        }
    }
}
