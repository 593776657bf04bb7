package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.linux.Syscalls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes what a guest creates under the guest's umask, which is 0 unless it is left to the host's
 * kernel because of default access lists. Owned by the share.
 *
 * <p>A thread that creates first gets a umask of its own, once, so that the process's stays as it
 * is: nothing else that the process makes is open to others. <i>Thread-safe.</i> Source: umask(2),
 * unshare(2).
 */
final class Umask {
    private static final Logger LOG = LoggerFactory.getLogger(PassthroughFileSystem.class);

    private static final int CLONE_FS = 0x200; // linux/sched.h
    private static final int BETWEEN = 077; // of the thread while it creates nothing

    private final Syscalls syscalls;
    private final ThreadLocal<Boolean> own = ThreadLocal.withInitial(() -> Boolean.FALSE);
    private volatile boolean refused;

    Umask(Syscalls syscalls) {
        this.syscalls = syscalls;
    }

    /** Makes the call under {@code umask}; its result, or a negated errno. */
    int during(int umask, Credentials.Call call) {
        if (!own.get() && !takeOwn()) {
            return umask == 0 ? call.run() : -Errno.EPERM;
        }
        try {
            syscalls.umask(umask);
            return call.run();
        } finally {
            syscalls.umask(BETWEEN);
        }
    }

    /**
     * Where that is forbidden, as in some containers, the process's umask has to be the guest's.
     */
    private boolean takeOwn() {
        if (refused) {
            return false;
        }
        int result = syscalls.unshare(CLONE_FS);
        if (result >= 0) {
            own.set(Boolean.TRUE);
            return true;
        }
        LOG.warn("no thread may have a umask of its own (errno {}): the process's is 0", -result);
        syscalls.umask(0);
        refused = true;
        return false;
    }
}
