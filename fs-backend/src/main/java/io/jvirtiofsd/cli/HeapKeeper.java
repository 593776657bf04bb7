package io.jvirtiofsd.cli;

import java.time.Duration;

/**
 * Sees to it that what sessions and forgotten inodes leave behind is collected while it is little.
 *
 * <p>It is old when it dies. The serial collector of JDK 25 collects what is old only when the heap
 * cannot grow any more, so that a daemon whose guests boot and go would come to hold all that it is
 * let have; and what buffers outside of the heap belong to it stays as long. Others cost more
 * threads and memory than a daemon of this size has use for. <i>Confined to its thread.</i>
 */
final class HeapKeeper implements Runnable {
    private static final Duration PAUSE = Duration.ofSeconds(1);
    private static final long ALLOWANCE_BYTES = 8 << 20;

    private final long pauseMillis;
    private long liveBytes;

    /** Looks once in every {@code pause}. */
    HeapKeeper(Duration pause) {
        pauseMillis = pause.toMillis();
    }

    /** Starts it; interrupting it ends it. */
    static Thread start() {
        Thread thread = new Thread(new HeapKeeper(PAUSE), "heap");
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** The garbage may be half as much as what is alive, and a little more. */
    private boolean isDue() {
        return usedBytes() - liveBytes > liveBytes / 2 + ALLOWANCE_BYTES;
    }

    private static long usedBytes() {
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    @Override
    public void run() {
        while (true) {
            if (isDue()) {
                System.gc();
                liveBytes = usedBytes();
            }
            try {
                Thread.sleep(pauseMillis); // no event tells that garbage has become old
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
