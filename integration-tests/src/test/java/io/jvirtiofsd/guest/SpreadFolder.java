package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.extension.AnnotatedElementContext;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.io.TempDirFactory;

/**
 * The temporary folders of all tests, each in a part of the disk of its own where that is ext4.
 *
 * <p>Ext4 does not give an inode to a new file for a minute after it was freed, or five; it looks
 * at all of those that the folder's block group has, one by one, each time. After a test that has
 * removed many files the next that makes some there is a hundred times as slow. Folders in one that
 * is marked as the top of hierarchies (chattr(1), T) go to different groups.
 */
public final class SpreadFolder implements TempDirFactory {
    private static final Duration LIMIT = Duration.ofSeconds(10);

    @Override
    public Path createTempDirectory(AnnotatedElementContext element, ExtensionContext context)
            throws IOException {
        Path top =
                Path.of(
                        System.getProperty("java.io.tmpdir"),
                        "jvirtiofsd-" + System.getProperty("user.name"));
        if (!Files.isDirectory(top)) {
            Files.createDirectories(top);
            // Daemons without rights reach their shares through it.
            Files.setPosixFilePermissions(top, PosixFilePermissions.fromString("rwxr-xr-x"));
            // Another file system has no such mark, nor the need of it.
            Processes.run(LIMIT, List.of("sh", "-c", "chattr +T " + top + " 2>&1 || true"));
        }
        return Files.createTempDirectory(top, "junit");
    }
}
