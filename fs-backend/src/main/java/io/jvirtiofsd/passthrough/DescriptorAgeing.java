package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Reclaimer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/**
 * Lets go, once a second, of what nobody has used since the last time: a thread that begins with
 * the first thing there is, and sleeps while there is none. Owned by the session's {@link
 * PathDescriptors}.
 *
 * <p><i>Thread-safe.</i>
 */
final class DescriptorAgeing implements AutoCloseable {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Reclaimer reclaimer;
    private final BooleanSupplier sweep;
    private volatile boolean asleep = true;
    private volatile boolean closed;
    private Thread thread;

    /**
     * @param sweep closes what has not been used, and says whether there is anything left to close;
     *     run as a request of the reclaimer
     */
    DescriptorAgeing(Reclaimer reclaimer, BooleanSupplier sweep) {
        this.reclaimer = reclaimer;
        this.sweep = sweep;
    }

    /** Starts or wakes the thread; to be called when there is something new to close later. */
    void wake() {
        if (asleep) {
            begin();
        }
    }

    private synchronized void begin() {
        asleep = false;
        if (thread == null && !closed) {
            thread = new Thread(this::run, "descriptors");
            thread.setDaemon(true);
            thread.start();
        }
        LockSupport.unpark(thread);
    }

    private void run() {
        try (Reclaimer.Reader reader = reclaimer.register()) {
            while (!closed) {
                LockSupport.parkNanos(this, PERIOD_NANOS);
                if (!sweep(reader)) {
                    asleep = true;
                    if (!sweep(reader)) { // and nobody has come before that could be read
                        sleep();
                    }
                }
            }
        }
    }

    private void sleep() {
        while (asleep && !closed) {
            LockSupport.park(this);
        }
    }

    private boolean sweep(Reclaimer.Reader reader) {
        reader.enter();
        try {
            return sweep.getAsBoolean();
        } finally {
            reader.exit();
        }
    }

    /** The thread ends soon. */
    @Override
    public synchronized void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
