package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.Caller;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.SecurityContext;
import io.jvirtiofsd.fuse.XattrOperations;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.XattrMap;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Extended attributes of any kind of object, and the labels of new ones; of one session.
 *
 * <p>The guest's kernel has checked what its caller may do; the daemon acts as itself. What the
 * guest has open is asked by that descriptor: before each write(2) a guest asks for
 * security.capability. Other objects are reached by way of their O_PATH descriptors' links in
 * /proc, so nothing is opened, and a symbolic link means itself. That takes three times as long,
 * but no call takes an O_PATH descriptor: also getxattrat(2), with AT_EMPTY_PATH, says EBADF of it
 * (Linux 6.18). <i>Thread-safe.</i> Source: xattr(7).
 */
final class HostXattrs implements XattrOperations {
    private static final byte[] TRUSTED = "trusted.".getBytes(StandardCharsets.US_ASCII);

    private final HostDirectory share;
    private final HostSession session;
    private final Credentials credentials;
    private final Syscalls syscalls;
    private final XattrMap map;

    HostXattrs(HostDirectory share, HostSession session, Credentials credentials) {
        this.share = share;
        this.session = session;
        this.credentials = credentials;
        this.syscalls = share.syscalls();
        this.map = share.options().xattrs().map();
    }

    @Override
    public void setxattr(long nodeId, Name name, byte[] value, int flags, boolean killSgid)
            throws ErrnoException {
        requireEnabled();
        share.refuseIfReadOnly();
        Inode inode = session.inode(nodeId);
        int path = session.descriptors().of(inode);
        Credentials.Call call = () -> set(path, name, value, flags);
        ErrnoException.check(killSgid ? credentials.clearingSgid(group(path), call) : call.run());
        session.requireName(inode, path);
    }

    private int group(int path) throws ErrnoException {
        ErrnoException.check(share.statx(path));
        return Scratch.get().statx().getInt(Statx.GID);
    }

    private int set(int fd, Name name, byte[] value, int flags) {
        Scratch scratch = Scratch.get();
        long hostName;
        try {
            hostName = hostName(name);
        } catch (ErrnoException e) {
            return -e.errno();
        }
        NativeMemory memory = scratch.large();
        memory.put(0, value, 0, value.length);
        return syscalls.setxattr(
                scratch.procPath(fd), hostName, memory.address(), value.length, flags);
    }

    /**
     * Gives the new object that {@code fd} refers to the label that came with the caller's request.
     *
     * @return 0 or a negated errno
     */
    int label(int fd, Caller caller) {
        for (SecurityContext context : caller.securityContexts()) {
            int result =
                    share.options().xattrs().enabled()
                            ? set(fd, context.name(), context.value(), 0)
                            : -Errno.EOPNOTSUPP;
            if (result < 0) {
                return result;
            }
        }
        return 0;
    }

    @Override
    public byte[] getxattr(long nodeId, Name name) throws ErrnoException {
        requireEnabled();
        if (map.action(name.array(), name.offset(), name.offset() + name.length())
                == XattrMap.Action.BAD) {
            throw ErrnoException.of(Errno.ENODATA); // only changes are refused
        }
        Inode inode = session.inode(nodeId);
        NativeMemory memory = Scratch.get().large();
        long value = memory.address();
        long hostName = hostName(name);
        Fd open = inode.data();
        long length =
                open != null
                        ? syscalls.fgetxattr(open.number(), hostName, value, memory.size())
                        : syscalls.getxattr(path(inode), hostName, value, memory.size());
        return bytes(memory, (int) ErrnoException.check(length));
    }

    /**
     * Lists names of trusted.* to privileged callers only, as the host does. A guest that maps ids
     * does not say who asks; there every caller counts as privileged.
     */
    @Override
    public byte[] listxattr(Caller caller, long nodeId) throws ErrnoException {
        requireEnabled();
        Inode inode = session.inode(nodeId);
        NativeMemory memory = Scratch.get().large();
        Fd open = inode.data();
        long length =
                open != null
                        ? syscalls.flistxattr(open.number(), memory.address(), memory.size())
                        : syscalls.listxattr(path(inode), memory.address(), memory.size());
        byte[] names = bytes(memory, (int) ErrnoException.check(length));
        return visible(names, caller.uid() == 0 || caller.uid() == -1);
    }

    /** A path, as a C string in the thread's first path slot, that leads to {@code inode}. */
    private long path(Inode inode) throws ErrnoException {
        int path = session.descriptors().of(inode);
        return Scratch.get().procPath(path);
    }

    @Override
    public void removexattr(long nodeId, Name name) throws ErrnoException {
        requireEnabled();
        share.refuseIfReadOnly();
        Inode inode = session.inode(nodeId);
        int path = session.descriptors().of(inode);
        session.requireName(inode, path);
        ErrnoException.check(syscalls.removexattr(Scratch.get().procPath(path), hostName(name)));
    }

    private void requireEnabled() throws ErrnoException {
        if (!share.options().xattrs().enabled()) {
            throw ErrnoException.of(Errno.ENOSYS);
        }
    }

    private static byte[] bytes(NativeMemory memory, int length) {
        byte[] bytes = new byte[length];
        memory.get(0, bytes, 0, length);
        return bytes;
    }

    /** The name as the host knows it, as a C string in the thread's second path slot. */
    private long hostName(Name name) throws ErrnoException {
        byte[] bytes = name.array();
        int from = name.offset();
        int to = from + name.length();
        switch (map.action(bytes, from, to)) {
            case PREFIX -> {
                byte[] joined = XattrMap.join(map.prefix(bytes, from, to), name.toByteArray());
                return Scratch.get().path2(joined, 0, joined.length);
            }
            case BAD -> throw ErrnoException.of(Errno.EPERM);
            case UNSUPPORTED -> throw ErrnoException.of(Errno.EOPNOTSUPP);
            default -> {
                return Scratch.get().path2(bytes, from, name.length());
            }
        }
    }

    /** The host's list as the guest sees it; overwrites {@code names}. */
    private byte[] visible(byte[] names, boolean privileged) {
        int kept = 0;
        int from = 0;
        for (int at = 0; at < names.length; at++) {
            if (names[at] != 0) {
                continue;
            }
            int stripped = map.stripped(names, from, at);
            int shown = from + Math.max(0, stripped);
            boolean hidden = stripped < 0 || !privileged && startsWith(names, shown, at, TRUSTED);
            if (!hidden) {
                System.arraycopy(names, shown, names, kept, at + 1 - shown);
                kept += at + 1 - shown;
            }
            from = at + 1;
        }
        return kept == names.length ? names : Arrays.copyOf(names, kept);
    }

    private static boolean startsWith(byte[] names, int from, int to, byte[] prefix) {
        return to - from >= prefix.length
                && Arrays.equals(names, from, from + prefix.length, prefix, 0, prefix.length);
    }
}
