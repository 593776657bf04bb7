package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.linux.Syscalls;

/**
 * Lets the host's kernel apply a guest's umask to one creating call: it does so only where the
 * directory has no default access list. Owned by the share.
 *
 * <p>A thread that needs it first gets a umask of its own, once. <i>Thread-safe.</i> Source:
 * umask(2), unshare(2).
 */
final class Umask {
    private static final int CLONE_FS = 0x200; // linux/sched.h

    private final Syscalls syscalls;
    private final ThreadLocal<Boolean> own = ThreadLocal.withInitial(() -> Boolean.FALSE);

    Umask(Syscalls syscalls) {
        this.syscalls = syscalls;
    }

    /** Makes the call under {@code umask}; its result, or a negated errno. */
    int during(int umask, Credentials.Call call) {
        if (umask == 0) {
            return call.run();
        }
        if (!own.get()) {
            int result = syscalls.unshare(CLONE_FS);
            if (result < 0) {
                return result;
            }
            own.set(Boolean.TRUE);
        }
        int before = syscalls.umask(umask);
        try {
            return call.run();
        } finally {
            syscalls.umask(before);
        }
    }
}
