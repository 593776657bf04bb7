package io.jvirtiofsd.vhost;

/** Waits for threads of ours, which nobody of ours interrupts while he waits. */
final class ThreadEnd {
    private ThreadEnd() {}

    /** Returns when {@code thread} has ended; an interrupt of the caller stays. */
    static void await(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true; // the thread must end first
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
