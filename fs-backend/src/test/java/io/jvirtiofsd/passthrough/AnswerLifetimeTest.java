package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.Attributes;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Syscalls;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Attributes live in a block of their thread, until its next statx(2). */
class AnswerLifetimeTest {
    @TempDir Path folder;

    private PassthroughFileSystem fileSystem;
    private Session session;
    private Reclaimer.Reader reader;

    @BeforeEach
    void begin() throws Exception {
        Files.write(folder.resolve("one"), new byte[1]);
        Files.write(folder.resolve("two"), new byte[2]);
        Reclaimer reclaimer = new Reclaimer();
        PassthroughOptions options = BackEndOptions.of(folder, folder.resolve("s")).files();
        fileSystem =
                PassthroughFileSystem.open(
                        Syscalls.load(), reclaimer, folder, options, Optional.empty());
        session = fileSystem.begin(DaxMode.NEVER);
        reader = reclaimer.register();
        reader.enter();
    }

    @AfterEach
    void end() {
        reader.exit();
        reader.close();
        session.close();
        fileSystem.close();
    }

    private Entry lookup(String name) throws Exception {
        Name bytes = Name.of(name.getBytes(StandardCharsets.UTF_8));
        return session.names().lookup(FileSystem.ROOT, bytes);
    }

    private Attributes getattr(long nodeId) throws Exception {
        return session.nodes().getattr(nodeId, false, 0);
    }

    @Test
    void attributesThatAreReadTooLateAreCaught() throws Exception {
        long one = lookup("one").nodeId();
        Entry two = lookup("two");
        assertEquals(2, two.attributes().size());
        session.nodes().statfs(one); // overwrites another block
        assertEquals(2, two.attributes().size());
        session.names().unlink(FileSystem.ROOT, Name.of("one".getBytes(StandardCharsets.UTF_8)));
        Attributes stale = two.attributes();
        assertThrows(AssertionError.class, stale::size);
        assertThrows(AssertionError.class, stale::ino);
        assertThrows(AssertionError.class, stale::mode);
        assertEquals(2, getattr(two.nodeId()).size());
    }

    @Test
    void anotherThreadOverwritesNothing() throws Exception {
        long one = lookup("one").nodeId();
        Attributes two = lookup("two").attributes();
        FutureTask<Long> other = new FutureTask<>(() -> getattr(one).size());
        new Thread(other).start();
        assertEquals(1, other.get());
        assertEquals(2, two.size());
    }
}
