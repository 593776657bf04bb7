package io.jvirtiofsd.linux;

import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * Closes descriptors and mappings once no request that could have seen them is running: epoch-based
 * reclamation, so that using them costs a request two stores and no shared write.
 *
 * <p>A thread that serves requests registers a {@link Reader} and brackets each request with {@link
 * Reader#enter} and {@link Reader#exit}. A thread that takes a resource out of its table (so that
 * no new request can find it) hands it to {@link #retire}, which gives up ownership; it is closed
 * at once if no request runs, else by the last request that was running at that time.
 *
 * <p><i>Thread-safe.</i>
 */
public final class Reclaimer {
    private static final long IDLE = Long.MAX_VALUE;

    private final List<Reader> readers = new CopyOnWriteArrayList<>();
    private final List<Retired> retired = new ArrayList<>();
    private volatile long epoch = 1;
    private volatile boolean pending;

    private record Retired(long epoch, Resource resource) {}

    /** Registers the calling thread's reader; close it when the thread ends. */
    public Reader register() {
        Reader reader = new Reader();
        readers.add(reader);
        return reader;
    }

    /** Takes {@code resource}, which no request that starts from now on can reach. */
    public void retire(Resource resource) {
        synchronized (retired) {
            // The epoch moves on: a request that begins from now on has a later mark, and cannot
            // find this.
            retired.add(new Retired(epoch++, resource));
            pending = true;
        }
        reclaim();
    }

    /** Closes what is no longer visible to anyone, outside the lock. */
    private void reclaim() {
        List<Retired> free = new ArrayList<>();
        synchronized (retired) {
            // Free is what was retired before the oldest of the running requests began.
            long oldest = IDLE;
            for (Reader reader : readers) {
                oldest = Math.min(oldest, reader.entered);
            }
            long limit = oldest;
            retired.removeIf(r -> r.epoch < limit && free.add(r));
            pending = !retired.isEmpty();
        }
        free.forEach(r -> r.resource.close());
    }

    /** One thread's mark of the request it is in. <i>Confined to its thread.</i> */
    public final class Reader implements AutoCloseable {
        private volatile long entered = IDLE;

        private Reader() {}

        /** From here to {@link #exit} nothing this thread finds in a table is closed. */
        public void enter() {
            entered = epoch;
            // The mark must be visible before this thread's first look into a table.
            VarHandle.fullFence();
        }

        /** Ends what {@link #enter} began; closes what waited for this request. */
        public void exit() {
            entered = IDLE;
            if (pending) {
                reclaim();
            }
        }

        @Override
        public void close() {
            exit();
            readers.remove(this);
        }
    }
}
