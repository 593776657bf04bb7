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
            mount -t virtiofs share /mnt
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

    private String inGuest(FileSystem files, String directory, String script) throws Exception {
        try (InProcess backEnd = new InProcess(files.getPath(directory), folder, o -> o);
                Guest guest =
                        new GuestBuilder(GuestKit.get(), folder)
                                .fsDevice(backEnd.socket(), "share", 2, 128)
                                .boot()) {
            return guest.check(script);
        }
    }

    @Test
    void aGuestWorksInMemory() throws Exception {
        Configuration unix = Configuration.unix().toBuilder().setAttributeViews("unix").build();
        try (FileSystem files = Jimfs.newFileSystem(unix)) {
            assertEquals(SEEN, inGuest(files, "/share", WORK));
            assertEquals(5000, Files.size(files.getPath("/share/copy/b/data")));
            assertFalse(Files.exists(files.getPath("/share/a")));
        }
    }

    @Test
    void aGuestWorksInAnArchive() throws Exception {
        URI uri = URI.create("jar:" + folder.resolve("a.zip").toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of("create", "true"))) {
            assertEquals(SEEN, inGuest(zip, "/", WORK));
        }
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of())) {
            assertEquals("17\n", Files.readString(zip.getPath("/copy/n17")));
            assertEquals(5000, Files.size(zip.getPath("/copy/b/data")));
        }
    }
}
