package io.jvirtiofsd.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** A tree like that of a large package, made on the host, and archives of it. */
final class PackageTree {
    private static final int FILES_PER_FOLDER = 50;
    private static final int[] SIZES = {0, 100, 1000, 3000, 9000};
    private static final String[] MODES = {
        "rw-r--r--", "rwxr-xr-x", "rw-------", "r--r--r--", "rw-rw-r--"
    };
    private static final long EARLIEST_SECONDS = 1_000_000_000;

    private PackageTree() {}

    /** Makes {@code count} files, symbolic and hard links below a new folder; that of the files. */
    static Path make(Path folder, int count) throws IOException {
        Path tree = folder.resolve("usr");
        Random random = new Random(count);
        Path last = null;
        for (int i = 0; i < count; i++) {
            int number = i / FILES_PER_FOLDER;
            Path parent = tree.resolve("share/package-" + number % 40 + "/part-" + number);
            if (i % FILES_PER_FOLDER == 0) {
                Files.createDirectories(parent);
            }
            Path file = parent.resolve("file-" + i);
            if (i % 25 == 24) {
                Files.createSymbolicLink(file, last.getFileName());
            } else if (i % 25 == 23) {
                Files.createLink(file, last);
            } else {
                last = file;
                byte[] content = new byte[SIZES[random.nextInt(SIZES.length)]];
                random.nextBytes(content);
                Files.write(file, content);
                String mode = MODES[random.nextInt(MODES.length)];
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(mode));
                long seconds = EARLIEST_SECONDS + random.nextInt((int) EARLIEST_SECONDS / 2);
                Files.setLastModifiedTime(file, FileTime.from(seconds, TimeUnit.SECONDS));
            }
        }
        // An archive has seconds only, and java.nio.file cannot set the time of a link.
        ShareRig.onHost(
                "find " + tree + " -type l -exec touch -h -d @" + EARLIEST_SECONDS + " {} +");
        return tree;
    }

    /** Puts {@code tree.tar} and {@code tree.deb} of a tree into {@code target}. */
    static void pack(Path tree, Path target) {
        ShareRig.onHost(
                """
                cd %s
                tar -cf %2$s/tree.tar usr
                mkdir DEBIAN
                printf '%%s\\n' 'Package: tree' 'Version: 1' 'Architecture: all' \
                    'Maintainer: nobody <nobody@localhost>' 'Description: files' >DEBIAN/control
                dpkg-deb -Znone --build . %2$s/tree.deb
                rm -r DEBIAN
                """
                        .formatted(tree.getParent(), target));
    }
}
