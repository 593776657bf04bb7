package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import java.nio.charset.StandardCharsets;

/**
 * Drops security.capability from a file that changes, where it has another name on the host: under
 * its own name the host's kernel does that. Owned by the share.
 *
 * <p><i>Thread-safe.</i> Source: capabilities(7).
 */
final class FileCapability {
    private static final byte[] NAME = "security.capability".getBytes(StandardCharsets.US_ASCII);

    private final Syscalls syscalls;
    private final byte[] hostName;

    FileCapability(Syscalls syscalls, XattrOptions options) {
        this.syscalls = syscalls;
        XattrMap map = options.map();
        boolean moved =
                options.enabled() && map.action(NAME, 0, NAME.length) == XattrMap.Action.PREFIX;
        this.hostName = moved ? XattrMap.join(map.prefix(NAME, 0, NAME.length), NAME) : null;
    }

    /** Drops the attribute; called before data or owner of the regular file {@code fd} change. */
    void drop(int fd) throws ErrnoException {
        if (hostName == null) {
            return;
        }
        Scratch scratch = Scratch.get();
        int result =
                syscalls.removexattr(
                        scratch.procPath(fd), scratch.path2(hostName, 0, hostName.length));
        if (result != -Errno.ENODATA && result != -Errno.EOPNOTSUPP) {
            ErrnoException.check(result);
        }
    }
}
