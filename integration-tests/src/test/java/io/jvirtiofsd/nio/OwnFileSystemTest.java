package io.jvirtiofsd.nio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseRig;
import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.guest.GuestKit;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the documents print for programs with a file system of their own does what they say. */
class OwnFileSystemTest {
    private static final Pattern LINES =
            Pattern.compile("## Any Java file system.*?```java\n(.*?)```", Pattern.DOTALL);

    private static final int EROFS = 30;

    @TempDir Path folder;

    private static String lines() throws Exception {
        Matcher found = LINES.matcher(Files.readString(GuestKit.home().resolve("README.md")));
        assertTrue(found.find());
        assertEquals(3, found.group(1).lines().count());
        return found.group(1);
    }

    private void compile(String body) throws Exception {
        String source =
                """
                import io.jvirtiofsd.backend.*;
                import java.nio.file.*;
                public class Own {
                    public static void run(FileSystem fileSystem) throws Exception {
                        %s
                    }
                }
                """
                        .formatted(body);
        Path file = Files.writeString(folder.resolve("Own.java"), source);
        int status =
                ToolProvider.getSystemJavaCompiler()
                        .run(
                                null,
                                null,
                                null,
                                "-cp",
                                System.getProperty("java.class.path"),
                                file.toString());
        assertEquals(0, status);
    }

    @Test
    @Timeout(60)
    void threeLinesExportAFileSystem() throws Exception {
        Path socket = folder.resolve("s");
        compile(lines().replace("/run/share.sock", socket.toString()));
        URL[] classes = {folder.toUri().toURL()};
        try (FileSystem memory = Jimfs.newFileSystem(Configuration.unix());
                URLClassLoader loader = new URLClassLoader(classes, getClass().getClassLoader())) {
            Files.writeString(memory.getPath("/work/hello"), "words");
            var method = loader.loadClass("Own").getMethod("run", FileSystem.class);
            CompletableFuture<Void> served = new CompletableFuture<>();
            Thread server =
                    new Thread(
                            () -> {
                                try {
                                    method.invoke(null, memory);
                                    served.complete(null);
                                } catch (ReflectiveOperationException | RuntimeException e) {
                                    served.completeExceptionally(e);
                                }
                            });
            server.start();
            assertTrue(
                    Waiting.until(
                            () ->
                                    Daemon.isListening(ProcessHandle.current().pid(), socket)
                                            || served.isDone()));
            try (FakeFrontend frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(0);
                assertEquals(5, fuse.lookup(FuseClient.ROOT, "hello").size());
            }
            served.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void theLibrarysPagePrintsTheExample() throws Exception {
        String example =
                Files.readString(
                        GuestKit.home()
                                .resolve("integration-tests/src/test/java")
                                .resolve("io/jvirtiofsd/nio/ZipExport.java"));
        String printed = example.substring(example.indexOf("import "));
        String page = Files.readString(GuestKit.home().resolve("docs/library.md"));
        assertTrue(page.contains("```java\n" + printed + "```\n"));
    }

    @Test
    @Timeout(60)
    void theExampleShowsAnArchiveToOneGuestAfterAnother() throws Exception {
        Path archive = folder.resolve("a.zip");
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
            zip.putNextEntry(new ZipEntry("hello"));
            zip.write("words".getBytes(StandardCharsets.UTF_8));
        }
        Path socket = folder.resolve("s");
        CompletableFuture<Void> served = new CompletableFuture<>();
        Thread server =
                new Thread(
                        () -> {
                            try {
                                ZipExport.main(new String[] {"" + archive, "" + socket});
                                served.complete(null);
                            } catch (IOException | RuntimeException e) {
                                served.completeExceptionally(e);
                            }
                        });
        server.start();
        assertTrue(Waiting.until(() -> Files.exists(socket) || served.isDone()));
        for (int guest = 0; guest < 2; guest++) {
            try (FakeFrontend frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES)) {
                FuseClient fuse = new FuseClient(frontend, 1);
                fuse.init(0);
                long node = fuse.lookup(FuseClient.ROOT, "hello").nodeId();
                long fh = fuse.open(node, 0);
                assertEquals(
                        "words", new String(fuse.read(node, fh, 0, 99), StandardCharsets.UTF_8));
                FuseRig.assertErrno(EROFS, () -> fuse.unlink(FuseClient.ROOT, "hello"));
            }
        }
        server.interrupt(); // as a program ends that has no more use for it
        served.get(10, TimeUnit.SECONDS);
        assertFalse(Files.exists(socket));
    }
}
