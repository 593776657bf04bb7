package io.jvirtiofsd.linux;

/**
 * How long a thread runs before one that waits for its processor has its turn. One that asks for
 * little at a time has it sooner, too, when it wakes up: so a queue that a guest keeps full leaves
 * others responsive where there are fewer processors than busy threads. Threads have what their
 * maker has. <i>Stateless.</i> Source: sched(7), sched_setattr(2); Linux 6.12 or later.
 */
public final class TimeSlice {
    private static final int SCHED_OTHER = 0; // linux/sched.h
    private static final long SHORTEST_NANOS = 100_000; // kernel/sched/syscalls.c
    private static final int ATTRIBUTE_BYTES = 48; // struct sched_attr: size@0 policy@4 runtime@24
    private static final int POLICY = 4;
    private static final int RUNTIME = 24;

    private TimeSlice() {}

    /** This thread's, in nanoseconds; 0 where the kernel has none that can be set. */
    static long nanos(Syscalls syscalls) {
        return get(syscalls).getLong(RUNTIME);
    }

    private static NativeMemory get(Syscalls syscalls) {
        NativeMemory attributes = Scratch.get().small();
        attributes.clear(0, ATTRIBUTE_BYTES);
        syscalls.schedGetattr(0, attributes.address(), ATTRIBUTE_BYTES);
        return attributes;
    }

    /** The shortest there is for this thread, unless somebody has given it a policy of its own. */
    public static void shorten(Syscalls syscalls) {
        NativeMemory attributes = get(syscalls);
        if (attributes.getInt(POLICY) == SCHED_OTHER && attributes.getLong(RUNTIME) != 0) {
            attributes.putLong(RUNTIME, SHORTEST_NANOS);
            syscalls.schedSetattr(0, attributes.address());
        }
    }
}
