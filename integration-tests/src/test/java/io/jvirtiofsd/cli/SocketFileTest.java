package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEnd;
import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.backend.DaxOptions;
import io.jvirtiofsd.dax.DaxWindow;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The socket's file and its pid file have one owner, who removes no other's. */
@SuppressWarnings("try") // what is open need not be named
class SocketFileTest {
    private static final int RACES = 100;

    @TempDir Path folder;
    private Path share;

    @BeforeEach
    void makeShare() throws IOException {
        share = Files.createDirectory(folder.resolve("share"));
    }

    private BackEnd open(Path socket) throws IOException {
        return BackEnd.open(BackEndOptions.of(share, socket));
    }

    private static Path pidFile(Path socket) {
        return socket.resolveSibling(socket.getFileName() + ".pid");
    }

    private void assertTaken(Path socket) {
        IOException refused = assertThrows(IOException.class, () -> open(socket).close());
        assertTrue(refused.getMessage().contains("another process does"), refused.getMessage());
    }

    @Test
    void pidFileNamesTheProcessAndGoesWithTheSocket() throws IOException {
        Path socket = folder.resolve("s");
        try (BackEnd ignored = open(socket)) {
            Path file = pidFile(socket);
            assertEquals(ProcessHandle.current().pid() + "\n", Files.readString(file));
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
            assertEquals(
                    "rwx------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        }
        assertFalse(Files.exists(socket));
        assertFalse(Files.exists(pidFile(socket)));
    }

    /** A starter waits for the socket, then asks who listens. */
    @Test
    void pidFileHasItsNumberBeforeTheSocketIsThere() throws Exception {
        ExecutorService starter = Executors.newSingleThreadExecutor();
        try {
            for (int i = 0; i < RACES; i++) {
                Path socket = folder.resolve("s" + i);
                Future<String> read =
                        starter.submit(
                                () -> {
                                    while (!Files.exists(socket)) {
                                        Thread.onSpinWait();
                                    }
                                    return Files.readString(pidFile(socket));
                                });
                try (BackEnd ignored = open(socket)) {
                    assertEquals(ProcessHandle.current().pid() + "\n", read.get());
                }
            }
        } finally {
            starter.shutdownNow();
        }
    }

    /** It is not even changed for a moment: other threads of the process make files, too. */
    @Test
    void theProcessUmaskHasNoPartInTheSocketsMode() throws IOException {
        String group = Files.getAttribute(folder, "unix:gid").toString();
        Set<String> called = ConcurrentHashMap.newKeySet();
        Syscalls recording =
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            called.add(name);
                            return real.getAsLong();
                        });
        int umask = Syscalls.load().umask(0);
        try {
            for (int mask : new int[] {0, 077}) {
                Syscalls.load().umask(mask);
                assertEquals("rwx------", mode(recording, null));
                assertEquals("rwxrwx---", mode(recording, group));
                assertEquals(mask, Syscalls.load().umask(mask));
            }
        } finally {
            Syscalls.load().umask(umask);
        }
        assertTrue(called.contains("bind"));
        assertFalse(called.contains("umask"));
    }

    private String mode(Syscalls syscalls, String group) throws IOException {
        Path socket = folder.resolve("s");
        BackEndOptions options =
                BackEndOptions.builder(share).socketPath(socket).socketGroup(group).build();
        try (BackEnd ignored = BackEnd.open(syscalls, options)) {
            return PosixFilePermissions.toString(Files.getPosixFilePermissions(socket));
        }
    }

    /** Whatever the second daemon calls it: a name is compared as a file. */
    @Test
    void liveSocketIsNotTakenUnderAnotherSpelling() throws IOException {
        Path real = Files.createDirectory(folder.resolve("räume"));
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        Path socket = real.resolve("sö");
        Path here = Path.of("").toAbsolutePath();
        try (BackEnd ignored = open(socket)) {
            assertTaken(socket);
            assertTaken(link.resolve("sö"));
            assertTaken(real.resolve(".").resolve("sö"));
            assertTaken(real.resolve("../räume/sö"));
            assertTaken(here.relativize(socket));
            SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
        }
        assertFalse(Files.exists(socket));
    }

    @Test
    void oneOfTwoDaemonsThatStartAtOnceServes() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(2);
        CyclicBarrier start = new CyclicBarrier(2);
        CyclicBarrier opened = new CyclicBarrier(2);
        Path socket = folder.resolve("s");
        try {
            for (int i = 0; i < RACES; i++) {
                if (i % 2 == 1) { // what a killed daemon leaves
                    ServerSocketChannel.open(StandardProtocolFamily.UNIX)
                            .bind(UnixDomainSocketAddress.of(socket))
                            .close();
                    Files.writeString(pidFile(socket), "1\n");
                }
                Callable<Boolean> daemon =
                        () -> {
                            start.await();
                            try (BackEnd ignored = open(socket)) {
                                opened.await();
                                SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
                                return true;
                            } catch (IOException e) {
                                opened.await();
                                assertTrue(e.getMessage().contains("another process"), e::toString);
                                return false;
                            }
                        };
                List<Future<Boolean>> both = new ArrayList<>();
                both.add(threads.submit(daemon));
                both.add(threads.submit(daemon));
                int serving = (result(both.get(0)) ? 1 : 0) + (result(both.get(1)) ? 1 : 0);
                assertEquals(1, serving, "round " + i);
                assertFalse(Files.exists(socket));
                assertFalse(Files.exists(pidFile(socket)));
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static boolean result(Future<Boolean> future) throws Exception {
        try {
            return future.get();
        } catch (ExecutionException e) {
            throw new AssertionError(e.getCause());
        }
    }

    @Test
    void whatOthersPutInItsPlaceStays() throws IOException {
        Path socket = folder.resolve("s");
        try (BackEnd ignored = open(socket)) {
            Files.delete(socket);
            Files.delete(pidFile(socket));
            Files.writeString(socket, "precious");
            Files.writeString(pidFile(socket), "precious");
        }
        assertEquals("precious", Files.readString(socket));
        assertEquals("precious", Files.readString(pidFile(socket)));
        IOException refused = assertThrows(IOException.class, () -> open(socket).close());
        assertTrue(refused.getMessage().contains("not a socket"), refused.getMessage());
        assertEquals("precious", Files.readString(socket));
    }

    @Test
    void linksInItsPlaceAreNotFollowed() throws IOException {
        Path socket = folder.resolve("s");
        Path target = Files.writeString(folder.resolve("target"), "precious");
        Files.createSymbolicLink(pidFile(socket), target);
        assertThrows(IOException.class, () -> open(socket).close());
        Files.delete(pidFile(socket));
        Files.createLink(pidFile(socket), target);
        open(socket).close();
        Files.createSymbolicLink(socket, target);
        assertThrows(IOException.class, () -> open(socket).close());
        assertEquals("precious", Files.readString(target));
        assertFalse(Files.exists(pidFile(socket)));
    }

    /** A program that has no pid file listens there. */
    @Test
    void anotherProgramsSocketIsNotTaken() throws IOException {
        Path socket = folder.resolve("s");
        try (ServerSocketChannel other = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            other.bind(UnixDomainSocketAddress.of(socket));
            assertTaken(socket);
        }
        open(socket).close();
    }

    @Test
    void failedStartLeavesNothingOpen() throws IOException {
        Path socket = folder.resolve("s");
        open(socket).close(); // loads what stays open
        int before = OpenDescriptors.count();
        BackEndOptions wrong =
                BackEndOptions.builder(folder.resolve("no"))
                        .socketPath(socket)
                        .dax(DaxOptions.always(DaxWindow.RANGE_BYTES))
                        .build();
        assertThrows(IOException.class, () -> BackEnd.open(wrong).close());
        assertThrows(IOException.class, () -> open(folder.resolve("no/s")).close());
        OpenDescriptors.assertSettleAt(before);
        assertFalse(Files.exists(socket));
    }
}
