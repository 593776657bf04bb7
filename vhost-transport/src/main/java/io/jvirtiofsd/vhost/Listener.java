package io.jvirtiofsd.vhost;

import io.jvirtiofsd.linux.Errno;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.LinuxException;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipalNotFoundException;
import java.util.stream.Stream;

/**
 * Where front-ends come from: a socket file made here and removed at the end, or a descriptor that
 * the starter has passed. Owned by the server.
 *
 * <p>The file is made by bind(2) itself under a strict umask: junixsocket makes it writable for all
 * for a moment. Source: unix(7).
 */
public final class Listener implements AutoCloseable {
    // spotless:off
    private static final int AF_UNIX       = 1;       // bits/socket.h
    private static final int SOCK_STREAM   = 1;       // bits/socket_type.h
    private static final int SOCK_NONBLOCK = 0x800;   // bits/socket_type.h
    private static final int SOCK_CLOEXEC  = 0x80000; // bits/socket_type.h
    private static final int SOL_SOCKET    = 1;       // asm-generic/socket.h
    private static final int SO_ACCEPTCONN = 30;      // asm-generic/socket.h
    private static final int SO_ACCEPTCON  = 0x10000; // linux/net.h, as /proc/net/unix shows it
    private static final int S_IFMT        = 0xf000;  // linux/stat.h
    private static final int S_IFSOCK      = 0xc000;  // linux/stat.h
    // spotless:on

    private static final int PATH_AT = 2; // struct sockaddr_un: family@0 path@2
    private static final int PATH_BYTES = 108; // linux/un.h UNIX_PATH_MAX, with a NUL
    private static final int OWNER_ONLY_UMASK = 0077;
    private static final int BACKLOG = 16;

    private final Fd fd;
    private final boolean connected;
    private final Path file;

    private Listener(Fd fd, boolean connected, Path file) {
        this.fd = fd;
        this.connected = connected;
        this.file = file;
    }

    /**
     * Listens on a new socket file; an old one that nobody listens on is replaced.
     *
     * @param group name or number of the group that may connect, or null for the owner only
     * @throws IOException with one sentence for people
     */
    public static Listener bind(Syscalls syscalls, Path file, String group) throws IOException {
        removeStale(file);
        String failure = "cannot listen on " + file;
        byte[] path = file.toString().getBytes(StandardCharsets.UTF_8);
        if (path.length >= PATH_BYTES) {
            throw new IOException(failure + ": longer than " + (PATH_BYTES - 1) + " bytes");
        }
        int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
        Fd fd = Fd.own(syscalls, LinuxException.check(syscalls.socket(AF_UNIX, type, 0), failure));
        try {
            NativeMemory address = NativeMemory.allocate(PATH_AT + PATH_BYTES);
            address.putShort(0, (short) AF_UNIX);
            address.putCString(PATH_AT, path, 0, path.length);
            int umask = syscalls.umask(OWNER_ONLY_UMASK);
            int bound = syscalls.bind(fd.number(), address.address(), address.size());
            syscalls.umask(umask);
            LinuxException.check(bound, failure);
            try {
                if (group != null) {
                    admit(file, group);
                }
                LinuxException.check(syscalls.listen(fd.number(), BACKLOG), failure);
            } catch (IOException e) {
                Files.deleteIfExists(file);
                throw e;
            }
            return new Listener(fd, false, file);
        } catch (IOException e) {
            fd.close();
            throw e;
        }
    }

    private static void removeStale(Path file) throws IOException {
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        int mode = (int) Files.getAttribute(file, "unix:mode", LinkOption.NOFOLLOW_LINKS);
        if ((mode & S_IFMT) != S_IFSOCK) {
            throw new IOException("cannot listen on " + file + ": it exists and is not a socket");
        }
        if (isListenedOn(file)) {
            throw new IOException("cannot listen on " + file + ": another process does");
        }
        Files.deleteIfExists(file);
    }

    /** Asks the kernel's list: connecting would be taken for a front-end. */
    private static boolean isListenedOn(Path file) throws IOException {
        // Num RefCount Protocol Flags Type St Inode Path
        String suffix = " " + file;
        try (Stream<String> lines =
                Files.lines(Path.of("/proc/net/unix"), StandardCharsets.ISO_8859_1)) {
            return lines.anyMatch(
                    line ->
                            line.endsWith(suffix)
                                    && (Integer.parseInt(line.split(" +")[3], 16) & SO_ACCEPTCON)
                                            != 0);
        }
    }

    private static void admit(Path file, String group) throws IOException {
        if (group.chars().allMatch(Character::isDigit)) {
            Files.setAttribute(file, "unix:gid", Integer.valueOf(group), LinkOption.NOFOLLOW_LINKS);
        } else {
            try {
                GroupPrincipal principal =
                        file.getFileSystem()
                                .getUserPrincipalLookupService()
                                .lookupPrincipalByGroupName(group);
                Files.getFileAttributeView(
                                file, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                        .setGroup(principal);
            } catch (UserPrincipalNotFoundException e) {
                throw new IOException("there is no group " + group, e);
            }
        }
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxrwx---"));
    }

    /** Takes an open descriptor: a listening socket, or one that a front-end is connected to. */
    public static Listener adopt(Syscalls syscalls, int number) throws IOException {
        NativeMemory value = NativeMemory.allocate(16); // int@0, socklen_t@8
        value.putInt(8, Integer.BYTES);
        int result =
                syscalls.getsockopt(
                        number, SOL_SOCKET, SO_ACCEPTCONN, value.address(), value.address(8));
        if (result < 0) {
            throw new IOException(
                    "cannot use descriptor " + number + ": " + Errno.describe(-result));
        }
        return new Listener(Fd.own(syscalls, number), value.getInt(0) == 0, null);
    }

    /** Whether this is one connection, not a place to wait for many. */
    boolean isConnected() {
        return connected;
    }

    /** The descriptor: the connection, or what to accept connections from. */
    Fd fd() {
        return fd;
    }

    @Override
    public void close() {
        fd.close();
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            // The process ends; a socket file that cannot be removed is found stale next time.
        }
    }
}
