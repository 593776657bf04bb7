package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Errno;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import org.newsclub.net.unix.AFUNIXServerSocket;
import org.newsclub.net.unix.AFUNIXSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;
import org.newsclub.net.unix.FileDescriptorCast;

/**
 * Where front-ends come from: a socket file made here and removed at the end, or a descriptor that
 * the starter has passed. Owned by the server.
 */
public final class Listener implements AutoCloseable {
    private static final int SOL_SOCKET = 1; // asm-generic/socket.h
    private static final int SO_ACCEPTCONN = 30; // asm-generic/socket.h
    private static final int OWNER_ONLY_UMASK = 0077;
    private static final int BACKLOG = 16;

    private final int number;
    private final AFUNIXServerSocket server;
    private final Path file;
    private Fd connection;

    private Listener(int number, AFUNIXServerSocket server, Path file, Fd connection) {
        this.number = number;
        this.server = server;
        this.file = file;
        this.connection = connection;
    }

    /**
     * Listens on a new socket file; an old one that nobody listens on is replaced.
     *
     * @param group name or number of the group that may connect, or null for the owner only
     * @throws IOException with one sentence for people
     */
    public static Listener bind(Syscalls syscalls, Path file, String group) throws IOException {
        removeStale(file);
        int umask = syscalls.umask(OWNER_ONLY_UMASK);
        try {
            AFUNIXServerSocket server = AFUNIXServerSocket.newInstance();
            try {
                server.bind(AFUNIXSocketAddress.of(file), BACKLOG);
                server.setDeleteOnClose(false); // the path may be another's by then: see close()
                if (group != null) {
                    admit(file, group);
                }
                int number = FileDescriptorCast.using(server.getFileDescriptor()).as(Integer.class);
                return new Listener(number, server, file, null);
            } catch (IOException e) {
                server.close();
                throw e;
            }
        } catch (IOException e) {
            throw new IOException("cannot listen on " + file + ": " + reason(e), e);
        } finally {
            syscalls.umask(umask);
        }
    }

    private static String reason(IOException e) {
        if (e instanceof NoSuchFileException) {
            return "no such file or directory";
        }
        return e.getMessage() != null ? e.getMessage() : e.getClass().getSimpleName();
    }

    private static void removeStale(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int type = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS) & 0xf000;
        if (type != 0xc000) { // S_IFSOCK
            throw new IOException("cannot listen on " + file + ": it exists and is not a socket");
        }
        try (AFUNIXSocket probe = AFUNIXSocket.connectTo(AFUNIXSocketAddress.of(file))) {
            throw new IOException(
                    "cannot listen on " + file + ": another process does (" + probe + ")");
        } catch (java.net.SocketException e) {
            Files.deleteIfExists(file);
        }
    }

    private static void admit(Path file, String group) throws IOException {
        PosixFileAttributeView view =
                Files.getFileAttributeView(
                        file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
        if (group.chars().allMatch(Character::isDigit)) {
            Files.setAttribute(file, "unix:gid", Integer.valueOf(group), LinkOption.NOFOLLOW_LINKS);
        } else {
            GroupPrincipal principal;
            try {
                principal =
                        file.getFileSystem()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByGroupName(group);
            } catch (java.nio.file.attribute.UserPrincipalNotFoundException e) {
                throw new IOException("there is no group " + group, e);
            }
            view.setGroup(principal);
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwx---"));
    }

    /** Takes an open descriptor: a listening socket, or one that a front-end is connected to. */
    public static Listener adopt(Syscalls syscalls, int number) throws IOException {
        NativeMemory value = NativeMemory.allocate(16);
        value.putInt(8, 4); // socklen_t
        int result =
                syscalls.getsockopt(
                        number, SOL_SOCKET, SO_ACCEPTCONN, value.address(), value.address(8));
        if (result < 0) {
            throw new IOException(
                    "cannot use descriptor " + number + ": " + Errno.describe(-result));
        }
        Fd fd = Fd.own(syscalls, number);
        boolean listening = value.getInt(0) != 0;
        return new Listener(number, null, null, listening ? null : fd);
    }

    /** Whether this is one connection, not a place to wait for many. */
    boolean isConnected() {
        return server == null && connection != null;
    }

    /** Gives the connection; only once. */
    Fd takeConnection() {
        return connection;
    }

    /** The listening descriptor. */
    int number() {
        return number;
    }

    /** Throws for a failed accept, unless it is worth trying again. */
    void checkAccept(int result) throws LinuxException {
        boolean passing =
                result == -Errno.EINTR || result == -Errno.EAGAIN || result == -Errno.ECONNABORTED;
        if (!passing) {
            LinuxException.check(result, "accept");
        }
    }

    @Override
    public void close() {
        try {
            if (server != null) {
                server.close();
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // The process ends; a socket file that cannot be removed is found stale next time.
        }
    }
}
