package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Without options, what waits for a disk keeps its queue waiting only if nobody else is there. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class SlowRequestsTest {
    private static final int HEADER_BYTES = 40;
    private static final int EMPTY_ANSWER = 16;
    private static final int ATTR_ANSWER = 16 + 104;
    private static final int GETATTR = 3;
    private static final int FSYNC = 20;
    private static final long SLOW_MILLIS = 5;

    @TempDir Path folder;

    private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>(); // by thread
    private volatile boolean slow;
    private volatile boolean holding;
    private InProcess backEnd;
    private FakeFrontend frontend;
    private FakeDriver queue;
    private FuseClient fuse;
    private long node;
    private long fh;

    @BeforeEach
    void connect() throws Exception {
        Syscalls calls =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            if (!name.equals("fsync")) {
                                return real.getAsLong();
                            }
                            if (slow) {
                                Thread.sleep(SLOW_MILLIS);
                            }
                            if (holding) {
                                CountDownLatch latch = new CountDownLatch(1);
                                held.put(Thread.currentThread().getName(), latch);
                                latch.await();
                            }
                            return 0;
                        });
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.writeString(share.resolve("file"), "content");
        backEnd = new InProcess(calls, share, folder, options -> options);
        frontend = FuseRig.connect(backEnd, FuseRig.FEATURES);
        queue = frontend.queue(1);
        fuse = new FuseClient(frontend, 1);
        fuse.init(0);
        node = fuse.lookup(FuseClient.ROOT, "file").nodeId();
        fh = fuse.open(node, 2);
    }

    @AfterEach
    void disconnect() throws Exception {
        holding = false;
        held.values().forEach(CountDownLatch::countDown);
        frontend.close();
        backEnd.close();
    }

    private void learnThatFsyncIsSlow() {
        slow = true;
        fuse.fsync(node, fh);
        slow = false;
        holding = true;
    }

    private byte[] request(int opcode, long first) {
        ByteBuffer request = ByteBuffer.allocate(HEADER_BYTES + 16).order(ByteOrder.LITTLE_ENDIAN);
        request.putInt(request.capacity()).putInt(opcode).putLong(7).putLong(node);
        return request.putLong(HEADER_BYTES, first).array();
    }

    private int prepareFsync(int slot) {
        byte[] request = request(FSYNC, fh);
        return queue.prepare(slot, request, request.length, EMPTY_ANSWER);
    }

    private int prepareGetattr(int slot) {
        byte[] request = request(GETATTR, 0);
        return queue.prepare(slot, request, request.length, ATTR_ANSWER);
    }

    private boolean isHeld(String thread) {
        return Waiting.until(() -> held.containsKey(thread));
    }

    private void release(String thread) {
        held.remove(thread).countDown();
    }

    private void assertAnswer(int slot, int bytes) {
        assertEquals(bytes, queue.await());
        assertEquals(slot, queue.lastSlot());
        byte[] answer = queue.answer(slot, bytes);
        assertEquals(0, ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).getInt(4));
    }

    @Test
    void othersBehindASlowRequestAreServedMeanwhile() {
        learnThatFsyncIsSlow();
        queue.makeAvailable(prepareFsync(0), prepareGetattr(1));
        assertAnswer(1, ATTR_ANSWER);
        assertTrue(isHeld("worker-1"));
        release("worker-1");
        assertAnswer(0, EMPTY_ANSWER);
    }

    @Test
    void aSlowRequestWithNobodyBehindItStaysWhereItIs() {
        learnThatFsyncIsSlow();
        queue.makeAvailable(prepareFsync(0));
        assertTrue(isHeld("queue-1"));
        queue.makeAvailable(prepareGetattr(1));
        release("queue-1");
        assertAnswer(0, EMPTY_ANSWER);
        assertAnswer(1, ATTR_ANSWER);
    }

    @Test
    void severalSlowRequestsAreUnderWayAtOnce() {
        queue.slots(8);
        learnThatFsyncIsSlow();
        int[] heads = new int[8];
        for (int i = 0; i < heads.length; i++) {
            heads[i] = prepareFsync(i);
        }
        queue.makeAvailable(heads);
        for (int i = 1; i <= heads.length; i++) { // also the last, which has company
            assertTrue(isHeld("worker-" + i));
        }
        List.copyOf(held.keySet()).forEach(this::release);
        for (int ignored : heads) {
            assertEquals(EMPTY_ANSWER, queue.await());
        }
    }

    @Test
    void aRingThatStopsHasGivenBackWhatTheOthersServe() throws Exception {
        learnThatFsyncIsSlow();
        queue.makeAvailable(prepareFsync(0), prepareGetattr(1));
        assertAnswer(1, ATTR_ANSWER);
        assertTrue(isHeld("worker-1"));
        FutureTask<Integer> stopping = new FutureTask<>(() -> frontend.stopRing(queue));
        new Thread(stopping, "stopping").start();
        assertTrue(queue.staysSilent(50));
        assertFalse(stopping.isDone());
        release("worker-1");
        stopping.get();
        assertTrue(queue.isAnswered());
        assertAnswer(0, EMPTY_ANSWER);
    }

    @Test
    void aSessionThatEndsWaitsForWhatTheOthersServe() throws Exception {
        learnThatFsyncIsSlow();
        queue.makeAvailable(prepareFsync(0), prepareGetattr(1));
        assertAnswer(1, ATTR_ANSWER);
        assertTrue(isHeld("worker-1"));
        frontend.close();
        release("worker-1");
        backEnd.close();
        assertTrue(
                Waiting.until(
                        () ->
                                Thread.getAllStackTraces().keySet().stream()
                                        .noneMatch(thread -> thread.getName().equals("worker-1"))));
    }
}
