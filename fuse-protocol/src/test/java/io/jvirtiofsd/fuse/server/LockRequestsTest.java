package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.fuse.LockWait;
import io.jvirtiofsd.fuse.server.FileRequests.ReleaseIn;
import io.jvirtiofsd.fuse.server.LockRequests.LkOut;
import io.jvirtiofsd.fuse.server.SessionRequests.InitOut;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;

/** GETLK, SETLK, SETLKW: as far as agreed on, and answered later where they wait. */
class LockRequestsTest {
    private static final int POSIX = 1 << 1;
    private static final int FLOCK = 1 << 10;
    private static final long END = Long.MAX_VALUE;

    private final RecordingFileSystem files = new RecordingFileSystem();
    private final List<String> trace = new ArrayList<>();

    /** A wait that ends when the test says so. */
    private static final class Wait implements LockWait {
        private IntConsumer done;

        @Override
        public void start(IntConsumer done) {
            this.done = done;
        }

        @Override
        public void cancel() {
            done.accept(Errno.ENOLCK);
        }
    }

    private TestGuest guest(boolean posix, boolean flock) {
        FuseOptions options = FuseOptions.defaults().withLocks(new LockOptions(posix, flock));
        TestGuest guest = new TestGuest(new FuseServer(files.fileSystem(), options).newWorker());
        TestGuest.Answer answer = guest.init(45, POSIX | FLOCK, 0);
        int agreed = (posix ? POSIX : 0) | (flock ? FLOCK : 0);
        assertEquals(agreed, InitOut.read(answer.reader()).flags() & (POSIX | FLOCK));
        files.calls();
        return guest;
    }

    private static byte[] lk(int type, int flags) {
        return bytes(91L, 7L, 10L, END, type, 4321, flags, 0);
    }

    @Test
    void eachKindIsServedOnlyIfAgreedOn() {
        TestGuest posix = guest(true, false);
        assertEquals(0, posix.send(Opcode.SETLK, 3, lk(1, 0)).errno());
        assertEquals(Errno.ENOSYS, posix.send(Opcode.SETLK, 3, lk(1, 1)).errno());
        TestGuest flock = guest(false, true);
        assertEquals(Errno.ENOSYS, flock.send(Opcode.SETLK, 3, lk(1, 0)).errno());
        assertEquals(0, flock.send(Opcode.SETLK, 3, lk(1, 1)).errno());
        TestGuest none = guest(false, false);
        for (Opcode opcode : new Opcode[] {Opcode.GETLK, Opcode.SETLK, Opcode.SETLKW}) {
            assertEquals(Errno.ENOSYS, none.send(opcode, 3, lk(1, 0)).errno());
        }
    }

    @Test
    void getlkAnswersWithTheLockInTheWay() {
        FileLock found = new FileLock(1, 2, FileLock.F_WRLCK, 0);
        files.answer("getlk", arguments -> found);
        TestGuest.Answer answer = guest(true, true).send(Opcode.GETLK, 3, lk(0, 0));
        assertEquals(new LkOut(found), LkOut.read(answer.reader()));
    }

    @Test
    void releaseUnlocksFirstIfTheGuestSaysSo() {
        TestGuest guest = guest(true, true);
        guest.send(Opcode.RELEASE, 3, bytes(91L, 0, ReleaseIn.RELEASE_FLOCK_UNLOCK, 7L));
        String unlock = "setlk(3, " + LockRequest.unlocking(91) + ")";
        assertEquals(List.of(unlock, "release(91)"), files.calls());
    }

    @Test
    void whoWaitsIsAnsweredLaterAndCountedThen() {
        for (int errno : new int[] {0, Errno.ENOLCK}) {
            trace.clear();
            Wait wait = new Wait();
            files.answer("setlkw", arguments -> Optional.of(wait));
            FuseServer server =
                    new FuseServer(
                            files.fileSystem(),
                            FuseOptions.defaults()
                                    .withLocks(new LockOptions(true, true))
                                    .withTrace(trace::add));
            FuseWorker worker = server.newWorker();
            TestGuest guest = new TestGuest(worker);
            guest.init(45, POSIX, 0);
            byte[] request = guest.request(Opcode.SETLKW.code(), 3, 0, 0, 0, lk(1, 0));
            HeapWriter writer = new HeapWriter(TestGuest.ROOM);
            assertEquals(FuseWorker.PARKED, worker.handle(new HeapReader(request), writer));
            ParkedRequest parked = worker.parked();
            List<byte[]> answers = new ArrayList<>();
            parked.start(answers::add);
            guest.send(Opcode.STATFS, 1, bytes()); // the worker goes on
            assertEquals(0, answers.size());
            if (errno == 0) {
                wait.done.accept(0);
            } else {
                parked.cancel();
            }
            WireReader asked = new WireReader();
            asked.reset(request, 8, request.length);
            assertArrayEquals(bytes(16, -errno, asked.u64()), answers.get(0));
            assertEquals(3, trace.size());
            String line = trace.get(2);
            assertEquals(true, line.startsWith("fuse SETLKW "), line);
            assertEquals(true, line.endsWith(errno == 0 ? "-> ok" : "-> -ENOLCK"), line);
        }
    }
}
