package io.jvirtiofsd.linux;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * An open file descriptor with one owner, closed exactly once.
 *
 * <p>Words used for descriptors throughout: a method <i>takes</i> an {@code Fd} (the caller gives
 * up ownership), <i>borrows</i> its {@link #number} (valid while the owner keeps it open) or
 * <i>gives</i> one (the caller owns the result).
 *
 * <p><i>Thread-safe.</i>
 */
public final class Fd implements Resource {
    private final Syscalls syscalls;
    private final int number;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Fd(Syscalls syscalls, int number) {
        this.syscalls = syscalls;
        this.number = number;
    }

    /** Takes ownership of the open descriptor {@code number} &ge; 0. */
    public static Fd own(Syscalls syscalls, int number) {
        if (number < 0) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        return new Fd(syscalls, number);
    }

    /** The descriptor's number, borrowed. */
    public int number() {
        return number;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            syscalls.close(number);
        }
    }

    @Override
    public String toString() {
        return "fd " + number;
    }
}
