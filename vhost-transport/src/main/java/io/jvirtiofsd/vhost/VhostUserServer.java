package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.Listener;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.PeerCredentials;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Accepts front-ends on a socket and serves them one after another; owned by the program.
 *
 * <p><i>Confined to the control thread</i>, on which {@link #serve} runs, but for {@link #end},
 * which any thread may call, also in the middle of a session.
 */
public final class VhostUserServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(VhostUserServer.class);

    private static final int SOCK_CLOEXEC = 0x80000; // linux/net.h
    private static final int SHUT_RDWR = 2; // sys/socket.h
    private static final short POLLIN = 1; // asm-generic/poll.h

    private final Syscalls syscalls;
    private final Listener listener;
    private final VirtioDevice device;
    private final TransportOptions options;
    private final Reclaimer reclaimer;
    private final EventFd ending;
    private boolean ended;
    private Fd session;

    /**
     * Takes {@code listener}.
     *
     * @param reclaimer shared with whatever {@code device} uses descriptors in: queue threads hold
     *     back its closing while they handle a chain
     */
    public VhostUserServer(
            Syscalls syscalls,
            Listener listener,
            VirtioDevice device,
            TransportOptions options,
            Reclaimer reclaimer)
            throws LinuxException {
        this.syscalls = syscalls;
        this.listener = listener;
        this.device = device;
        this.options = options;
        this.reclaimer = reclaimer;
        this.ending = EventFd.create(syscalls);
    }

    /**
     * Serves front-ends until one has disconnected and there is to be no other, or until {@link
     * #end}.
     */
    public void serve() throws IOException {
        do {
            Fd socket = listener.isConnected() ? listener.fd() : accept();
            if (socket == null) {
                return;
            }
            try (socket) {
                if (!begin(socket)) {
                    return;
                }
                try {
                    serve(socket);
                } finally {
                    begin(null); // before the number can be another's
                }
            }
        } while (options.keepListening() && !listener.isConnected());
    }

    private void serve(Fd socket) {
        LOG.info("front-end connected: {}", PeerCredentials.of(syscalls, socket.number()));
        try (VhostUserSession running =
                new VhostUserSession(syscalls, socket.number(), device, options, reclaimer)) {
            running.run();
        }
        LOG.info("front-end disconnected");
    }

    /** Notes the running session for {@link #end}; false if that came first. */
    private synchronized boolean begin(Fd socket) {
        session = socket;
        return !ended;
    }

    /** Waits for a connection; null when the server ends. */
    private Fd accept() throws IOException {
        NativeMemory polled = NativeMemory.allocate(16); // two struct pollfd: fd@0 events@4
        polled.putInt(0, listener.fd().number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, ending.number());
        polled.putShort(12, POLLIN);
        while (true) {
            syscalls.poll(polled.address(), 2, -1);
            synchronized (this) {
                if (ended) {
                    return null;
                }
            }
            int fd = syscalls.accept4(listener.fd().number(), SOCK_CLOEXEC);
            boolean passing =
                    fd == -LinuxErrno.EINTR
                            || fd == -LinuxErrno.EAGAIN
                            || fd == -LinuxErrno.ECONNABORTED;
            if (!passing) {
                return Fd.own(syscalls, LinuxException.check(fd, "accept"));
            }
        }
    }

    /**
     * Ends a running session and {@link #serve}; removes the socket. Its descriptor stays open: the
     * control thread may be about to accept from it, and the number would mean another's socket.
     */
    public synchronized void end() {
        if (ended) {
            return;
        }
        ended = true;
        ending.signal();
        if (session != null) {
            syscalls.shutdown(session.number(), SHUT_RDWR);
        }
        listener.remove();
    }

    /** Closes everything; {@link #serve} must have returned. */
    @Override
    public void close() {
        end();
        listener.close();
        ending.close();
    }
}
