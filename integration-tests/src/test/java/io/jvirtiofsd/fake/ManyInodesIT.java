package io.jvirtiofsd.fake;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.guest.Daemon;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A daemon under {@code ulimit -n 1024} whose guest knows 50,000 inodes at once, or as many as
 * {@code -Djvirtiofsd.inodes} says.
 */
class ManyInodesIT {
    private static final int FILES = Integer.getInteger("jvirtiofsd.inodes", 50_000);
    private static final int PER_DIRECTORY = 1000;
    private static final int DIRECTORIES = FILES / PER_DIRECTORY;
    private static final int DESCRIPTORS = 1024;
    private static final int SAMPLE_STEP = 37; // no common factor: all directories are met
    private static final int ENOENT = 2;

    @TempDir Path folder;

    private Path share() throws IOException {
        Path share = Files.createDirectory(folder.resolve("share"));
        for (int i = 0; i < FILES; i++) {
            Path directory = share.resolve("d" + i / PER_DIRECTORY);
            if (i % PER_DIRECTORY == 0) {
                Files.createDirectory(directory);
            }
            Files.createFile(directory.resolve("f" + i % PER_DIRECTORY));
        }
        return share;
    }

    /** Prints what the daemon needs, and how long {@code what} took. */
    private static long report(Daemon daemon, String what, long since) throws IOException {
        String rss =
                Files.readAllLines(Path.of("/proc/" + daemon.servingPid() + "/status")).stream()
                        .filter(line -> line.startsWith("VmRSS") || line.startsWith("VmHWM"))
                        .map(line -> line.replaceAll("\\s+", " "))
                        .reduce("", (a, b) -> a + " " + b);
        long now = System.nanoTime();
        System.out.printf(
                "%-10s %7.1f s  %4d descriptors %s%n",
                what, (now - since) / 1e9, daemon.openDescriptors(), rss);
        return now;
    }

    @Test
    void moreInodesThanDescriptorsComeAndGo() throws Exception {
        long time = System.nanoTime();
        Path share = share();
        System.out.printf("%d files made in %.1f s%n", FILES, (System.nanoTime() - time) / 1e9);
        try (Daemon daemon = // a hard limit, so that it cannot be raised
                        Daemon.startUnder(
                                "ulimit -n " + DESCRIPTORS + "; exec",
                                share,
                                folder.resolve("socket"));
                FakeFrontend frontend =
                        FakeFrontend.started(daemon.socket(), FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(1 << 22);
            int before = daemon.openDescriptors();
            time = report(daemon, "INIT", System.nanoTime());

            long[] directories = new long[DIRECTORIES];
            long[] files = new long[DIRECTORIES * PER_DIRECTORY];
            for (int i = 0; i < files.length; i++) {
                int d = i / PER_DIRECTORY;
                if (i % PER_DIRECTORY == 0) {
                    directories[d] = fuse.lookup(FuseClient.ROOT, "d" + d).nodeId();
                }
                files[i] = fuse.lookup(directories[d], "f" + i % PER_DIRECTORY).nodeId();
            }
            assertEquals(files.length, Arrays.stream(files).distinct().count());
            assertTrue(daemon.descriptors().size() <= DESCRIPTORS);
            time = report(daemon, "LOOKUP", time);

            for (int i = 0; i < files.length; i += SAMPLE_STEP) {
                assertEquals(1, fuse.getattr(files[i]).nlink());
            }
            time = report(daemon, "GETATTR", time);

            for (int i = 0; i < files.length; i++) {
                fuse.unlink(directories[i / PER_DIRECTORY], "f" + i % PER_DIRECTORY);
            }
            for (int d = 0; d < DIRECTORIES; d++) {
                fuse.rmdir(FuseClient.ROOT, "d" + d);
            }
            time = report(daemon, "UNLINK", time);

            for (int i = 0; i < files.length; i += PER_DIRECTORY) {
                fuse.batchForget(Arrays.copyOfRange(files, i, i + PER_DIRECTORY));
            }
            fuse.batchForget(directories);
            report(daemon, "FORGET", time);

            assertTrue(
                    daemon.awaitDescriptors(before), daemon.openDescriptors() + ", not " + before);
            for (int i = 0; i < files.length; i += SAMPLE_STEP) {
                long gone = files[i];
                FuseErrorException unknown =
                        assertThrows(FuseErrorException.class, () -> fuse.getattr(gone));
                assertEquals(ENOENT, unknown.errno());
            }
            try (Stream<Path> left = Files.list(share)) {
                assertEquals(0, left.count());
            }
            fuse.init(1 << 22);
            long made = fuse.mkdir(FuseClient.ROOT, "again", 0700).nodeId();
            assertEquals(made, fuse.lookup(FuseClient.ROOT, "again").nodeId());
            assertEquals("", String.join("\n", daemon.complaints()));
        }
    }
}
