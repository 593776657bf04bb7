package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.jvirtiofsd.fake.FuseClient;
import io.jvirtiofsd.fake.FuseClient.Created;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An archive that a guest changes, as the host sees it. */
class ArchiveIT {
    private static final int O_RDWR = 2;
    private static final String PERMISSIONS = "rw-r--r--";

    @TempDir Path folder;

    private FileSystem open(Path archive) throws Exception {
        return FileSystems.newFileSystem(
                URI.create("jar:" + archive.toUri()), Map.of("create", "true"));
    }

    private static Set<Path> in(Path directory) throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            return files.collect(Collectors.toCollection(TreeSet::new));
        }
    }

    private static String permissions(Path file) throws Exception {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    /** Entries are unpacked beside the archive, where others may be who cannot read it. */
    @Test
    void changesAreWrittenAtSigtermAndNobodyElseReadsThemBefore() throws Exception {
        Path directory = Files.createDirectory(folder.resolve("archives"));
        Path archive = directory.resolve("a.zip");
        try (FileSystem zip = open(archive)) {
            Files.writeString(zip.getPath("/old"), "old text");
        }
        Files.setPosixFilePermissions(archive, PosixFilePermissions.fromString(PERMISSIONS));
        Path socket = folder.resolve("s");
        String launcher = Daemon.launcher().toString();
        var command = List.of(launcher, "--nio-uri=zip:" + archive, "--socket-path=" + socket);
        try (Daemon daemon = Daemon.startAs(command, socket);
                FakeFrontend frontend = FakeFrontend.started(socket, FakeFrontend.FEATURES)) {
            FuseClient fuse = new FuseClient(frontend, 1);
            fuse.init(0);
            long old = fuse.lookup(FuseClient.ROOT, "old").nodeId();
            long fh = fuse.open(old, O_RDWR);
            fuse.write(old, fh, 0, "new".getBytes(StandardCharsets.UTF_8));
            Created made = fuse.create(FuseClient.ROOT, "made", O_RDWR, 0100644);
            byte[] text = "made text".getBytes(StandardCharsets.UTF_8);
            fuse.write(made.node().nodeId(), made.fh(), 0, text);
            Set<Path> unpacked = in(directory);
            unpacked.remove(archive);
            assertFalse(unpacked.isEmpty());
            for (Path file : unpacked) {
                assertEquals("rw-------", permissions(file), file.toString());
            }
            assertEquals(OptionalInt.of(0), daemon.stop(), daemon.log());
        }
        assertEquals(Set.of(archive), in(directory));
        assertEquals(PERMISSIONS, permissions(archive));
        try (FileSystem zip = open(archive)) {
            assertEquals("new text", Files.readString(zip.getPath("/old")));
            assertEquals("made text", Files.readString(zip.getPath("/made")));
        }
    }
}
