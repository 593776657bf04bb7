package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.jvirtiofsd.ivshmem.DoublingPeer;
import io.jvirtiofsd.ivshmem.FakeClient;
import io.jvirtiofsd.ivshmem.IvshmemPeer;
import io.jvirtiofsd.linux.Syscalls;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code jvirtiofsd ivshmem} as its starters see it: options, exit status, what it may do. */
class IvshmemCommandIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final long FEW = 1 << 0 | 1 << 1 | 1 << 3; // chown, dac_override, fowner

    @TempDir Path folder;
    private Path memory;
    private Path socket;

    @BeforeEach
    void makeMemory() throws IOException {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        memory = folder.resolve("the memory");
        try (RandomAccessFile file = new RandomAccessFile(memory.toFile(), "rw")) {
            file.setLength(1 << 16);
        }
        socket = folder.resolve("s");
    }

    private static List<String> command(String... options) {
        List<String> command = new ArrayList<>(List.of(Daemon.launcher().toString(), "ivshmem"));
        command.addAll(List.of(options));
        return command;
    }

    private Daemon start(String... options) {
        List<String> command = command("--socket-path=" + socket, "--vectors=2");
        command.addAll(List.of(options));
        return Daemon.startAs(command, socket);
    }

    private IvshmemPeer join() throws IOException {
        return IvshmemPeer.join(socket, 2, SOON);
    }

    private void assertRefused(int status, String part, String... options) {
        ExecResult result = Processes.run(SOON, command(options));
        assertEquals(status, result.exitCode(), result.text());
        assertEquals(1, result.text().lines().count(), result.text());
        assertTrue(result.text().startsWith("jvirtiofsd: "), result.text());
        assertTrue(result.text().contains(part), result.text());
        assertFalse(Files.exists(socket));
    }

    @Test
    void whatCannotBeIsOneLine() throws IOException {
        String at = "--socket-path=" + socket;
        assertRefused(2, "either --socket-path", "--size=1M");
        assertRefused(2, "--shared-dir", at, "--size=1M", "--shared-dir=/");
        assertRefused(1, "no power of two", at, "--size=3M");
        assertRefused(1, "not a socket", "--socket-path=" + memory, "--size=1M");
        assertRefused(1, "descriptor 77", "--fd=77", "--size=1M");
        assertRefused(1, "the limit is 300", at, "--size=1M", "--rlimit-nofile=300", "--vectors=9");
        assertRefused(1, "no group", at, "--size=1M", "--socket-group=no-such-group");
        assertRefused(1, "no such file", at, "--shm-path=" + folder.resolve("none"));
        assertRefused(1, "directory", at, "--shm-path=" + folder);
        Path odd = Files.writeString(folder.resolve("odd"), "x".repeat(5000));
        assertRefused(1, odd + ": its size, 5000 bytes", at, "--shm-path=" + odd);
        assertTrue(Processes.run(SOON, command("--help")).text().contains("--max-peers"));
        assertTrue(Processes.run(SOON, command("--version")).text().startsWith("jvirtiofsd 0."));
    }

    @Test
    void socketIsTheGroupsAndGoesWithTheDaemon() throws Exception {
        try (Daemon daemon = start("--size=64K", "--socket-group=daemon")) {
            assertEquals("daemon:770", ShareRig.onHost("stat -c %G:%a " + socket).strip());
            assertEquals(daemon.pid() + "\n", Files.readString(folder.resolve("s.pid")));
            ExecResult second =
                    Processes.run(SOON, command("--socket-path=" + socket, "--size=64K"));
            assertTrue(second.text().contains("another process does"), second.text());
            try (IvshmemPeer one = join();
                    IvshmemPeer two = join()) {
                assertEquals(1 << 16, one.memoryBytes());
                assertTrue(Processes.await(SOON, () -> one.ring(two.id(), 1)));
                assertEquals(1, two.await(1, SOON));
            }
            assertEquals(List.of(), daemon.complaints());
            assertEquals(OptionalInt.of(0), daemon.stop());
        }
        assertFalse(Files.exists(socket));
        assertFalse(Files.exists(folder.resolve("s.pid")));
    }

    @Test
    void itHasTheFileAndTheSocketsFolderAndNothingElse() throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "needs root");
        for (String what : new String[] {"--shm-path=" + memory, "--size=64K"}) {
            try (Daemon daemon = start(what);
                    IvshmemPeer peer = join()) { // whom it serves once it is confined
                peer.memory(0, 8).putLongRelease(0, 0x6f6c6c6568L); // hello
                Path process = Path.of("/proc/" + daemon.servingPid());
                List<String> status = Files.readAllLines(process.resolve("status"));
                for (String set : List.of("CapPrm", "CapEff", "CapBnd")) {
                    assertTrue(status.contains("%s:\t%016x".formatted(set, FEW)), "" + status);
                }
                assertTrue(status.contains("Seccomp:\t2"), "" + status);
                Set<String> root;
                try (Stream<Path> names = Files.list(process.resolve("root"))) {
                    root = names.map(p -> "" + p.getFileName()).collect(Collectors.toSet());
                }
                assertFalse(root.contains("home"), "" + root);
                assertFalse(root.contains("bin"), "" + root);
                boolean isFile = what.contains("shm");
                assertEquals(isFile, root.contains(".share"));
                assertTrue(!isFile || Files.size(process.resolve("root/.share")) == 1 << 16);
            }
        }
        assertTrue(Files.readString(memory).startsWith("hello"));
    }

    @Test
    void anOrdinaryUserServesToo() throws Exception {
        assumeTrue(Syscalls.load().geteuid() == 0, "needs root");
        Files.setPosixFilePermissions(memory, PosixFilePermissions.fromString("rw-rw-rw-"));
        List<String> modes = new ArrayList<>(List.of("--sandbox=none"));
        modes.add("--log-level=info"); // Landlock
        if (OrdinaryUser.mayUnshare()) {
            modes.add("--sandbox=namespace");
        }
        for (String mode : modes) {
            for (String what : new String[] {"--shm-path=" + memory, "--size=64K"}) {
                List<String> command = new ArrayList<>(List.of(OrdinaryUser.PREFIX.split(" ")));
                command.addAll(command("--socket-path=" + socket, "--vectors=2", what, mode));
                try (Daemon daemon = Daemon.startAs(command, socket);
                        IvshmemPeer one = join();
                        IvshmemPeer two = join()) {
                    assertTrue(daemon.isAlive());
                    assertTrue(Processes.await(SOON, () -> two.ring(one.id(), 0)));
                    assertEquals(1, one.await(0, SOON));
                }
            }
        }
    }

    @Test
    void aSocketThatIsPassedIsServed() throws Exception {
        NativePrograms.build(folder, "listen");
        List<String> command =
                new ArrayList<>(List.of(folder.resolve("listen").toString(), "" + socket, "9"));
        command.addAll(command("--fd=9", "--size=64K", "--vectors=2"));
        try (Daemon daemon = Daemon.startAs(command, socket);
                IvshmemPeer one = join();
                IvshmemPeer two = join()) {
            assertTrue(Processes.await(SOON, () -> two.ring(one.id(), 0)));
            assertEquals(1, one.await(0, SOON));
            assertTrue(daemon.isAlive());
        }
    }

    @Test
    void whoSendsAndWhoIsTooManyAreOneWarningEach() throws Exception {
        try (Daemon daemon = start("--size=64K", "--max-peers=2");
                IvshmemPeer one = join()) {
            try (FakeClient two = new FakeClient(socket)) {
                two.next(3);
                for (int i = 0; i < 5; i++) {
                    assertThrows(IOException.class, this::join);
                }
            }
            assertTrue(Processes.await(SOON, () -> one.peers().isEmpty()));
            try (FakeClient sending = new FakeClient(socket)) {
                sending.send(new byte[8]);
                assertTrue(sending.isDropped());
            }
            List<String> said = daemon.complaints();
            assertEquals(2, said.size(), "" + said);
            assertTrue(said.get(0).contains("cannot join"), "" + said);
            assertTrue(said.get(1).contains("sends"), "" + said);
        }
    }

    /** What is killed says no farewell: the kernel does, and others hear of it. */
    @Test
    void killedPeersAreMissedByNobody() throws Exception {
        try (Daemon daemon = start("--size=64K");
                IvshmemPeer one = join()) {
            int before = daemon.openDescriptors();
            for (int i = 0; i < 3; i++) {
                Process process =
                        Processes.start(
                                List.of(
                                        Path.of(System.getProperty("java.home"), "bin/java")
                                                .toString(),
                                        "-Xmx64m",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        DoublingPeer.class.getName(),
                                        socket.toString()),
                                folder.resolve("peer.log"));
                assertTrue(Processes.await(SOON, () -> !one.peers().isEmpty()));
                process.destroyForcibly();
                assertTrue(Processes.await(SOON, () -> one.peers().isEmpty()));
            }
            assertTrue(daemon.awaitDescriptors(before));
            assertEquals(List.of(), daemon.complaints());
        }
    }
}
