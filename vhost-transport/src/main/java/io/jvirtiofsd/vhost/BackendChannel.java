package io.jvirtiofsd.vhost;

import io.jvirtiofsd.dax.ShmemChannel;
import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxErrno;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.PeerCredentials;
import io.jvirtiofsd.linux.SocketMessages;
import io.jvirtiofsd.linux.Syscalls;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket for requests of ours to the front-end. Owned by the session.
 *
 * <p>A thread sends a request and waits for its answer, one at a time. The control thread lets
 * requests pass with {@link #resume} while the device runs, and ends that with {@link #suspend},
 * which never waits: when it returns nothing more is sent, and a waiting thread gives up. QEMU
 * crashes on requests outside of that time, and answers none while it waits for the control thread.
 * An answer that nobody waits for any more is passed over by the next request.
 *
 * <p><i>Thread-safe.</i> Source: vhost-user.rst, "Back-end message types".
 */
final class BackendChannel implements ShmemChannel, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(BackendChannel.class);

    // spotless:off
    private static final int FLAGS_REQUEST     = 9;  // version 1, NEED_REPLY
    private static final int FLAGS_REPLY       = 5;  // version 1, REPLY
    private static final int HEADER_BYTES      = 12;
    private static final int MMAP_BYTES        = 40; // shmid@0 fd_offset@8 shm_offset@16 len@24 flags@32
    private static final int REPLY_BYTES       = HEADER_BYTES + 8;
    private static final long FLAG_MAP_RW      = 1;  // VHOST_USER_FLAG_MAP_RW
    private static final short POLLIN          = 1;  // asm-generic/poll.h
    private static final long ANSWER_MILLIS    = 10_000;
    // spotless:on

    private final Syscalls syscalls;
    private final Fd socket;
    private final EventFd cancel;
    private final SocketMessages messages;
    private final NativeMemory buffer = NativeMemory.allocate(HEADER_BYTES + MMAP_BYTES);
    private final NativeMemory polled = NativeMemory.allocate(16); // two of fd@0 events@4 revents@6

    /** Held while looking at {@link #running} and sending, never while waiting. */
    private final Object sending = new Object();

    private boolean running;
    private volatile boolean broken;

    /**
     * Requests without an answer so far, of which the last is waited for; guarded by the monitor.
     */
    private int unanswered;

    private BackendChannel(Syscalls syscalls, Fd socket, EventFd cancel) {
        this.syscalls = syscalls;
        this.socket = socket;
        this.cancel = cancel;
        this.messages = new SocketMessages(syscalls, socket.number());
        polled.putInt(0, socket.number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, cancel.number());
        polled.putShort(12, POLLIN);
    }

    /** A channel over {@code socket}, which is taken, also if there cannot be one. */
    static BackendChannel over(Syscalls syscalls, Fd socket) throws LinuxException {
        boolean made = false;
        try {
            int fd = socket.number();
            int flags = LinuxException.check(syscalls.fcntl(fd, Fcntl.F_GETFL, 0), "F_GETFL");
            LinuxException.check(
                    syscalls.fcntl(fd, Fcntl.F_SETFL, flags | Fcntl.O_NONBLOCK), "F_SETFL");
            BackendChannel channel = new BackendChannel(syscalls, socket, EventFd.create(syscalls));
            made = true;
            return channel;
        } finally {
            if (!made) {
                socket.close();
            }
        }
    }

    /** Lets requests pass: the device runs. */
    void resume() {
        synchronized (sending) {
            if (!running) {
                cancel.drain();
                running = true;
            }
        }
    }

    /** Lets no more requests pass: nothing is sent any more, and a thread that waits gives up. */
    void suspend() {
        synchronized (sending) {
            running = false;
            cancel.signal();
        }
    }

    @Override
    public int process() {
        return PeerCredentials.of(syscalls, socket.number()).process();
    }

    @Override
    public synchronized Outcome map(int fd, long fileOffset, long windowOffset, long length) {
        return ask(BackendMessageType.SHMEM_MAP, fileOffset, windowOffset, length, fd);
    }

    @Override
    public synchronized Outcome unmap(long windowOffset, long length) {
        return ask(BackendMessageType.SHMEM_UNMAP, 0, windowOffset, length);
    }

    private Outcome ask(
            BackendMessageType type, long fileOffset, long windowOffset, long length, int... fds) {
        buffer.putInt(0, type.id());
        buffer.putInt(4, FLAGS_REQUEST);
        buffer.putInt(8, MMAP_BYTES);
        buffer.putLong(HEADER_BYTES, 0); // shmid 0, VIRTIO_FS_SHMCAP_ID_CACHE
        buffer.putLong(HEADER_BYTES + 8, fileOffset);
        buffer.putLong(HEADER_BYTES + 16, windowOffset);
        buffer.putLong(HEADER_BYTES + 24, length);
        buffer.putLong(HEADER_BYTES + 32, FLAG_MAP_RW);
        synchronized (sending) {
            if (!running || broken) {
                return Outcome.NOT_SENT;
            }
            try {
                messages.send(buffer, 0, HEADER_BYTES + MMAP_BYTES, fds);
            } catch (LinuxException e) {
                isGone(e);
                return Outcome.UNKNOWN;
            }
        }
        unanswered++;
        return await(type.id());
    }

    /** Waits for the answer to the request sent last, passing over those to earlier ones. */
    private Outcome await(int id) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);
        try {
            while (true) {
                long status = receive(id, end);
                if (status < 0) {
                    return Outcome.UNKNOWN;
                }
                // Answers come in the order of the requests: the last one outstanding is to ours.
                if (--unanswered == 0) {
                    return status == 0 ? Outcome.DONE : Outcome.REFUSED;
                }
            }
        } catch (LinuxException e) {
            isGone(e);
        } catch (SessionException e) {
            LOG.warn("the back-end channel is not used any more: {}", e.getMessage());
            broken = true;
        }
        return Outcome.UNKNOWN;
    }

    /**
     * The next answer's status, 0 or 1; &minus;1 if it does not come or is not to be waited for.
     */
    private long receive(int id, long end) throws LinuxException, SessionException {
        List<Fd> strays = new ArrayList<>();
        int done = 0;
        try {
            while (done < REPLY_BYTES) {
                if (!isReadable(end)) {
                    if (done > 0) {
                        throw new SessionException("half an answer");
                    }
                    return -1;
                }
                int count = messages.receive(buffer, done, REPLY_BYTES - done, strays);
                if (count == 0) {
                    throw new LinuxException("receive", LinuxErrno.ECONNRESET);
                }
                done += count;
            }
        } finally {
            strays.forEach(Fd::close);
        }
        // An answer to an earlier request, which was given up, may be of the other type.
        boolean known = unanswered > 1 || buffer.getInt(0) == id;
        if (!known || buffer.getInt(4) != FLAGS_REPLY || buffer.getInt(8) != 8) {
            throw new SessionException(
                    "answer to request %d: type %d, flags 0x%x, %d bytes"
                            .formatted(id, buffer.getInt(0), buffer.getInt(4), buffer.getInt(8)));
        }
        return buffer.getLong(HEADER_BYTES) == 0 ? 0 : 1;
    }

    /** Whether there is something to read before {@code end}, and before being told to give up. */
    private boolean isReadable(long end) {
        while (true) {
            long left = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
            int ready = left <= 0 ? 0 : syscalls.poll(polled.address(), 2, (int) left);
            if (ready == 0) {
                LOG.warn("the front-end does not answer on the back-end channel");
                return false;
            }
            if (ready > 0 && polled.getShort(6) != 0) {
                return true;
            }
            if (ready > 0) {
                return false; // told to give up
            }
        }
    }

    /** Gives the channel up: the front-end has ended, which the main socket reports. */
    private void isGone(LinuxException e) {
        broken = true;
        LOG.debug("the back-end channel is not used any more: {}", e.getMessage());
    }

    /** Ends waiting; nothing is sent from now on. */
    @Override
    public void close() {
        // First: a thread that waits for an answer holds the monitor.
        suspend();
        synchronized (this) {
            broken = true;
            socket.close();
            cancel.close();
        }
    }
}
