package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import io.jvirtiofsd.vhost.FakeMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A request that waits for the thread pool while the guest's memory changes is served with the
 * memory there is when its turn comes: never through addresses of before.
 */
class PooledMemoryTest {
    private static final String READ = "preadv2";
    private static final int HEADER_BYTES = 40;
    private static final int DATA_BYTES = 8192;
    private static final int ANSWER_BYTES = 16 + DATA_BYTES;
    private static final int EIO = 5;

    @TempDir Path folder;

    /** The answer's data lies where the memory goes: it must not be read into what comes there. */
    @Test
    void answersDoNotLandInMemoryThatHasGone() throws Exception {
        readWhileMemoryGoes(4096);
    }

    /** The request's arguments lie where the memory goes: reading them there would be a SIGSEGV. */
    @Test
    void requestsAreNotReadFromMemoryThatHasGone() throws Exception {
        readWhileMemoryGoes(HEADER_BYTES);
    }

    private void readWhileMemoryGoes(int pieceBytes) throws Exception {
        FaultySyscalls calls = new FaultySyscalls();
        Path share = Files.createDirectory(folder.resolve("share"));
        Files.write(share.resolve("f"), new byte[DATA_BYTES]);
        try (InProcess backEnd =
                        new InProcess(calls.calls(), share, folder, o -> o.threadPoolSize(1));
                FakeFrontend frontend = FuseRig.connect(backEnd, FuseRig.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long node = fuse.lookup(FuseClient.ROOT, "f").nodeId();
            byte[] read = read(node, fuse.open(node, 0));

            calls.hold(READ);
            try {
                // queue-2 and the pool's thread get a request each, then queue-1 and the pool.
                submitTwo(frontend.queue(2), read);
                assertTrue(Waiting.until(() -> calls.isHeld("queue-2")));
                assertTrue(Waiting.until(() -> calls.isHeld("worker-1")));
                submitTwo(frontend.queue(1).pieces(pieceBytes).spread(true).indirect(true), read);
                assertTrue(Waiting.until(() -> calls.isHeld("queue-1")));

                FakeMemory gone = frontend.memory().get(1);
                frontend.acknowledged(FakeFrontend.REM_MEM_REG, FakeMemory.singleRegion(gone));
                calls.release("queue-1");
                assertEquals(ANSWER_BYTES, frontend.queue(1).await());
                calls.release("queue-2");
                assertEquals(ANSWER_BYTES, frontend.queue(2).await());
                calls.release("worker-1"); // the last one who may use the old memory
                assertEquals(ANSWER_BYTES, frontend.queue(2).await());

                assertEquals(16, frontend.queue(1).await());
                byte[] answer = frontend.queue(1).answer(frontend.queue(1).lastSlot(), 16);
                assertEquals(
                        -EIO, ByteBuffer.wrap(answer).order(ByteOrder.LITTLE_ENDIAN).getInt(4));
            } finally {
                calls.releaseAll(READ);
            }
            frontend.queue(2).pieces(Integer.MAX_VALUE);
            assertEquals(node, new FuseClient(frontend, 2).lookup(FuseClient.ROOT, "f").nodeId());
        }
    }

    private static void submitTwo(FakeDriver queue, byte[] request) {
        queue.makeAvailable(
                queue.prepare(0, request, request.length, ANSWER_BYTES),
                queue.prepare(1, request, request.length, ANSWER_BYTES));
    }

    private static byte[] read(long node, long fh) {
        ByteBuffer request = ByteBuffer.allocate(HEADER_BYTES + 40).order(ByteOrder.LITTLE_ENDIAN);
        request.putInt(request.capacity()).putInt(15).putLong(7).putLong(node);
        request.position(HEADER_BYTES);
        request.putLong(fh).putLong(0).putInt(DATA_BYTES);
        return request.array();
    }
}
