package io.jvirtiofsd.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --nio-uri} opens. */
class SharedTreeTest {
    @TempDir Path folder;

    private Path archive() throws IOException {
        Path archive = folder.resolve("an archive.zip");
        URI uri = URI.create("jar:" + archive.toUri());
        try (FileSystem zip = FileSystems.newFileSystem(uri, Map.of("create", "true"))) {
            Files.createDirectory(zip.getPath("/d"));
            Files.writeString(zip.getPath("/d/f"), "text");
        }
        return archive;
    }

    @Test
    void archivesAreOpenedByNameAndWrittenBack() throws Exception {
        Path archive = archive();
        try (SharedTree tree = SharedTree.open("zip:" + archive)) {
            assertEquals("/", tree.root().toString());
            assertEquals("text", Files.readString(tree.root().resolve("d/f")));
            Files.writeString(tree.root().resolve("new"), "more");
        }
        try (SharedTree tree = SharedTree.open("zip:" + archive)) {
            assertEquals("more", Files.readString(tree.root().resolve("new")));
        }
    }

    @Test
    void anyUriMayNameADirectoryInside() throws Exception {
        try (SharedTree tree = SharedTree.open("jar:" + archive().toUri() + "!/d")) {
            assertEquals("text", Files.readString(tree.root().resolve("f")));
        }
        try (SharedTree tree = SharedTree.open(folder.toUri().toString())) {
            assertEquals(folder, tree.root());
        }
        try (SharedTree tree = SharedTree.open("jimfs:scratch")) {
            assertEquals("jimfs", tree.root().getFileSystem().provider().getScheme());
        }
    }

    @Test
    void whatCannotBeOpenedIsOneSentence() {
        for (String uri : new String[] {"zip:/nowhere.zip", "nothing", "gopher://x", "a b:c"}) {
            String message =
                    assertThrows(IOException.class, () -> SharedTree.open(uri)).getMessage();
            assertEquals(0, message.indexOf("cannot open " + uri + ": "), message);
            assertEquals(1, message.lines().count(), message);
        }
    }
}
