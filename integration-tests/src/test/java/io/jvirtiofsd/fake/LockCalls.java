package io.jvirtiofsd.fake;

import io.jvirtiofsd.vhost.FakeDriver;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.ByteBuffer;

/** Requests about locks of one open file, on one queue; owned by the test. */
final class LockCalls {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int UNLOCK = 2;
    static final int FLOCK = 1;
    static final long END = Long.MAX_VALUE;

    private static final int GETLK = 31;
    private static final int SETLK = 32;
    private static final int SETLKW = 33;
    private static final int IN_HEADER = 40;
    private static final int OUT_HEADER = 16;
    private static final int LK_BYTES = 48;

    private final FuseClient fuse;
    private final FakeDriver queue;

    /** {@code fuse} uses slot 0 of {@code queue}. */
    LockCalls(FuseClient fuse, FakeDriver queue) {
        this.fuse = fuse;
        this.queue = queue;
    }

    private static ByteBuffer lk(long fh, long owner, long start, long end, int type, int flags) {
        return FakeFrontend.buffer(LK_BYTES)
                .putLong(fh)
                .putLong(owner)
                .putLong(start)
                .putLong(end)
                .putInt(type)
                .putInt(1)
                .putInt(flags)
                .putInt(0);
    }

    /** Bytes {@code start} to {@code end}, or the whole open file with {@link #FLOCK}. */
    void set(long node, long fh, long owner, long start, long end, int type, int flags) {
        fuse.raw(SETLK, node, lk(fh, owner, start, end, type, flags).array(), 0);
    }

    /** Type, start and end of a lock that is in the way, or {@link #UNLOCK}. */
    long[] get(long node, long fh, long owner, long start, long end, int type) {
        byte[] out = fuse.raw(GETLK, node, lk(fh, owner, start, end, type, 0).array(), 24);
        ByteBuffer in = FakeFrontend.buffer(out.length).put(out);
        if (in.getInt(20) != 0) {
            throw new IllegalStateException("a process of whom: " + in.getInt(20));
        }
        return new long[] {in.getInt(16), in.getLong(0), in.getLong(8)};
    }

    /** Asks to wait for the whole file, in a slot that stays in use until answered. */
    void startWaiting(int slot, long node, long fh, long owner, int type, int flags) {
        byte[] request = new byte[IN_HEADER + LK_BYTES];
        ByteBuffer out = FakeFrontend.buffer(request.length);
        out.putInt(request.length).putInt(SETLKW).putLong(unique(slot)).putLong(node);
        out.position(IN_HEADER).put(lk(fh, owner, 0, END, type, flags).flip());
        out.rewind().get(request);
        queue.submit(slot, request, request.length, OUT_HEADER);
    }

    private static long unique(int slot) {
        return 1_000_000 + slot;
    }

    /** Waits for the next answer, which must be one to {@link #startWaiting}; its errno. */
    int await() {
        int used = queue.await();
        ByteBuffer in = FakeFrontend.buffer(used).put(queue.answer(queue.lastSlot(), used));
        if (used != OUT_HEADER || in.getLong(8) != unique(queue.lastSlot())) {
            throw new IllegalStateException(used + " bytes in slot " + queue.lastSlot());
        }
        return -in.getInt(4);
    }
}
