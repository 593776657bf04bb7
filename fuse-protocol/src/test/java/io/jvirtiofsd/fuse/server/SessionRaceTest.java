package io.jvirtiofsd.fuse.server;

import static io.jvirtiofsd.fuse.server.TestGuest.bytes;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.NameOperations;
import io.jvirtiofsd.fuse.NodeOperations;
import io.jvirtiofsd.fuse.Session;
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
                public Session begin(DaxMode mode) {
                    overlapped.compareAndSet(false, running.incrementAndGet() != 1);
                    return new OneSession();
                }

                @Override
                public void close() {}
            };

    /** A session, also after its end, in which every name is the same file. */
    private final class OneSession implements Session, NodeOperations, NameOperations {
        @Override
        public NodeOperations nodes() {
            return this;
        }

        @Override
        public NameOperations names() {
            return this;
        }

        @Override
        public Entry lookup(long parent, Name name) {
            return FakeEntry.of(5, 0100644);
        }

        @Override
        public Attributes getattr(long nodeId, boolean hasHandle, long fh) {
            return FakeAttributes.of(0100644);
        }

        @Override
        public void forget(long nodeId, long lookups) {}

        @Override
        public void close() {
            overlapped.compareAndSet(false, running.decrementAndGet() != 0);
        }
    }

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
        assertFalse(overlapped.get(), "begin and close did not alternate");
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
