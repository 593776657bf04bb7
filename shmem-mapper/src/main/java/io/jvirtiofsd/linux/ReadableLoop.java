package io.jvirtiofsd.linux;

/**
 * A daemon thread that runs a task whenever a descriptor can be read from, and at least once in a
 * given time. Started by the first {@link #start}. <i>Thread-safe.</i>
 */
public final class ReadableLoop implements Parts.Part {
    private static final short POLLIN = 1; // asm-generic/poll.h

    private final Syscalls syscalls;
    private final Thread thread;
    private final EventFd wake;
    private final Fd fd;
    private final int millis;
    private final Runnable task;
    private boolean started;
    private volatile boolean ending;

    /**
     * @param fd borrowed; must be open until {@link #close}
     * @param millis longest time without a round; negative for any
     * @param task must not throw
     */
    public ReadableLoop(Syscalls syscalls, String name, Fd fd, int millis, Runnable task)
            throws LinuxException {
        this.syscalls = syscalls;
        this.wake = EventFd.create(syscalls);
        this.fd = fd;
        this.millis = millis;
        this.task = task;
        this.thread = new Thread(this::run, name);
        thread.setDaemon(true);
    }

    public synchronized void start() {
        if (!started) {
            started = true;
            thread.start();
        }
    }

    private void run() {
        NativeMemory polled = NativeMemory.allocate(16); // two struct pollfd: fd@0 events@4
        polled.putInt(0, fd.number());
        polled.putShort(4, POLLIN);
        polled.putInt(8, wake.number());
        polled.putShort(12, POLLIN);
        while (!ending) {
            syscalls.poll(polled.address(), 2, millis);
            task.run();
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
