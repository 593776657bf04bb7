package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Mapping;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.UnixSocket;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A program that shares memory with machines: it joins an ivshmem server, as QEMU's {@code
 * ivshmem-doorbell} does, reads and writes the memory, rings others and is rung. Owned by the
 * program.
 *
 * <p>Others may write to the memory at any time: what is in it is to be read once, then checked. If
 * it is a file that somebody cuts short, a touch of what is missing is an {@link InternalError}.
 * Once the server has ended, or has broken the protocol, memory and doorbells go on and there is no
 * more news of others. <i>Thread-safe</i>, but for views of the memory, of which none may be used
 * after {@link #close}. Source: ivshmem-spec.rst, server protocol, version 0.
 */
public final class IvshmemPeer implements Resource {
    private static final Logger LOG = LoggerFactory.getLogger(IvshmemPeer.class);
    private static final short POLLIN = 1; // asm-generic/poll.h

    private final Syscalls syscalls;
    private final int wanted;
    private final EventFd ending;
    private final Fd socket;
    private final SocketMessages messages;
    private final NativeMemory message = NativeMemory.allocate(Notice.BYTES);
    private final List<Fd> received = new ArrayList<>(); // with what of the message has come
    private final Map<Integer, List<EventFd>> doorbells = new TreeMap<>(); // own ones among them
    private int bytes; // of a message
    private int id = -1;
    private Mapping memory;
    private boolean versionIsKnown;
    private boolean hasServer = true;
    private int waiting; // threads
    private boolean closed;

    private IvshmemPeer(Syscalls syscalls, Path server, int vectors) throws IOException {
        this.syscalls = syscalls;
        this.wanted = vectors;
        try (Parts parts = new Parts()) {
            this.ending = parts.add(EventFd.create(syscalls));
            this.socket = parts.add(UnixSocket.connect(syscalls, server));
            this.messages = new SocketMessages(syscalls, socket.number());
            parts.complete();
        }
    }

    /**
     * Joins a server; waits until it has said everything that is to be known at the beginning.
     *
     * @param server path of its socket
     * @param vectors how many doorbells others are to ring here, at least 1; if the server gives
     *     more, those are not used
     * @param limit how long that may take
     * @throws IOException if there is no server, it does not say enough within {@code limit}, or
     *     what it says is not in the protocol; the message is one sentence
     */
    public static IvshmemPeer join(Path server, int vectors, Duration limit) throws IOException {
        if (vectors < 1) {
            throw new IllegalArgumentException("no doorbells are wanted");
        }
        IvshmemPeer peer = new IvshmemPeer(Syscalls.load(), server, vectors);
        try {
            peer.awaitGreeting(server, limit);
            return peer;
        } catch (IOException | RuntimeException | Error e) {
            peer.close();
            throw e;
        }
    }

    private synchronized void awaitGreeting(Path server, Duration limit) throws IOException {
        long end = System.nanoTime() + limit.toNanos();
        read();
        while (ownDoorbells().size() < wanted) {
            if (!hasServer) {
                throw new IOException(server + " does not let us join");
            }
            long left = end - System.nanoTime();
            if (left <= 0) {
                throw new IOException(
                        "%s has given %d doorbells of %d within %s"
                                .formatted(server, ownDoorbells().size(), wanted, limit));
            }
            poll(-1, left);
            read();
        }
    }

    private List<EventFd> ownDoorbells() {
        return doorbells.getOrDefault(id, List.of());
    }

    /** What others ring this peer by, from 0 to 65535. */
    public synchronized int id() {
        return id;
    }

    /** Size of the memory: a power of two. */
    public synchronized long memoryBytes() {
        requireOpen();
        return memory.length();
    }

    /**
     * A view of a part of the memory; good until {@link #close}. Its plain accesses are ordered by
     * nothing: what one peer stores with release another sees with acquire, and all that was stored
     * before.
     *
     * @throws IndexOutOfBoundsException if the memory has no such part
     */
    public synchronized NativeMemory memory(long offset, int length) {
        requireOpen();
        if (offset < 0 || length < 0 || offset > memory.length() - length) {
            throw new IndexOutOfBoundsException(offset + " + " + length + " of " + memory.length());
        }
        return NativeMemory.view(memory.address() + offset, length);
    }

    /** Ids of the others that are there now, as far as the server has told. */
    public synchronized Set<Integer> peers() {
        update();
        Set<Integer> others = new TreeSet<>(doorbells.keySet());
        others.remove(id);
        return others;
    }

    /** Whether news of others is still to be had. */
    public synchronized boolean hasServer() {
        update();
        return hasServer;
    }

    /**
     * Rings a doorbell of another peer, or one's own; never waits.
     *
     * @return false if there is no such peer, or it has no such doorbell
     */
    public synchronized boolean ring(int peer, int vector) {
        update();
        List<EventFd> bells = doorbells.getOrDefault(peer, List.of());
        if (vector < 0 || vector >= bells.size()) {
            return false;
        }
        bells.get(vector).signal();
        return true;
    }

    /**
     * Waits until one's own doorbell is rung.
     *
     * @param vector which, from 0
     * @return how often it was rung since this was last asked; 0 if it was not within {@code limit}
     * @throws IndexOutOfBoundsException if that is none of those that were asked for
     * @throws IllegalStateException if this is closed, also in the meantime
     */
    public long await(int vector, Duration limit) {
        long end = System.nanoTime() + limit.toNanos();
        EventFd bell = beginWaiting(vector);
        try {
            long left = limit.toNanos();
            long rings = bell.drain();
            while (rings == 0 && left > 0) {
                poll(bell.number(), left);
                synchronized (this) {
                    update(); // who does not read is dropped
                }
                rings = bell.drain();
                left = end - System.nanoTime();
            }
            return rings < 0 ? Long.MAX_VALUE : rings; // somebody has written more than a ring
        } finally {
            endWaiting();
        }
    }

    /**
     * Waits until the server says something, such as that a peer has joined or left, or that it
     * ends itself.
     *
     * @return false if it does not within {@code limit}
     */
    public boolean awaitNews(Duration limit) {
        beginWaiting(0);
        try {
            return poll(-1, limit.toNanos());
        } finally {
            endWaiting();
        }
    }

    private synchronized EventFd beginWaiting(int vector) {
        requireOpen();
        EventFd bell = ownDoorbells().get(vector);
        waiting++;
        return bell;
    }

    private synchronized void endWaiting() {
        waiting--;
        notifyAll();
    }

    /**
     * Waits until {@code bell}, unless it is -1, is rung, the server says something, or this is
     * closed; false if nothing of it comes in time.
     */
    private boolean poll(int bell, long nanos) {
        long millis = Math.min(Integer.MAX_VALUE, (nanos + 999_999) / 1_000_000);
        return isReadable((int) Math.max(0, millis), bell, ending.number(), serverNumber());
    }

    private boolean isReadable(int millis, int... fds) {
        NativeMemory polled = Scratch.get().small(); // struct pollfd: fd@0 events@4
        for (int i = 0; i < fds.length; i++) {
            polled.putInt(8 * i, fds[i]);
            polled.putInt(8 * i + 4, POLLIN);
        }
        return syscalls.poll(polled.address(), fds.length, millis) != 0;
    }

    private synchronized int serverNumber() {
        return hasServer ? socket.number() : -1;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the peer is closed");
        }
    }

    /** Reads what the server has said. A fault of its own ends the connection, nothing else. */
    private void update() {
        requireOpen();
        try {
            read();
        } catch (IOException e) {
            LOG.warn("no more news of other peers: {}", e.getMessage());
            loseServer();
        }
    }

    private void read() throws IOException {
        while (hasServer && isReadable(0, socket.number())) {
            int count;
            try {
                count = messages.receive(message, bytes, Notice.BYTES - bytes, received);
            } catch (LinuxException e) {
                if (e.errno() == LinuxErrno.EAGAIN) {
                    return;
                }
                if (e.errno() != LinuxErrno.ECONNRESET) {
                    throw e;
                }
                count = 0;
            }
            if (count == 0) {
                loseServer();
            }
            bytes += count;
            if (bytes == Notice.BYTES) {
                bytes = 0;
                List<Fd> fds = List.copyOf(received);
                received.clear();
                take(message.getLong(0), fds);
            }
        }
    }

    private void loseServer() {
        hasServer = false;
        received.forEach(Fd::close);
        received.clear();
    }

    /** Takes what has come with a message, whatever becomes of it. */
    private void take(long value, List<Fd> fds) throws IOException {
        try (Parts unused = new Parts()) {
            fds.forEach(unused::add);
            if (fds.size() > 1) {
                throw unexpected(value, fds);
            } else if (!versionIsKnown) {
                versionIsKnown = value == Notice.VERSION && fds.isEmpty();
                if (!versionIsKnown) {
                    throw new IOException("the server speaks version " + value + ", not 0");
                }
            } else if (value == Notice.MEMORY && memory == null && id >= 0 && fds.size() == 1) {
                memory = map(fds.get(0));
            } else if (value < 0 || value > Notice.MOST_ID) {
                throw unexpected(value, fds);
            } else if (id < 0 && fds.isEmpty()) {
                id = (int) value;
            } else if (memory == null) {
                throw unexpected(value, fds);
            } else if (fds.isEmpty()) {
                takeEnd((int) value);
            } else if (hasRoom((int) value)) {
                unused.complete();
                doorbells
                        .computeIfAbsent((int) value, any -> new ArrayList<>())
                        .add(EventFd.adopt(syscalls, fds.get(0)));
            }
        }
    }

    private boolean hasRoom(int peer) {
        int known = doorbells.getOrDefault(peer, List.of()).size();
        return known < (peer == id ? wanted : IvshmemOptions.MOST_VECTORS);
    }

    private void takeEnd(int peer) throws IOException {
        if (peer == id) {
            throw new IOException("the server says that we are gone");
        }
        List<EventFd> bells = doorbells.remove(peer);
        if (bells != null) {
            bells.forEach(EventFd::close);
        }
    }

    private static IOException unexpected(long value, List<Fd> fds) {
        return new IOException(
                "the server says %d with %d descriptors, out of turn".formatted(value, fds.size()));
    }

    private Mapping map(Fd file) throws IOException {
        long size = IvshmemMemory.size(syscalls, file, "the shared memory");
        if (!IvshmemMemory.isPossible(size)) {
            throw new IOException("the shared memory has an odd size of " + size + " bytes");
        }
        return Mapping.map(syscalls, file.number(), 0, size);
    }

    /** Leaves. Threads that wait get an {@link IllegalStateException}, and are waited for. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        ending.signal();
        boolean interrupted = false;
        while (waiting > 0) {
            try {
                wait();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        received.forEach(Fd::close);
        doorbells.values().forEach(bells -> bells.forEach(EventFd::close));
        if (memory != null) {
            memory.close();
        }
        socket.close();
        ending.close();
    }
}
