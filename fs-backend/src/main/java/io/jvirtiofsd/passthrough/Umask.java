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
 * is: nothing else that the process makes is open to others, and such a thread makes nothing else.
 * <i>Thread-safe.</i> Source: umask(2), unshare(2).
 */
final class Umask {
    private static final Logger LOG = LoggerFactory.getLogger(PassthroughFileSystem.class);

    private static final int CLONE_FS = 0x200; // linux/sched.h

    private final Syscalls syscalls;

    /** The umask of each thread that has one of its own. */
    private final ThreadLocal<Integer> own = new ThreadLocal<>();

    private volatile boolean refused;

    Umask(Syscalls syscalls) {
        this.syscalls = syscalls;
    }

    /** Makes the call under {@code umask}; its result, or a negated errno. */
    int during(int umask, Credentials.Call call) {
        Integer now = own.get();
        if (now == null && !takeOwn()) {
            return umask == 0 ? call.run() : -Errno.EPERM;
        }
        if (now == null || now != umask) {
            syscalls.umask(umask);
            own.set(umask);
        }
        return call.run();
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
            return true;
        }
        LOG.warn("no thread may have a umask of its own (errno {}): the process's is 0", -result);
        syscalls.umask(0);
        refused = true;
        return false;
    }
}
