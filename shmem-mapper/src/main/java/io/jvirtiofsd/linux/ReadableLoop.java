package io.jvirtiofsd.linux;

import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon thread that runs a task whenever a descriptor can be read from, and at least once in a
 * given time. Started by the first {@link #start}; whatever the task throws, it is run again: the
 * kernel may be waiting for it. <i>Thread-safe.</i>
 */
public final class ReadableLoop implements Resource {
    private static final Logger LOG = LoggerFactory.getLogger(ReadableLoop.class);
    private static final int AFTER_ERROR_MILLIS = 1000;
    private static final short POLLIN = 1; // asm-generic/poll.h

    private final Syscalls syscalls;
    private final Thread thread;
    private final EventFd wake;
    private final Fd fd;
    private final IntSupplier task;
    private boolean started;
    private boolean complained;
    private volatile boolean ending;

    /**
     * @param fd borrowed; must be open until {@link #close}
     * @param task says how many milliseconds may pass until the next round, negative for any
     */
    public ReadableLoop(Syscalls syscalls, String name, Fd fd, IntSupplier task)
            throws LinuxException {
        this.syscalls = syscalls;
        this.wake = EventFd.create(syscalls);
        this.fd = fd;
        this.task = task;
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    /** Starts the thread, if it has not been started. */
    public synchronized void start() {
        if (!started) {
            thread.start();
            started = true; // not if there is no thread to be had
        }
    }

    private void run() {
        NativeMemory polled = NativeMemory.allocate(16); // two struct pollfd: fd@0 events@4
        polled.putInt(0, fd.number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, wake.number());
        polled.putShort(12, POLLIN);
        int millis = 0;
        while (!ending) {
            syscalls.poll(polled.address(), 2, millis);
            millis = round();
        }
    }

    private int round() {
        try {
            return task.getAsInt();
        } catch (RuntimeException | Error e) {
            if (!complained) {
                complained = true;
                LOG.error("an error of {}", thread.getName(), e);
            }
            return AFTER_ERROR_MILLIS;
        }
    }

    /** Ends after the round that is going on. */
    @Override
    public void close() {
        ending = true;
        wake.signal();
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        wake.close();
    }
}
