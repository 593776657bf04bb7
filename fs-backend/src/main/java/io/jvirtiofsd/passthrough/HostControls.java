package io.jvirtiofsd.passthrough;

import io.jvirtiofsd.fuse.ControlOperations;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.passthrough.rules.FileFlags;
import java.util.function.IntUnaryOperator;

/**
 * The few ioctl(2)s of open files, poll(2), and syncfs(2), of one session.
 *
 * <p><i>Thread-safe.</i>
 */
final class HostControls implements ControlOperations {
    // POLLIN, POLLOUT, POLLRDNORM, POLLWRNORM: files and directories are always ready
    private static final int ALWAYS_READY = 0x1 | 0x4 | 0x40 | 0x100; // asm-generic/poll.h

    private final HostDirectory share;
    private final HostSession session;
    private final HostWindow window;
    private final HostDirectories directories;
    private final Syscalls syscalls;

    HostControls(
            HostDirectory share,
            HostSession session,
            HostWindow window,
            HostDirectories directories) {
        this.share = share;
        this.session = session;
        this.window = window;
        this.directories = directories;
        this.syscalls = share.syscalls();
    }

    @Override
    public byte[] ioctlGet(long nodeId, long fh, int command, int bytes) throws ErrnoException {
        byte[] value = new byte[bytes];
        ioctl(nodeId, fh, command, value);
        Scratch.get().small().get(0, value, 0, bytes);
        return value;
    }

    @Override
    public void ioctlSet(long nodeId, long fh, int command, byte[] value) throws ErrnoException {
        share.refuseIfReadOnly();
        int getting = command == FileFlags.SETFLAGS ? FileFlags.GETFLAGS : FileFlags.FSGETXATTR;
        byte[] before = ioctlGet(nodeId, fh, getting, value.length);
        FileFlags.check(command, before, value, share.options().projectIds());
        ioctl(nodeId, fh, command, value);
    }

    /** Passes {@code value} in the thread's small block, where the answer is then. */
    private void ioctl(long nodeId, long fh, int command, byte[] value) throws ErrnoException {
        IntUnaryOperator call =
                fd -> {
                    NativeMemory memory = Scratch.get().small();
                    memory.put(0, value, 0, value.length);
                    return syscalls.ioctl(fd, command, memory.address());
                };
        ErrnoException.check(directories.with(nodeId, fh, call));
    }

    @Override
    public int poll(long nodeId, long fh, int events) throws ErrnoException {
        session.handle(nodeId, fh);
        return events & ALWAYS_READY;
    }

    /** Uses a descriptor of the object itself, or of the share where the object can have none. */
    @Override
    public void syncfs(long nodeId) throws ErrnoException {
        Inode inode = session.inode(nodeId);
        window.writeBack();
        boolean opens = inode.isRegular() || inode.isDirectory();
        int path = session.path(opens ? nodeId : FileSystem.ROOT);
        int fd =
                ErrnoException.check(
                        session.descriptors().opening(() -> share.reopen(path, Fcntl.O_RDONLY)));
        try {
            ErrnoException.check(syscalls.syncfs(fd));
        } finally {
            syscalls.close(fd);
        }
    }
}
