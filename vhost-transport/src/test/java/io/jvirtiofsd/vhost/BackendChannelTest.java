package io.jvirtiofsd.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.dax.ShmemChannel.Outcome;
import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Requests to a front-end that answers, refuses, answers late, nonsense, or not at all. */
class BackendChannelTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final int MAP = 9; // vhost-user.rst
    private static final int UNMAP = 10; // vhost-user.rst
    private static final int REQUEST_BYTES = 52;

    private Connection connection;
    private BackendChannel channel;
    private EventFd file;

    @BeforeEach
    void open() throws Exception {
        connection = new Connection();
        channel = BackendChannel.over(SYSCALLS, connection.duplicate(SYSCALLS));
        channel.resume();
        file = EventFd.create(SYSCALLS);
    }

    @AfterEach
    void close() throws Exception {
        channel.close();
        connection.close();
        file.close();
    }

    /** Asks on another thread, and returns when the front-end has got the request. */
    private CompletableFuture<Outcome> askedFor(int type) throws Exception {
        CompletableFuture<Outcome> outcome =
                CompletableFuture.supplyAsync(
                        () ->
                                type == MAP
                                        ? channel.map(file.number(), 4096, 8192, 12288)
                                        : channel.unmap(8192, 12288));
        ByteBuffer request = connection.receive(REQUEST_BYTES);
        assertEquals(type, request.getInt(0));
        return outcome;
    }

    private void answer(int type, long status) throws Exception {
        connection.send(Connection.message(type, 5, FakeFrontend.u64(status)));
    }

    private static Outcome of(CompletableFuture<Outcome> outcome) throws Exception {
        return outcome.get(8, TimeUnit.SECONDS); // less than an answer is waited for
    }

    @Test
    void requestsAreWhatTheSpecificationSays() throws Exception {
        CompletableFuture<Outcome> outcome =
                CompletableFuture.supplyAsync(() -> channel.map(file.number(), 4096, 8192, 12288));
        ByteBuffer request = connection.receive(REQUEST_BYTES);
        assertEquals(MAP, request.getInt(0));
        assertEquals(9, request.getInt(4)); // version 1, NEED_REPLY
        assertEquals(40, request.getInt(8));
        assertEquals(0, request.getLong(12)); // shmid and padding
        assertEquals(4096, request.getLong(20));
        assertEquals(8192, request.getLong(28));
        assertEquals(12288, request.getLong(36));
        assertEquals(1, request.getLong(44)); // read-write
        answer(MAP, 0);
        assertEquals(Outcome.DONE, of(outcome));
        CompletableFuture<Outcome> unmapped = askedFor(UNMAP);
        answer(UNMAP, 5);
        assertEquals(Outcome.REFUSED, of(unmapped));
    }

    @Test
    void nothingIsSentUnlessTheDeviceRuns() throws Exception {
        channel.suspend();
        assertEquals(Outcome.NOT_SENT, channel.map(file.number(), 0, 0, 4096));
        assertEquals(Outcome.NOT_SENT, channel.unmap(0, 4096));
        assertEquals(0, connection.available());
        channel.resume();
        CompletableFuture<Outcome> outcome = askedFor(UNMAP);
        answer(UNMAP, 0);
        assertEquals(Outcome.DONE, of(outcome));
    }

    @Test
    void suspendingEndsTheWait() throws Exception {
        for (int round = 0; round < 50; round++) {
            CompletableFuture<Outcome> outcome = askedFor(MAP);
            channel.suspend();
            assertEquals(Outcome.UNKNOWN, of(outcome));
            channel.resume();
        }
    }

    /** Three answers that nobody waited for come before the one that counts. */
    @Test
    void lateAnswersArePassedOver() throws Exception {
        int late = 3;
        for (int i = 0; i < late; i++) {
            CompletableFuture<Outcome> outcome = askedFor(MAP);
            channel.suspend();
            assertEquals(Outcome.UNKNOWN, of(outcome));
            channel.resume();
        }
        CompletableFuture<Outcome> counts = askedFor(UNMAP);
        for (int i = 0; i < late; i++) {
            answer(MAP, 0);
        }
        answer(UNMAP, 1);
        assertEquals(Outcome.REFUSED, of(counts));
        CompletableFuture<Outcome> next = askedFor(MAP);
        answer(MAP, 0);
        assertEquals(Outcome.DONE, of(next));
    }

    @Test
    void nonsenseEndsTheUseOfTheChannel() throws Exception {
        byte[][] answers = {
            Connection.message(UNMAP, 5, FakeFrontend.u64(0)), // to another request
            Connection.message(MAP, 1, FakeFrontend.u64(0)), // no reply
            Connection.message(MAP, 0xd, FakeFrontend.u64(0)), // NEED_REPLY
            Connection.message(MAP, 5, new byte[12]), // too long
        };
        for (byte[] answer : answers) {
            CompletableFuture<Outcome> outcome = askedFor(MAP);
            connection.send(answer);
            assertEquals(Outcome.UNKNOWN, of(outcome));
            assertEquals(Outcome.NOT_SENT, channel.unmap(8192, 12288));
            assertEquals(0, connection.available());
            close();
            open();
        }
    }

    /** Half an answer, and then the end of the wait: what follows could not be told apart. */
    @Test
    void halfAnAnswerEndsTheUseOfTheChannel() throws Exception {
        CompletableFuture<Outcome> outcome = askedFor(MAP);
        byte[] answer = Connection.message(MAP, 5, FakeFrontend.u64(0));
        connection.send(java.util.Arrays.copyOf(answer, 7));
        assertTrue(Waiting.until(() -> unread() == 0), "nobody reads it");
        channel.suspend();
        assertEquals(Outcome.UNKNOWN, of(outcome));
        channel.resume();
        assertEquals(Outcome.NOT_SENT, channel.unmap(8192, 12288));
    }

    /** Bytes that wait at our end. */
    private int unread() {
        try {
            var buffer = NativeMemory.allocate(8);
            SYSCALLS.ioctl(connection.number(), 0x541b, buffer.address()); // FIONREAD
            return buffer.getInt(0);
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aFrontEndThatIsGoneEndsTheWait() throws Exception {
        CompletableFuture<Outcome> outcome = askedFor(MAP);
        connection.finish();
        assertEquals(Outcome.UNKNOWN, of(outcome));
        assertEquals(Outcome.NOT_SENT, channel.unmap(8192, 12288));
    }

    @Test
    void closingEndsTheWait() throws Exception {
        CompletableFuture<Outcome> outcome = askedFor(MAP);
        channel.close();
        assertEquals(Outcome.UNKNOWN, of(outcome));
        channel.resume();
        assertEquals(Outcome.NOT_SENT, channel.unmap(8192, 12288));
    }

    @Test
    void descriptorsInAnswersAreClosed() throws Exception {
        CompletableFuture<Outcome> first = askedFor(MAP);
        answer(MAP, 0);
        assertEquals(Outcome.DONE, of(first));
        int before = OpenDescriptors.count();
        CompletableFuture<Outcome> outcome = askedFor(UNMAP);
        connection.send(Connection.message(UNMAP, 5, FakeFrontend.u64(0)), file.number());
        assertEquals(Outcome.DONE, of(outcome));
        assertEquals(before, OpenDescriptors.count());
    }
}
