package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.EventFd;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One transfer of the device's state, and the thread that does it: to the front-end, or from it.
 * Owned by the session, which uses it on the control thread; the device is the transfer's until it
 * has ended.
 *
 * <p>Whatever goes wrong ends the transfer alone. After a save the device is what it was; after a
 * load that failed it has been reset. Source: vhost-user.rst, "Migrating back-end state".
 */
final class StateTransfer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StateTransfer.class);
    private static final short POLLIN = 1; // asm-generic/poll.h

    enum Direction {
        SAVE("saved"),
        LOAD("loaded");

        private final String done;

        Direction(String done) {
            this.done = done;
        }
    }

    private final Syscalls syscalls;
    private final VirtioDevice device;
    private final DeviceState state;
    private final Direction direction;
    private final StateChannel channel;
    private final EventFd wake;
    private final EventFd ended;
    private final Thread thread = new Thread(this::run, "migration");
    private volatile boolean succeeded;

    private StateTransfer(
            Syscalls syscalls,
            VirtioDevice device,
            Direction direction,
            StateChannel channel,
            EventFd wake,
            EventFd ended) {
        this.syscalls = syscalls;
        this.device = device;
        this.state = device.state().orElseThrow();
        this.direction = direction;
        this.channel = channel;
        this.wake = wake;
        this.ended = ended;
    }

    /**
     * One that has not begun, over {@code fd}, which is taken, also if it throws.
     *
     * @throws Refusal if no state can go through {@code fd}
     */
    static StateTransfer over(Syscalls syscalls, VirtioDevice device, Direction direction, Fd fd)
            throws Refusal {
        EventFd wake = null;
        EventFd ended = null;
        boolean made = false;
        try {
            wake = EventFd.create(syscalls);
            ended = EventFd.create(syscalls);
            boolean reading = direction == Direction.LOAD;
            StateChannel channel = new StateChannel(syscalls, fd, wake, reading);
            StateTransfer transfer =
                    new StateTransfer(syscalls, device, direction, channel, wake, ended);
            made = true;
            return transfer;
        } catch (LinuxException e) {
            throw new Refusal("no transfer can begin: " + e.getMessage(), e);
        } finally {
            if (!made) {
                fd.close();
                close(wake);
                close(ended);
            }
        }
    }

    private static void close(EventFd event) {
        if (event != null) {
            event.close();
        }
    }

    Direction direction() {
        return direction;
    }

    /** Begins: no ring runs, and none starts before the thread has ended. */
    void start() {
        thread.start();
    }

    private void run() {
        try (channel) {
            if (direction == Direction.SAVE) {
                save();
            } else {
                load();
            }
            succeeded = true;
            LOG.info("the device's state is {}: {} bytes", direction.done, channel.bytes());
        } catch (IOException e) {
            LOG.warn(
                    "the device's state is not {}: {} ({} bytes)",
                    direction.done,
                    e.getMessage(),
                    channel.bytes());
        } catch (RuntimeException | Error e) {
            LOG.warn("the device's state is not {}: {}", direction.done, e.toString(), e);
        } finally {
            ended.signal();
        }
    }

    private void save() throws IOException {
        OutputStream out = channel.sink();
        state.save(out);
        out.flush();
    }

    private void load() throws IOException {
        boolean loaded = false;
        try {
            InputStream in = channel.source();
            state.load(in);
            if (in.read() >= 0) {
                throw new IOException("something follows at its end");
            }
            loaded = true;
        } finally {
            if (!loaded) {
                device.reset();
            }
        }
    }

    /** Whether it goes on: it has begun and not ended. */
    boolean isRunning() {
        return thread.isAlive();
    }

    /**
     * Waits for the end, and cancels if {@code socket} is hung up meanwhile.
     *
     * @param millis for how long from now on the front-end may keep its descriptor waiting
     * @return whether the transfer has succeeded
     */
    boolean await(int socket, long millis) {
        channel.limit(millis);
        NativeMemory polled = NativeMemory.allocate(16); // two of fd@0 events@4 revents@6
        polled.putInt(0, ended.number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, socket); // no events: POLLHUP comes in any case
        while (syscalls.poll(polled.address(), 2, -1) < 0) {
            // a signal
        }
        if (polled.getShort(6) == 0) {
            stop("the front-end is gone");
        }
        ThreadEnd.await(thread);
        return succeeded;
    }

    /** Ends it now, for {@code reason}; the thread has ended when this returns. */
    void cancel(String reason) {
        stop(reason);
        ThreadEnd.await(thread);
    }

    private void stop(String reason) {
        channel.cancel(reason);
        thread.interrupt(); // for a device that is busy with something else
    }

    /** The thread must have ended, or never begun. */
    @Override
    public void close() {
        channel.close();
        wake.close();
        ended.close();
    }
}
