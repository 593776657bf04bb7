package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.cli.Main;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseErrorException;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon in a process of its own, with little memory or a thread that finds none. */
class OutOfMemoryTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ENOMEM = 12;
    private static final String LONG_NAME = "x".repeat(200);

    @TempDir Path folder;

    private Process start(String heap, Class<?> main, String... options) throws Exception {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-Xmx" + heap));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
        command.addAll(List.of(options));
        command.add("--socket-path=" + folder.resolve("s"));
        Process process = Processes.start(command, folder.resolve("log"));
        Path socket = folder.resolve("s");
        assertTrue(
                Processes.await(
                        SOON,
                        () -> Daemon.isListening(process.pid(), socket) || !process.isAlive()),
                () -> Processes.tail(folder.resolve("log"), 20));
        return process;
    }

    /** Files that are in the heap, more than it has room for. */
    @Test
    void aRequestWithoutMemoryIsEnomemAndFilesCanBeRemoved() throws Exception {
        Process daemon = start("24m", Main.class, "--nio-uri=jimfs:m", "--max-inodes=10");
        try (FakeFrontend frontend =
                FakeFrontend.started(folder.resolve("s"), FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            int made = 0;
            int errno = 0;
            while (errno == 0) {
                try {
                    String name = LONG_NAME + made;
                    fuse.forget(fuse.mknod(FuseClient.ROOT, name, 0100600, 0).nodeId(), 1);
                    made++;
                } catch (FuseErrorException e) {
                    errno = e.errno();
                }
            }
            assertEquals(ENOMEM, errno, "after " + made + " files");
            FuseRig.assertErrno(ENOMEM, () -> fuse.mkdir(FuseClient.ROOT, "d", 0700));
            for (int i = 0; i < made / 2; i++) { // in a heap so full
                fuse.unlink(FuseClient.ROOT, LONG_NAME + i);
            }
            fuse.mkdir(FuseClient.ROOT, "d", 0700);
            assertTrue(daemon.isAlive());
        } finally {
            daemon.destroyForcibly().waitFor();
        }
    }

    /** A daemon of which a thread of its own finds no memory once it listens. */
    static final class Failing {
        public static void main(String[] arguments) {
            Path socket = Path.of(arguments[arguments.length - 1].split("=")[1]);
            Runnable failing =
                    () -> {
                        while (!Daemon.isListening(ProcessHandle.current().pid(), socket)) {
                            Thread.onSpinWait();
                        }
                        throw new OutOfMemoryError("on purpose");
                    };
            new Thread(failing, "failing").start();
            Main.main(arguments);
        }
    }

    @Test
    void aThreadWithoutMemoryEndsTheProcessWithOneLine() throws Exception {
        Process daemon = start("64m", Failing.class, "--shared-dir=" + folder);
        try {
            assertTrue(Processes.awaitEnd(daemon, SOON));
            assertEquals(1, daemon.exitValue());
            String log = Files.readString(folder.resolve("log"));
            assertTrue(log.contains("jvirtiofsd: out of memory, ends\n"), log);
        } finally {
            daemon.destroyForcibly().waitFor();
        }
    }
}
