package io.jvirtiofsd.cli;

import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The end by a signal: what is being served is closed, then the process ends with status 0 like at
 * any other end. Owned by {@link Main} or {@link IvshmemCommand}.
 *
 * <p>A JVM takes SIGTERM only once it has started, and until then dies of it. So the launcher
 * blocks that signal and has it ignored, which makes the JVM keep its hands off: it stays pending
 * until {@link #awaitSignal} asks for it. SIGINT, and SIGTERM without the launcher, come by a
 * shutdown hook. <i>Thread-safe.</i>
 */
final class Termination {
    private static final int OK = 0;
    private static final int SIGTERM = 15; // asm-generic/signal.h
    private static final long SIGTERM_BIT = 1L << SIGTERM - 1;
    private static final long START_MILLIS = 10_000;
    private static final long SHUTDOWN_MILLIS = 800;

    private final CountDownLatch ended = new CountDownLatch(1);
    private Runnable closing;
    private long millis = START_MILLIS;
    private boolean asked;

    /** From now on a signal that ends the JVM is an ordinary end. */
    void install() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::end, "shutdown"));
    }

    /** Starts to wait for the SIGTERM that the launcher holds back, if it does. */
    void awaitSignal(Syscalls syscalls) throws IOException {
        if ((ProcessStatus.set("SigBlk") & ProcessStatus.set("SigIgn") & SIGTERM_BIT) == 0) {
            return;
        }
        Thread waiting =
                new Thread(
                        () -> {
                            syscalls.sigwait(SIGTERM);
                            end();
                        },
                        "sigterm");
        waiting.setDaemon(true);
        waiting.start();
    }

    /**
     * Hands over what is to be closed.
     *
     * @param closer begins its end, on any thread
     * @param writing whether the end may take any time: what guests have changed is lost before it
     */
    synchronized void serving(Runnable closer, boolean writing) {
        closing = closer;
        millis = writing ? Long.MAX_VALUE : SHUTDOWN_MILLIS;
        if (asked) {
            closer.run();
        }
    }

    /** Everything is closed: whatever status the process ends with is the right one. */
    void ended() {
        ended.countDown();
    }

    private void end() {
        if (ended.getCount() == 0) {
            return;
        }
        long patience;
        synchronized (this) {
            asked = true;
            patience = millis;
            if (closing != null) {
                closing.run();
            }
        }
        try {
            ended.await(patience, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        // Left alone, a JVM that a signal ends reports 128 + the signal's number.
        Runtime.getRuntime().halt(OK);
    }
}
