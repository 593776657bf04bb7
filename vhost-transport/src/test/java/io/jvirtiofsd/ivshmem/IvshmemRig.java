package io.jvirtiofsd.ivshmem;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** A server on a thread of its own, and peers that are as they should be. Owned by the test. */
final class IvshmemRig implements AutoCloseable {
    static final Duration SOON = Duration.ofSeconds(10);
    static final long BYTES = 1 << 16;

    private final Path socket;
    private final IvshmemServer server;
    private final Thread thread;
    private final int vectors;
    private final List<IvshmemPeer> peers = new ArrayList<>();

    IvshmemRig(Syscalls syscalls, Path folder, int vectors, int maxPeers) throws IOException {
        this.vectors = vectors;
        socket = folder.resolve("ivshmem");
        server =
                new IvshmemServer(
                        syscalls,
                        Listener.bind(syscalls, socket, null, 1),
                        IvshmemMemory.create(syscalls, BYTES, false),
                        new IvshmemOptions(vectors, maxPeers));
        thread = start(server);
    }

    static Thread start(IvshmemServer server) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                server.serve();
                            } catch (IOException e) {
                                throw new UncheckedIOException(e);
                            }
                        },
                        "ivshmem");
        thread.start();
        return thread;
    }

    Path socket() {
        return socket;
    }

    /** A peer that uses all doorbells; closed with the rig. */
    IvshmemPeer join() throws IOException {
        IvshmemPeer peer = IvshmemPeer.join(socket, vectors, SOON);
        peers.add(peer);
        return peer;
    }

    static void assertSees(IvshmemPeer peer, Set<Integer> others) {
        assertTrue(
                Waiting.until(() -> peer.peers().equals(others)),
                () -> "peer " + peer.id() + " sees " + peer.peers() + ", not " + others);
    }

    static void assertRings(IvshmemPeer from, IvshmemPeer to, int vector) {
        assertTrue(Waiting.until(() -> from.peers().contains(to.id())));
        assertTrue(Waiting.until(() -> from.ring(to.id(), vector)));
        assertTrue(to.await(vector, SOON) >= 1);
    }

    /** Ends the server; peers stay. */
    void endServer() {
        server.end();
        assertTrue(Waiting.until(() -> !thread.isAlive()), "the server does not end");
        server.close();
    }

    @Override
    public void close() {
        endServer();
        peers.forEach(IvshmemPeer::close);
    }
}
