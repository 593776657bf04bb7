package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import java.util.function.IntUnaryOperator;

/**
 * The few ioctl(2)s of open files, poll(2), and syncfs(2), each on the session it is given. <i>
 * Thread-safe.</i>
 */
final class HostControls {
    // POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM: files and directories are always ready
    private static final int ALWAYS_READY = 0x1 | 0x4 | 0x40 | 0x100; // asm-generic/poll.h

    private final HostDirectory share;
    private final Syscalls syscalls;
    private final HostDirectories directories;

    HostControls(HostDirectory share, HostDirectories directories) {
        this.share = share;
        this.directories = directories;
        this.syscalls = share.syscalls();
    }

    byte[] get(HostSession session, long nodeId, long fh, int command, int bytes)
            throws ErrnoException {
        byte[] value = new byte[bytes];
        ioctl(session, nodeId, fh, command, value);
        Scratch.get().small().get(0, value, 0, bytes);
        return value;
    }

    void set(HostSession session, long nodeId, long fh, int command, byte[] value)
            throws ErrnoException {
        share.refuseIfReadOnly();
        int getting = command == FileFlags.SETFLAGS ? FileFlags.GETFLAGS : FileFlags.FSGETXATTR;
        byte[] before = get(session, nodeId, fh, getting, value.length);
        FileFlags.check(command, before, value, share.options().projectIds());
        ioctl(session, nodeId, fh, command, value);
    }

    /** Passes {@code value} in the thread's small block, where the answer is then. */
    private void ioctl(HostSession session, long nodeId, long fh, int command, byte[] value)
            throws ErrnoException {
        IntUnaryOperator call =
                fd -> {
                    NativeMemory memory = Scratch.get().small();
                    memory.put(0, value, 0, value.length);
                    return syscalls.ioctl(fd, command, memory.address());
                };
        Failures.check(directories.with(session, nodeId, fh, call));
    }

    int poll(HostSession session, long nodeId, long fh, int events) throws ErrnoException {
        session.handle(nodeId, fh);
        return events & ALWAYS_READY;
    }

    /** By a descriptor of the object itself, or of the share where it can have none. */
    void syncfs(HostSession session, long nodeId) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        share.writeBack();
        boolean opens = inode.isRegular() || inode.isDirectory();
        int path = session.path(opens ? nodeId : FileSystem.ROOT);
        int fd =
                Failures.check(
                        session.descriptors().opening(() -> share.reopen(path, Fcntl.O_RDONLY)));
        try {
            Failures.check(syscalls.syncfs(fd));
        } finally {
            syscalls.close(fd);
        }
    }
}
