package io.jvirtiofsd.linux;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Lets chosen system calls fail or wait, for tests of error paths and of orders that are rare;
 * owned by the test.
 *
 * <p><i>Thread-safe.</i>
 */
public final class FaultySyscalls {
    private record Fault(AtomicInteger callsBefore, AtomicInteger failures, int errno) {}

    private final Map<String, Fault> faults = new ConcurrentHashMap<>();
    private final Set<String> held = ConcurrentHashMap.newKeySet();
    private final Map<String, CountDownLatch> waiting = new ConcurrentHashMap<>(); // by thread
    private final Syscalls calls =
            AlteredSyscalls.with(
                    (name, arguments, real) -> {
                        if (held.contains(name)) {
                            awaitRelease();
                        }
                        int errno = faultOf(name);
                        return errno == 0 ? real.getAsLong() : -errno;
                    });

    /** The calls, with the faults. */
    public Syscalls calls() {
        return calls;
    }

    /**
     * From now on, after {@code callsBefore} more calls, the next {@code failures} calls of {@code
     * method} (a name in {@link Syscalls}) fail with {@code errno}.
     */
    public void fail(String method, int callsBefore, int failures, int errno) {
        faults.put(
                method,
                new Fault(new AtomicInteger(callsBefore), new AtomicInteger(failures), errno));
    }

    /** From now on each call of {@code method} waits until its thread is released. */
    public void hold(String method) {
        held.add(method);
    }

    private void awaitRelease() throws InterruptedException {
        CountDownLatch latch = new CountDownLatch(1);
        waiting.put(Thread.currentThread().getName(), latch);
        latch.await();
    }

    /** Whether {@code thread} is in a call that waits. */
    public boolean isHeld(String thread) {
        return waiting.containsKey(thread);
    }

    /** Lets the one call go on in which {@code thread} waits. */
    public void release(String thread) {
        waiting.remove(thread).countDown();
    }

    /** Lets all calls of {@code method} pass again, and those go on that wait. */
    public void releaseAll(String method) {
        held.remove(method);
        waiting.keySet().forEach(this::release);
    }

    private int faultOf(String method) {
        Fault fault = faults.get(method);
        if (fault == null
                || fault.callsBefore.getAndDecrement() > 0
                || fault.failures.getAndDecrement() <= 0) {
            return 0;
        }
        return fault.errno;
    }
}
