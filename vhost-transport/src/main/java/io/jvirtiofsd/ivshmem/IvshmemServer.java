package io.jvirtiofsd.ivshmem;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.PeerCredentials;
import io.jvirtiofsd.linux.Resource;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands out the shared memory and the doorbells of all peers, and tells each who comes and goes;
 * owned by the program.
 *
 * <p>No peer holds up others: what one does not read waits for it, and one that has missed {@link
 * #MOST_MISSED} changes is dropped. An id is not given again while somebody may not have read that
 * its last owner is gone. When the server ends peers keep memory and doorbells, hear of no changes
 * any more, and cannot join another server's.
 *
 * <p><i>Confined to the thread</i> on which {@link #serve} runs, but for {@link #end}, which any
 * may call. Source: ivshmem-spec.rst, server protocol, version 0.
 */
public final class IvshmemServer implements Resource {
    /** Changes that a peer may miss, one after another, before it is dropped. */
    static final int MOST_MISSED = 1024;

    private static final Logger LOG = LoggerFactory.getLogger(IvshmemServer.class);

    private static final int SOCK_NONBLOCK = 0x800; // linux/net.h
    private static final int SOCK_CLOEXEC = 0x80000; // linux/net.h
    private static final short POLLIN = 1; // asm-generic/poll.h
    private static final short POLLOUT = 4; // asm-generic/poll.h
    private static final int POLLFD_BYTES = 8; // struct pollfd: fd@0 events@4 revents@6

    // Where what is polled stands: the end, the listener, peers.
    private static final int END = 0;
    private static final int LISTENER = 1;
    private static final int PEERS = 2;

    private static final int AGAIN_MILLIS = 20; // where nothing tells that it could go on
    private static final long PATIENCE_NANOS = 2_000_000_000L;

    private final Syscalls syscalls;
    private final Listener listener;
    private final IvshmemMemory memory;
    private final IvshmemOptions options;
    private final EventFd ending;
    private final PeerIds ids = new PeerIds();
    private final Map<Integer, ConnectedPeer> peers = new TreeMap<>();
    private final NativeMemory polled;
    private boolean saidWhy; // nobody can join
    private boolean again;
    private long heldUpSince;
    private boolean ended;

    /** Takes {@code listener} and {@code memory}, once nothing can fail any more. */
    public IvshmemServer(
            Syscalls syscalls, Listener listener, IvshmemMemory memory, IvshmemOptions options)
            throws LinuxException {
        this.syscalls = syscalls;
        this.listener = listener;
        this.memory = memory;
        this.options = options;
        this.polled = NativeMemory.allocate((PEERS + options.maxPeers()) * POLLFD_BYTES);
        this.ending = EventFd.create(syscalls);
    }

    /** Size of the memory that is shared. */
    public long memoryBytes() {
        return memory.bytes();
    }

    /**
     * Serves until {@link #end}; where the listener is one connection, until that ends.
     *
     * @throws IOException if no more can connect, by a fault of the socket
     */
    public void serve() throws IOException {
        int listening = listener.fd().number();
        int flags = LinuxException.check(syscalls.fcntl(listening, Fcntl.F_GETFL, 0), "socket");
        LinuxException.check(
                syscalls.fcntl(listening, Fcntl.F_SETFL, flags | Fcntl.O_NONBLOCK), "socket");
        if (listener.isConnected()) {
            join(listener.fd());
        }
        while (!isEnded() && !(listener.isConnected() && peers.isEmpty())) {
            List<ConnectedPeer> asked = await();
            for (int i = 0; i < asked.size(); i++) {
                if ((events(PEERS + i) & ~POLLOUT) != 0) {
                    listen(asked.get(i));
                }
            }
            if (events(LISTENER) != 0 && !isEnded()) {
                accept();
            }
            tellAll();
        }
    }

    /** Waits until something happens; the peers in the order in which they stand among the rest. */
    private List<ConnectedPeer> await() {
        List<ConnectedPeer> asked = new ArrayList<>(peers.values());
        put(END, ending.number(), POLLIN);
        put(LISTENER, again || listener.isConnected() ? -1 : listener.fd().number(), POLLIN);
        for (int i = 0; i < asked.size(); i++) {
            ConnectedPeer peer = asked.get(i);
            boolean waits = !peer.isTold() && heldUpSince == 0;
            put(PEERS + i, peer.socket(), waits ? POLLIN | POLLOUT : POLLIN);
        }
        int millis = again || heldUpSince != 0 ? AGAIN_MILLIS : -1;
        again = false;
        int result = syscalls.poll(polled.address(), PEERS + asked.size(), millis);
        if (result < 0) { // interrupted: nothing was written
            for (int i = 0; i < PEERS + asked.size(); i++) {
                polled.putShort(i * POLLFD_BYTES + 6, (short) 0);
            }
        }
        return asked;
    }

    private void put(int index, int fd, int events) {
        polled.putInt(index * POLLFD_BYTES, fd);
        polled.putInt(index * POLLFD_BYTES + 4, events); // and no revents
    }

    private int events(int index) {
        return polled.getShort(index * POLLFD_BYTES + 6);
    }

    private void accept() throws IOException {
        int fd = syscalls.accept4(listener.fd().number(), SOCK_NONBLOCK | SOCK_CLOEXEC);
        switch (-fd) {
            case LinuxErrno.EINTR, LinuxErrno.EAGAIN, LinuxErrno.ECONNABORTED -> {}
            case LinuxErrno.EMFILE, LinuxErrno.ENFILE, LinuxErrno.ENOBUFS, LinuxErrno.ENOMEM -> {
                again = true; // the connection waits in the listener until there is room
                refuse("new peers", LinuxErrno.describe(-fd));
            }
            default -> join(Fd.own(syscalls, LinuxException.check(fd, "accept")));
        }
    }

    /** Takes the socket of who wants to join. */
    private void join(Fd socket) {
        PeerCredentials who = PeerCredentials.of(syscalls, socket.number());
        if (peers.size() == options.maxPeers()) {
            refuse(who, "there are %d peers already".formatted(peers.size()));
            socket.close();
            return;
        }
        OptionalInt id = ids.choose(this::isTaken);
        if (id.isEmpty()) {
            refuse(who, "peers have not read yet whose ids are free");
            socket.close();
            return;
        }
        try {
            ConnectedPeer peer =
                    new ConnectedPeer(syscalls, socket, id.getAsInt(), options.vectors());
            peer.greet(memory, peers.values());
            peers.values().forEach(other -> other.hearOf(peer));
            peers.put(peer.id(), peer);
            saidWhy = false;
            LOG.info("{} joined", peer);
        } catch (LinuxException e) {
            refuse(who, e.getMessage());
            socket.close();
        }
    }

    /** Says why somebody cannot join; once, until somebody can. */
    private void refuse(Object who, String why) {
        if (!saidWhy) {
            saidWhy = true;
            LOG.warn("{} cannot join: {}", who, why);
        }
    }

    private boolean isTaken(int id) {
        return peers.containsKey(id)
                || peers.values().stream().anyMatch(peer -> peer.mayMissEndOf(id));
    }

    /** Looks at what {@code peer} says, which can only be its end. */
    private void listen(ConnectedPeer peer) {
        long result = peer.read();
        if (result == -LinuxErrno.EAGAIN || result == -LinuxErrno.EINTR) {
            return;
        }
        if (result > 0) {
            LOG.warn("{} sends, which is not in the protocol: dropped", peer);
        } else {
            LOG.info("{} left", peer);
        }
        remove(peer);
    }

    /** Tells all peers what they have not been told, and drops those who do not listen. */
    private void tellAll() {
        boolean heldUp = false;
        boolean changed = true;
        while (changed) { // at most once for each peer
            changed = false;
            for (ConnectedPeer peer : List.copyOf(peers.values())) {
                ConnectedPeer.Telling telling = peer.tell();
                heldUp |= telling == ConnectedPeer.Telling.HELD_UP;
                boolean gone = telling == ConnectedPeer.Telling.GONE;
                if (gone) {
                    LOG.info("{} left", peer);
                } else if (!peer.isTold() && peer.missed() > MOST_MISSED) {
                    LOG.warn("{} has not read {} changes: dropped", peer, MOST_MISSED);
                    gone = true;
                }
                if (gone) {
                    remove(peer);
                    changed = true;
                }
            }
        }
        noteHeldUp(heldUp);
    }

    /**
     * The kernel counts the descriptors that are on their way, for all of a user's sockets
     * together: peers that do not read could hold up those that do. So the one with the most to
     * read is dropped in the end.
     */
    private void noteHeldUp(boolean heldUp) {
        long now = System.nanoTime() | 1; // not 0
        if (!heldUp) {
            heldUpSince = 0;
        } else if (heldUpSince == 0) {
            heldUpSince = now;
        } else if (now - heldUpSince > PATIENCE_NANOS) {
            heldUpSince = now;
            peers.values().stream()
                    .max(Comparator.comparingInt(ConnectedPeer::unreadBytes))
                    .filter(peer -> peer.unreadBytes() > 0)
                    .ifPresent(
                            peer -> {
                                LOG.warn("{} does not read and holds up others: dropped", peer);
                                remove(peer);
                            });
        }
    }

    private void remove(ConnectedPeer peer) {
        peers.remove(peer.id());
        peers.values().forEach(other -> other.hearOfEnd(peer));
        peer.close();
    }

    private synchronized boolean isEnded() {
        return ended;
    }

    /** Ends {@link #serve} and removes the socket; peers go on among themselves. */
    public synchronized void end() {
        if (!ended) {
            ended = true;
            ending.signal();
            listener.remove();
        }
    }

    /** Closes everything; {@link #serve} must have returned. */
    @Override
    public void close() {
        end();
        peers.values().forEach(ConnectedPeer::close);
        peers.clear();
        listener.close();
        memory.close();
        ending.close();
    }
}
