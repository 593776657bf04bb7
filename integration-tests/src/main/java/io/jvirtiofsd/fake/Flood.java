package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeDriver;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A guest that never lets a queue get empty: one and the same request, again and again, in a thread
 * of its own. As drivers do, it writes a request's descriptors each time, and it does not look
 * whether they have changed. Owned by whoever opens it.
 */
public final class Flood implements AutoCloseable {
    private static final int SLOTS = 64;
    private static final int HEADER = 40; // struct fuse_in_header

    /** Bytes of guest memory that all slots of the queue need beside those of the others. */
    public static final int MEMORY_BYTES = SLOTS * FakeDriver.SLOT_BYTES;

    private final FakeDriver queue;
    private final int[] heads;
    private final int requestBytes;
    private final int answerBytes;
    private final Thread thread = new Thread(this::run, "flood");
    private volatile long answered;
    private volatile boolean ended;

    private Flood(FakeDriver queue, int depth, int requestBytes, int answerBytes) {
        this.queue = queue.slots(depth);
        this.heads = new int[depth];
        this.requestBytes = requestBytes;
        this.answerBytes = answerBytes;
    }

    /** Begins, with 64 requests; their {@code arguments} are of 64 bits. */
    public static Flood of(
            FakeDriver queue, int opcode, long nodeId, int answerBytes, long... arguments) {
        return of(queue, SLOTS, opcode, nodeId, answerBytes, arguments);
    }

    /**
     * Begins likewise.
     *
     * @param depth how many requests there are, of which at least half wait or are served: 2 to 64
     */
    public static Flood of(
            FakeDriver queue,
            int depth,
            int opcode,
            long nodeId,
            int answerBytes,
            long... arguments) {
        ByteBuffer request =
                ByteBuffer.allocate(HEADER + Long.BYTES * arguments.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        request.putInt(request.capacity()).putInt(opcode).putLong(2).putLong(nodeId);
        request.position(HEADER);
        for (long argument : arguments) {
            request.putLong(argument);
        }
        Flood flood = new Flood(queue, depth, request.capacity(), answerBytes);
        for (int i = 0; i < depth; i++) {
            flood.heads[i] = queue.prepare(i, request.array(), request.capacity(), answerBytes);
        }
        flood.thread.start();
        return flood;
    }

    /** How many requests have been answered so far. */
    public long answered() {
        return answered;
    }

    private void run() {
        queue.makeAvailable(heads);
        int[] again = new int[heads.length / 2];
        while (!ended) {
            take(again);
            queue.makeAvailable(again);
        }
        take(new int[heads.length]);
    }

    private void take(int[] taken) {
        queue.awaitUsed(taken.length);
        for (int i = 0; i < taken.length; i++) {
            queue.await();
            taken[i] = queue.describe(queue.lastSlot(), requestBytes, answerBytes);
        }
        answered += taken.length;
    }

    /** Lets what is under way be answered. */
    @Override
    public void close() {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
