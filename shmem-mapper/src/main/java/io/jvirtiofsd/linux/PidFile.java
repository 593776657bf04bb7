package io.jvirtiofsd.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The file beside a socket that says who owns it: SOCKET.pid, locked as long as its maker lives, as
 * virtiofsd has it. Owned by the {@link SocketFile}.
 *
 * <p>The lock decides between two daemons that start at once, whatever each of them calls the path.
 * The process's number stands in the file once there is a socket. <i>Immutable.</i> Source:
 * flock(2).
 */
final class PidFile implements Resource {
    private static final int OWNER_ONLY = 0600;
    private static final int MOST_TRIES = 1000;

    private final Syscalls syscalls;
    private final Path path;
    private final Fd fd;

    private PidFile(Syscalls syscalls, Path path, Fd fd) {
        this.syscalls = syscalls;
        this.path = path;
        this.fd = fd;
    }

    /**
     * Makes and locks the file that belongs to {@code socket}.
     *
     * @throws IOException if another process has it, or it cannot be made; one sentence for people
     */
    static PidFile lock(Syscalls syscalls, Path socket) throws IOException {
        Path path = socket.resolveSibling(socket.getFileName() + ".pid");
        for (int i = 0; i < MOST_TRIES; i++) {
            try (Parts parts = new Parts()) {
                Fd fd = parts.add(open(syscalls, path));
                int locked = syscalls.flock(fd.number(), Fcntl.LOCK_EX | Fcntl.LOCK_NB);
                if (locked == -LinuxErrno.EAGAIN) {
                    throw new IOException("cannot listen on " + socket + ": another process does");
                }
                LinuxException.check(locked, "cannot lock " + path);
                if (isOurs(syscalls, path, fd)) {
                    parts.complete();
                    return new PidFile(syscalls, path, fd);
                }
            }
        }
        throw new IOException("cannot lock " + path + ": others replace it again and again");
    }

    private static Fd open(Syscalls syscalls, Path path) throws LinuxException {
        int flags =
                Fcntl.O_RDWR
                        | Fcntl.O_CREAT
                        | Fcntl.O_NOFOLLOW
                        | Fcntl.O_NONBLOCK
                        | Fcntl.O_CLOEXEC;
        int fd = syscalls.openat(Fcntl.AT_FDCWD, NamedFile.name(path), flags, OWNER_ONLY);
        return Fd.own(syscalls, LinuxException.check(fd, "cannot listen, nor make " + path));
    }

    /**
     * Whether what is locked is the file at the path, and nobody else's. Another user's leftover is
     * removed, since he could say later which process our starter is to kill; and what has a second
     * name may be anything, and is not to be written to.
     */
    private static boolean isOurs(Syscalls syscalls, Path path, Fd fd) throws IOException {
        NamedFile locked = NamedFile.of(syscalls, fd.number());
        if (!locked.isSame(NamedFile.at(syscalls, path))) {
            return false; // its owner has ended meanwhile and removed it
        }
        if (locked.type() != Statx.S_IFREG) {
            throw new IOException("cannot lock " + path + ": it exists and is not a file");
        }
        if (locked.isOwn(syscalls, Statx.S_IFREG) && locked.links() == 1) {
            return true;
        }
        locked.remove(syscalls, path);
        return false;
    }

    /** Writes the number of the {@code process} that is to be signalled. */
    void write(long process) throws LinuxException {
        byte[] line = (process + "\n").getBytes(StandardCharsets.US_ASCII);
        NativeMemory text = Scratch.get().small();
        text.put(0, line, 0, line.length);
        LinuxException.check(syscalls.ftruncate(fd.number(), 0), "cannot write " + path);
        long written = syscalls.write(fd.number(), text.address(), line.length);
        LinuxException.check(written, "cannot write " + path);
    }

    /** Removes the file, if it is still there, and lets go of the lock. */
    @Override
    public void close() {
        NamedFile.of(syscalls, fd.number()).remove(syscalls, path);
        fd.close();
    }
}
