package io.jvirtiofsd.linux;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalNotFoundException;

/**
 * A listening socket with a name in the file system; owned by the {@link Listener}.
 *
 * <p>The {@link PidFile} keeps other daemons away from the name. Of what stands there only a socket
 * is removed that nobody listens on, at the start, and our own, at the end: it is known by its
 * inode, which nobody else gets while the socket is open. The mode comes by the socket, which is
 * closed to others before it has a name, then mode and group by a descriptor: so no link that
 * others put there is followed, and the process's umask stays as it is. <i>Confined to one thread
 * at a time</i>: the one that opens it, then those that end the server. Source: unix(7).
 */
final class SocketFile implements Resource {
    private static final int OWNER_ONLY = 0700;
    private static final int OWNER_AND_GROUP = 0770;
    private static final int BACKLOG = 16;
    private static final long MOST_GID = 0xffff_fffeL;

    private final Syscalls syscalls;
    private final Path path;
    private final String failure;
    private final Parts names = new Parts(); // what stands in the folder: socket and pid file
    private Fd socket;
    private NamedFile bound;

    private SocketFile(Syscalls syscalls, Path path, String failure) {
        this.syscalls = syscalls;
        this.path = path;
        this.failure = failure;
    }

    /**
     * Makes the file and listens.
     *
     * @param group name or number of the group that may connect, or null for the owner only
     * @param process the number for the {@link PidFile}
     * @throws IOException with one sentence for people
     */
    static SocketFile listen(Syscalls syscalls, Path path, String group, long process)
            throws IOException {
        SocketFile file =
                new SocketFile(syscalls, path.toAbsolutePath(), "cannot listen on " + path);
        try {
            file.listen(file.address(path), group, process);
            return file;
        } catch (IOException | RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private void listen(NativeMemory address, String group, long process) throws IOException {
        PidFile pidFile = names.add(PidFile.lock(syscalls, path));
        removeStale(address);
        pidFile.write(process); // who waits for the socket may read it at once
        socket = UnixSocket.create(syscalls, failure);
        // The file takes its mode from the socket, less the umask.
        LinuxException.check(syscalls.fchmod(socket.number(), OWNER_ONLY), failure);
        int result = syscalls.bind(socket.number(), address.address(), address.size());
        LinuxException.check(result, failure);
        bound = NamedFile.at(syscalls, path);
        if (bound == null || !bound.isOwn(syscalls, Statx.S_IFSOCK)) {
            throw new IOException(failure + ": it was replaced at once");
        }
        names.add(() -> bound.remove(syscalls, path));
        if (group != null) {
            admit(group);
        }
        LinuxException.check(syscalls.listen(socket.number(), BACKLOG), failure);
    }

    /** The address of the absolute path; of {@code given} if only that is short enough. */
    private NativeMemory address(Path given) throws IOException {
        if (path.getFileName() == null || NamedFile.bytes(path).length > Scratch.MOST_PATH_BYTES) {
            throw new IOException(failure + ": no name for a socket");
        }
        byte[] bytes = NamedFile.bytes(path);
        if (bytes.length > UnixSocket.MOST_PATH_BYTES) {
            bytes = NamedFile.bytes(given);
        }
        if (bytes.length > UnixSocket.MOST_PATH_BYTES) {
            throw new IOException(
                    failure + ": longer than " + UnixSocket.MOST_PATH_BYTES + " bytes");
        }
        return UnixSocket.address(bytes);
    }

    /**
     * Removes a socket that nobody listens on. A program that knows no pid file can only be asked
     * by connecting: the kernel's list of sockets knows paths, not files, and one network
     * namespace.
     */
    private void removeStale(NativeMemory address) throws IOException {
        NamedFile old = NamedFile.at(syscalls, path);
        if (old == null) {
            return;
        }
        if (old.type() != Statx.S_IFSOCK) {
            throw new IOException(failure + ": it exists and is not a socket");
        }
        try (Fd asking = UnixSocket.create(syscalls, failure)) {
            int result = syscalls.connect(asking.number(), address.address(), address.size());
            if (result != -LinuxErrno.ECONNREFUSED) {
                throw new IOException(failure + ": another process does");
            }
        }
        old.remove(syscalls, path);
    }

    /** Gives the bound socket to a group; another file may stand at the path by now. */
    private void admit(String group) throws IOException {
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        int number = syscalls.openat(Fcntl.AT_FDCWD, NamedFile.name(path), flags, 0);
        try (Fd fd = Fd.own(syscalls, LinuxException.check(number, failure))) {
            if (!bound.isSame(NamedFile.of(syscalls, fd.number()))) {
                throw new IOException(failure + ": it was replaced at once");
            }
            Path file = Path.of("/proc/self/fd/" + fd.number());
            if (!group.isEmpty() && group.chars().allMatch(c -> c >= '0' && c <= '9')) {
                Files.setAttribute(file, "unix:gid", gid(group));
            } else {
                GroupPrincipal principal =
                        file.getFileSystem()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByGroupName(group);
                Files.getFileAttributeView(file, PosixFileAttributeView.class).setGroup(principal);
            }
            Files.setAttribute(file, "unix:mode", OWNER_AND_GROUP);
        } catch (UserPrincipalNotFoundException e) {
            throw new IOException("there is no group " + group, e);
        } catch (FileSystemException e) {
            throw new IOException(failure + " for group " + group + ": " + e.getReason(), e);
        }
    }

    private static int gid(String digits) throws IOException {
        try {
            long gid = Long.parseLong(digits);
            if (gid <= MOST_GID) {
                return (int) gid;
            }
        } catch (NumberFormatException e) {
            // more than 64 bits
        }
        throw new IOException("there is no group " + digits);
    }

    /** The listening socket, borrowed. */
    Fd socket() {
        return socket;
    }

    /** Removes the socket's file and the pid file; the socket itself stays open. */
    void remove() {
        names.close();
        names.complete();
    }

    @Override
    public void close() {
        remove();
        if (socket != null) {
            socket.close();
        }
    }
}
