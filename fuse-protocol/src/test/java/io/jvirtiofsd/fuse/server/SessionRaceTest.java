package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Name;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Sessions begin and end one after another, whatever the queues do at the same time. */
class SessionRaceTest {
    private static final int THREADS = 4;
    private static final int ROUNDS = 500;

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicBoolean overlapped = new AtomicBoolean();

    private final FileSystem files =
            new FileSystem() {
                @Override
                public void init() {
                    overlapped.compareAndSet(false, running.incrementAndGet() != 1);
                }

                @Override
                public void destroy() {
                    overlapped.compareAndSet(false, running.decrementAndGet() != 0);
                }

                @Override
                public void close() {}

                @Override
                public Entry lookup(Caller context, long parent, Name name) {
                    return FakeEntry.of(5, 0100644);
                }

                @Override
                public void forget(long nodeId, long lookups) {}

                @Override
                public Attributes getattr(Caller context, long nodeId, boolean hasHandle, long fh) {
                    return FakeAttributes.of(0100644);
                }
            };

    @Test
    void sessionsNeverOverlap() throws Exception {
        FuseServer server = new FuseServer(files, FuseOptions.defaults());
        ExecutorService pool = Executors.newFixedThreadPool(THREADS);
        List<Future<?>> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            threads.add(pool.submit(() -> queue(new TestGuest(server.newWorker()), server)));
        }
        for (Future<?> thread : threads) {
            thread.get(60, TimeUnit.SECONDS);
        }
        pool.shutdown();
        server.reset();
        assertFalse(overlapped.get(), "init and destroy did not alternate");
        assertEquals(0, running.get());
        assertEquals(0, server.statistics().stream().mapToLong(OperationCounts::bugs).sum());
    }

    private static void queue(TestGuest guest, FuseServer server) {
        for (int round = 0; round < ROUNDS; round++) {
            assertEquals(0, guest.init().errno());
            int errno = guest.send(Opcode.LOOKUP, 1, bytes("name")).errno();
            assertTrue(errno == 0 || errno == Errno.EIO);
            guest.send(Opcode.GETATTR, 1, bytes(0, 0, 0L));
            if (round % 3 == 0) {
                guest.send(Opcode.DESTROY, 0, bytes());
            } else if (round % 3 == 1) {
                server.reset();
            }
        }
    }
}
