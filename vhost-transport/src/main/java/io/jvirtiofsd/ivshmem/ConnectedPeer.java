package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Parts;
import io.jvirtiofsd.linux.PeerCredentials;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Deque;
import java.util.List;

/**
 * A client of the server: its socket, its doorbells, and what it has not been told yet; owned by
 * the server.
 *
 * <p>What waits to be told has a bound of its own, since somebody who comes and goes meanwhile is
 * never mentioned: each doorbell of those who are there, and the end of each peer that this one
 * knows. <i>Confined to the server's thread.</i> Source: ivshmem-spec.rst, server protocol.
 */
final class ConnectedPeer implements Resource {
    /** What became of an attempt to tell. */
    enum Telling {
        /** All has been told. */
        DONE,
        /** The socket is full: it will be writable. */
        FULL,
        /** The kernel lets no more descriptors be on their way, which nothing tells the end of. */
        HELD_UP,
        /** The other end is closed. */
        GONE
    }

    private static final int SIOCOUTQ = 0x5411; // asm-generic/ioctls.h TIOCOUTQ

    private final Syscalls syscalls;
    private final int id;
    private final Fd socket;
    private final PeerCredentials who;
    private final SocketMessages messages;
    private final List<EventFd> doorbells = new ArrayList<>();
    private final Deque<Notice> untold = new ArrayDeque<>();
    private final BitSet gone = new BitSet(); // whose farewell it may not have read yet
    private final NativeMemory message = NativeMemory.allocate(Notice.BYTES);
    private int missed;

    /**
     * Takes {@code socket}, once nothing can fail any more.
     *
     * @throws LinuxException if there are no descriptors for its doorbells
     */
    ConnectedPeer(Syscalls syscalls, Fd socket, int id, int vectors) throws LinuxException {
        this.syscalls = syscalls;
        this.id = id;
        this.socket = socket;
        this.who = PeerCredentials.of(syscalls, socket.number());
        this.messages = new SocketMessages(syscalls, socket.number());
        try (Parts parts = new Parts()) {
            for (int i = 0; i < vectors; i++) {
                doorbells.add(parts.add(EventFd.create(syscalls)));
            }
            parts.complete();
        }
    }

    int id() {
        return id;
    }

    /** The socket's number, borrowed. */
    int socket() {
        return socket.number();
    }

    /** Begins what it is to be told: who it is, the memory, {@code others}, and its doorbells. */
    void greet(IvshmemMemory memory, Collection<ConnectedPeer> others) {
        untold.add(Notice.of(Notice.VERSION));
        untold.add(Notice.of(id));
        untold.add(Notice.with(Notice.MEMORY, memory.number()));
        others.forEach(this::announce);
        announce(this);
    }

    /** Is to be told that {@code other} has joined. */
    void hearOf(ConnectedPeer other) {
        countChange();
        announce(other);
    }

    /**
     * Is to be told that {@code other}, whose doorbells are about to be closed, is there no more;
     * unless it has not been told of any of them.
     */
    void hearOfEnd(ConnectedPeer other) {
        countChange();
        int before = untold.size();
        untold.removeIf(notice -> notice.announces(other.id));
        if (before - untold.size() < other.doorbells.size()) {
            untold.add(Notice.of(other.id));
            gone.set(other.id);
        }
    }

    private void announce(ConnectedPeer peer) {
        for (EventFd doorbell : peer.doorbells) {
            untold.add(Notice.with(peer.id, doorbell.number()));
        }
    }

    private void countChange() {
        missed = untold.isEmpty() ? 0 : missed + 1;
    }

    /** How often others have come or gone since it was last told all. */
    int missed() {
        return missed;
    }

    boolean isTold() {
        return untold.isEmpty();
    }

    /** Tells as much as it can take now. */
    Telling tell() {
        while (!untold.isEmpty()) {
            Notice next = untold.peek();
            message.putLong(0, next.value());
            try {
                messages.send(message, 0, Notice.BYTES, next.fd().stream().toArray());
            } catch (LinuxException e) {
                return switch (e.errno()) {
                    case LinuxErrno.EAGAIN -> Telling.FULL;
                    case LinuxErrno.ETOOMANYREFS, LinuxErrno.ENOBUFS, LinuxErrno.ENOMEM ->
                            Telling.HELD_UP;
                    default -> Telling.GONE;
                };
            }
            untold.remove();
        }
        return Telling.DONE;
    }

    /** Whether {@code other}, who is gone, may be there yet for what it knows. */
    boolean mayMissEndOf(int other) {
        if (gone.get(other) && untold.isEmpty() && unreadBytes() == 0) {
            gone.clear();
        }
        return gone.get(other);
    }

    /** How much lies in its socket that it has not read: bytes, as the kernel counts. */
    int unreadBytes() {
        NativeMemory count = Scratch.get().small();
        count.putInt(0, 0);
        syscalls.ioctl(socket.number(), SIOCOUTQ, count.address());
        return count.getInt(0);
    }

    /**
     * What there is to read: a negated errno, 0 at the end, else a client that sends, which none
     * does.
     */
    long read() {
        NativeMemory buffer = Scratch.get().small();
        return syscalls.read(socket.number(), buffer.address(), buffer.size());
    }

    @Override
    public void close() {
        untold.clear();
        doorbells.forEach(EventFd::close);
        socket.close();
    }

    @Override
    public String toString() {
        return "peer %d (%s)".formatted(id, who);
    }
}
