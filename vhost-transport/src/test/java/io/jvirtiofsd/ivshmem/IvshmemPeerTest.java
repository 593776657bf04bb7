package io.jvirtiofsd.ivshmem;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Memfd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A client, and servers that are none as they should be. */
class IvshmemPeerTest {
    private static final Syscalls SYSCALLS = Syscalls.load();
    private static final Duration SHORT = Duration.ofMillis(50);

    @TempDir Path folder;
    private Path socket;
    private Listener listener;
    private Fd memory;
    private EventFd doorbell;

    @BeforeEach
    void listen() throws IOException {
        socket = folder.resolve("s");
        listener = Listener.bind(SYSCALLS, socket, null, 1);
        memory = Memfd.sealed(SYSCALLS, 4096, "test");
        doorbell = EventFd.create(SYSCALLS);
    }

    @AfterEach
    void close() {
        listener.close();
        memory.close();
        doorbell.close();
    }

    /** Begins to join: the peer, and the server's end of its socket. */
    private CompletableFuture<IvshmemPeer> join(Duration limit) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return IvshmemPeer.join(socket, 1, limit);
                    } catch (IOException e) {
                        throw new IllegalStateException(e.getMessage(), e);
                    }
                });
    }

    private Fd accept() {
        assertTrue(Waiting.readable(SYSCALLS, listener.fd().number(), 10_000));
        return Fd.own(SYSCALLS, SYSCALLS.accept4(listener.fd().number(), 0));
    }

    private static void say(Fd to, long value, int... fds) throws IOException {
        NativeMemory message = NativeMemory.allocate(8);
        message.putLong(0, value);
        new SocketMessages(SYSCALLS, to.number()).send(message, 0, 8, fds);
    }

    /** One thing that a server says, and with how many descriptors of which kind. */
    private record Said(long value, char kind, int fds) {}

    private static Said said(long value) {
        return new Said(value, '-', 0);
    }

    private void assertRefused(String why, Said... all) throws Exception {
        int before = OpenDescriptors.count();
        CompletableFuture<IvshmemPeer> joining = join(Duration.ofSeconds(20));
        try (Fd server = accept()) {
            for (Said one : all) {
                int[] fds = new int[one.fds];
                Arrays.fill(fds, one.kind == 'm' ? memory.number() : doorbell.number());
                say(server, one.value, fds);
            }
        }
        ExecutionException refused = assertThrows(ExecutionException.class, joining::get);
        String message = refused.getCause().getMessage();
        assertTrue(message.contains(why), message);
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void whatIsNotInTheProtocolIsRefused() throws Exception {
        Said version = said(0);
        Said id = said(3);
        Said shared = new Said(-1, 'm', 1);
        Said own = new Said(3, 'd', 1);
        assertRefused("version 1", said(1));
        assertRefused("version 0", new Said(0, 'd', 1)); // with a descriptor
        assertRefused("out of turn", version, said(-1));
        assertRefused("out of turn", version, said(-2));
        assertRefused("out of turn", version, said(65_536));
        assertRefused("out of turn", version, new Said(3, 'd', 1));
        assertRefused("out of turn", version, id, own);
        assertRefused("out of turn", version, id, said(5));
        assertRefused("out of turn", version, id, said(-1));
        assertRefused("out of turn", version, id, new Said(-1, 'm', 2));
        assertRefused("not a regular file", version, id, new Said(-1, 'd', 1));
        assertRefused("out of turn", version, id, shared, shared);
        assertRefused("out of turn", version, id, shared, new Said(Long.MIN_VALUE, 'd', 1));
        assertRefused("out of turn", version, id, shared, new Said(70_000, 'd', 1));
        assertRefused("out of turn", version, id, shared, new Said(4, 'd', 2));
        assertRefused("we are gone", version, id, shared, said(3));
        assertRefused("does not let us join");
        assertRefused("does not let us join", version, id, shared);
        memory.close();
        memory = Memfd.sealed(SYSCALLS, 5000, "odd");
        assertRefused("odd size of 5000", version, id, shared);
    }

    @Test
    void aServerThatSaysNothingIsNotWaitedForForever() {
        ExecutionException refused =
                assertThrows(ExecutionException.class, () -> join(SHORT).get());
        String message = refused.getCause().getMessage();
        assertTrue(message.contains("0 doorbells of 1"), message);
        assertThrows(
                IOException.class,
                () -> IvshmemPeer.join(folder.resolve("none"), 1, SHORT).close());
        assertThrows(
                IllegalArgumentException.class, () -> IvshmemPeer.join(socket, 0, SHORT).close());
    }

    @Test
    void piecesOfAMessageAreOneAndFaultsLaterEndTheNewsOnly() throws Exception {
        int before = OpenDescriptors.count();
        CompletableFuture<IvshmemPeer> joining = join(Duration.ofSeconds(20));
        try (Fd server = accept()) {
            say(server, 0);
            say(server, 3);
            say(server, -1, memory.number());
            NativeMemory message = NativeMemory.allocate(8);
            message.putLong(0, 3);
            SocketMessages raw = new SocketMessages(SYSCALLS, server.number());
            raw.send(message, 0, 3, doorbell.number());
            Thread.sleep(20);
            raw.send(message, 3, 5);
            try (IvshmemPeer peer = joining.get()) {
                assertEquals(3, peer.id());
                say(server, 3, doorbell.number()); // more than was asked for
                say(server, 8, doorbell.number());
                say(server, 9); // whom nobody knows
                assertTrue(Waiting.until(() -> peer.peers().equals(Set.of(8))));
                say(server, 9, doorbell.number(), doorbell.number());
                assertTrue(Waiting.until(() -> !peer.hasServer()));
                assertEquals(Set.of(8), peer.peers());
                assertTrue(peer.ring(8, 0));
                assertEquals(1, peer.await(0, SHORT)); // all are one here
                assertThrows(IndexOutOfBoundsException.class, () -> peer.await(1, SHORT));
                assertThrows(IndexOutOfBoundsException.class, () -> peer.memory(4090, 8));
                assertThrows(IndexOutOfBoundsException.class, () -> peer.memory(-1, 1));
            }
        }
        OpenDescriptors.assertSettleAt(before);
    }

    @Test
    void closingBringsWaitingThreadsBack() throws Exception {
        CompletableFuture<IvshmemPeer> joining = join(Duration.ofSeconds(20));
        try (Fd server = accept()) {
            say(server, 0);
            say(server, 3);
            say(server, -1, memory.number());
            say(server, 3, doorbell.number());
            IvshmemPeer peer = joining.get();
            CompletableFuture<Long> waiting =
                    CompletableFuture.supplyAsync(() -> peer.await(0, Duration.ofHours(1)));
            Thread.sleep(20);
            assertFalse(waiting.isDone());
            peer.close();
            peer.close();
            assertThrows(ExecutionException.class, waiting::get);
            assertThrows(IllegalStateException.class, () -> peer.ring(3, 0));
            assertThrows(IllegalStateException.class, () -> peer.memory(0, 1));
        }
    }
}
