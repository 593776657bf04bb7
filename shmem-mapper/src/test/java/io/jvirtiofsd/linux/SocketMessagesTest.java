package io.jvirtiofsd.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SocketMessagesTest {
    private static final Syscalls SYSCALLS = Syscalls.load();

    @TempDir Path folder;

    /** Numbers of all open descriptors that are sockets. */
    private static Set<Integer> sockets() throws Exception {
        try (var fds = Files.list(Path.of("/proc/self/fd"))) {
            return fds.filter(
                            fd -> {
                                try {
                                    return Files.readSymbolicLink(fd)
                                            .toString()
                                            .startsWith("socket:");
                                } catch (java.io.IOException e) {
                                    return false; // the descriptor that lists the folder
                                }
                            })
                    .map(fd -> Integer.valueOf(fd.getFileName().toString()))
                    .collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private interface Body {
        void run(SocketMessages a, SocketMessages b, SocketChannel channelA) throws Exception;
    }

    private void connected(Body body) throws Exception {
        var address = UnixDomainSocketAddress.of(folder.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            Set<Integer> before = sockets();
            try (SocketChannel a = SocketChannel.open(address)) {
                Set<Integer> first = sockets();
                first.removeAll(before);
                try (SocketChannel b = server.accept()) {
                    Set<Integer> second = sockets();
                    second.removeAll(before);
                    second.removeAll(first);
                    assertTrue(b.isConnected());
                    body.run(
                            new SocketMessages(SYSCALLS, first.iterator().next()),
                            new SocketMessages(SYSCALLS, second.iterator().next()),
                            a);
                }
            }
        }
    }

    @Test
    void descriptorsComeWithTheirFirstByteAndAreOwned() throws Exception {
        connected(
                (a, b, channel) -> {
                    NativeMemory buffer = NativeMemory.allocate(16);
                    buffer.putLong(0, 42);
                    try (EventFd event = EventFd.create(SYSCALLS)) {
                        int[] many = new int[SocketMessages.MAX_FDS];
                        java.util.Arrays.fill(many, event.number());
                        a.send(buffer, 0, 8, many);
                        List<Fd> fds = new ArrayList<>();
                        assertEquals(3, b.receive(buffer, 8, 3, fds));
                        assertEquals(SocketMessages.MAX_FDS, fds.size());
                        List<Fd> none = new ArrayList<>();
                        assertEquals(5, b.receive(buffer, 11, 5, none));
                        assertTrue(none.isEmpty());
                        assertEquals(42, buffer.getLong(8));
                        EventFd.adopt(SYSCALLS, fds.get(7)).signal();
                        assertEquals(1, event.drain());
                        int cloexec = SYSCALLS.fcntl(fds.get(0).number(), 1, 0); // F_GETFD
                        assertEquals(1, cloexec & 1);
                        fds.forEach(Fd::close);
                    }
                });
    }

    /** A message may come in as many pieces as it has bytes, each with as many as Linux allows. */
    @Test
    void aMessageInPiecesBringsNoMoreDescriptorsThanAWholeOne() throws Exception {
        connected(
                (a, b, channel) -> {
                    NativeMemory buffer = NativeMemory.allocate(16);
                    try (EventFd event = EventFd.create(SYSCALLS)) {
                        int[] many = new int[SocketMessages.MAX_FDS];
                        java.util.Arrays.fill(many, event.number());
                        a.send(buffer, 0, 1, many);
                        a.send(buffer, 1, 1, event.number());
                        List<Fd> fds = new ArrayList<>();
                        assertEquals(1, b.receive(buffer, 0, 1, fds));
                        assertThrows(LinuxException.class, () -> b.receive(buffer, 1, 1, fds));
                        assertEquals(SocketMessages.MAX_FDS + 1, fds.size()); // to be closed
                        fds.forEach(Fd::close);
                    }
                });
    }

    @Test
    void endOfStreamIsZeroAndSendingIntoItFails() throws Exception {
        connected(
                (a, b, channel) -> {
                    channel.close();
                    NativeMemory buffer = NativeMemory.allocate(16);
                    assertEquals(0, b.receive(buffer, 0, 8, new ArrayList<>()));
                    assertThrows(LinuxException.class, () -> b.send(buffer, 0, 8));
                });
    }
}
