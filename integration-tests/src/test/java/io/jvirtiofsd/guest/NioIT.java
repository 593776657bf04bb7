package io.jvirtiofsd.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.common.jimfs.Configuration;
import com.google.common.jimfs.Jimfs;
import io.jvirtiofsd.fake.InProcess;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real guest works in Java file systems. */
class NioIT {
    private static final String WORK =
            """
            set -e
            mount -t virtiofs %s /mnt
            cd /mnt
            mkdir -p a/b/c
            dd if=/dev/urandom of=/tmp/data bs=4096 count=500 2>/dev/null
            cp /tmp/data a/b/data
            cmp /tmp/data a/b/data
            echo one > a/x
            echo two >> a/x
            mv a/x a/b/c/x
            cp -r a copy
            diff -r a copy
            rm -r a
            for i in $(seq 300); do echo $i > copy/n$i; done
            ls copy | wc -l
            exec 3< copy/b/c/x
            rm copy/b/c/x
            cat <&3
            exec 3<&-
            truncate -s 5000 copy/b/data
            wc -c < copy/b/data
            cd /
            umount /mnt
            """;

    private static final String SEEN = "301\none\ntwo\n5000";

    @TempDir Path folder;

    private InProcess serve(FileSystem files, String directory, String name) throws Exception {
        Path place = Files.createDirectory(folder.resolve(name));
        return new InProcess(files.getPath(directory), place, o -> o);
    }

    @Test
    void aGuestWorksInMemoryAndInAnArchive() throws Exception {
        Configuration unix = Configuration.unix().toBuilder().setAttributeViews("unix").build();
        URI uri = URI.create("jar:" + folder.resolve("a.zip").toUri());
        try (FileSystem files = Jimfs.newFileSystem(unix)) {
            try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of("create", "true"));
                    InProcess memory = serve(files, "/share", "memory");
                    InProcess archive = serve(zip, "/", "archive");
                    Guest guest =
                            new GuestBuilder(GuestKit.get(), folder)
                                    .fsDevice(memory.socket(), "memory", 2, 128)
                                    .fsDevice(archive.socket(), "archive", 2, 128)
                                    .boot()) {
                assertEquals(SEEN, guest.check(WORK.formatted("memory")));
                assertEquals(SEEN, guest.check(WORK.formatted("archive")));
            }
            assertEquals(5000, Files.size(files.getPath("/share/copy/b/data")));
            assertFalse(Files.exists(files.getPath("/share/a")));
        }
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of())) {
            assertEquals("17\n", Files.readString(zip.getPath("/copy/n17")));
            assertEquals(5000, Files.size(zip.getPath("/copy/b/data")));
        }
    }
}
