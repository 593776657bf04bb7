package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Reclaimer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A directory whose list is longer than the block for getdents64(2), read by a guest. */
class HostDirectoriesTest {
    private static final int FILES = 300;
    private static final int NAME_BYTES = 200;
    private static final int LARGE = 1 << 20;

    private final FaultySyscalls faulty = new FaultySyscalls();
    private final TreeSet<String> expected = new TreeSet<>(List.of(".", ".."));

    @TempDir Path folder;
    private PassthroughFileSystem fileSystem;
    private Session session;
    private Reclaimer.Reader reader;
    private long fh;

    /** Takes entries as long as they fit, of the size that they have in a reply. */
    private final class Sink implements DirectorySink {
        private final List<String> names = new ArrayList<>();
        private final List<Long> offsets = new ArrayList<>();
        private final List<Long> nodeIds = new ArrayList<>();
        private final boolean plus;
        private int room;

        Sink(int room, boolean plus) {
            this.room = room;
            this.plus = plus;
        }

        @Override
        public boolean fits(int nameBytes) {
            return size(nameBytes, plus) <= room;
        }

        @Override
        public boolean add(long ino, long offset, int type, Name name) {
            if (!fits(name.length())) {
                return false;
            }
            room -= size(name.length(), plus);
            names.add(name.toString());
            offsets.add(offset);
            return true;
        }

        @Override
        public boolean add(Entry entry, long offset, Name name) {
            boolean added = add(entry.attributes().ino(), offset, 0, name);
            if (added) {
                nodeIds.add(entry.nodeId());
            }
            return added;
        }

        long end() {
            return offsets.get(offsets.size() - 1);
        }
    }

    /** Bytes of an entry: fuse.h, struct fuse_dirent and struct fuse_direntplus. */
    private static int size(int nameBytes, boolean plus) {
        return (plus ? 128 : 0) + 24 + nameBytes + 7 & -8;
    }

    @BeforeEach
    void begin() throws Exception {
        for (int i = 0; i < FILES; i++) {
            String name = i + "n".repeat(NAME_BYTES - 3);
            Files.createFile(folder.resolve(name));
            expected.add(name);
        }
        Reclaimer reclaimer = new Reclaimer();
        PassthroughOptions options = BackEndOptions.of(folder, folder.resolve("s")).files();
        fileSystem =
                PassthroughFileSystem.open(
                        faulty.calls(), reclaimer, folder, options, Optional.empty());
        session = fileSystem.begin(DaxMode.NEVER);
        reader = reclaimer.register();
        reader.enter();
        fh = session.directories().opendir(FileSystem.ROOT).fh();
    }

    @AfterEach
    void end() throws Exception {
        session.directories().releasedir(fh);
        reader.exit();
        reader.close();
        session.close();
        fileSystem.close();
    }

    private Sink read(long offset, int room, boolean plus) throws ErrnoException {
        Sink sink = new Sink(room, plus);
        session.directories().readdir(FileSystem.ROOT, fh, offset, plus, sink);
        return sink;
    }

    /** All there is from {@code offset} on, in replies of {@code room} bytes. */
    private List<String> readAll(long offset, int room, boolean plus) throws ErrnoException {
        List<String> names = new ArrayList<>();
        long at = offset;
        while (true) {
            Sink sink = read(at, room, plus);
            if (sink.names.isEmpty()) {
                return names;
            }
            names.addAll(sink.names);
            at = sink.end();
            for (long nodeId : sink.nodeIds) {
                session.forget(nodeId, 1);
                // That one has not been counted that did not fit.
                assertErrno(Errno.ENOENT, () -> session.nodes().getattr(nodeId, false, 0));
            }
        }
    }

    private static void assertErrno(int errno, Executable call) {
        assertEquals(errno, assertThrows(ErrnoException.class, call).errno());
    }

    private void assertComplete(List<String> names) {
        assertEquals(expected.size(), names.size()); // none twice
        assertEquals(expected, new TreeSet<>(names));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void everySizeOfReplyGivesEachNameOnce(boolean plus) throws Exception {
        int one = size(NAME_BYTES, plus);
        for (int room : new int[] {one, one + 8, 2 * one - 8, 2 * one, 5 * one + 16, LARGE}) {
            assertComplete(readAll(0, room, plus));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aReplyWithoutRoomForOneEntryIsAnErrorAndLosesNothing(boolean plus) throws Exception {
        Sink first = read(0, 4096, plus);
        first.nodeIds.forEach(nodeId -> session.forget(nodeId, 1));
        assertErrno(Errno.EINVAL, () -> read(first.end(), 8, plus));
        List<String> names = new ArrayList<>(first.names);
        names.addAll(readAll(first.end(), 4096, plus));
        assertComplete(names);
    }

    @ParameterizedTest
    @CsvSource({"5, false", "22, false", "5, true", "22, true"}) // EIO, EINVAL
    void anErrorAfterEntriesIsToldWhenTheyHaveBeenDelivered(int errno, boolean plus)
            throws Exception {
        faulty.fail("getdents64", 1, 2, errno);
        Sink first = read(0, LARGE, plus);
        first.nodeIds.forEach(nodeId -> session.forget(nodeId, 1));
        assertErrno(errno, () -> read(first.end(), LARGE, plus));
        List<String> names = new ArrayList<>(first.names);
        names.addAll(readAll(first.end(), LARGE, plus));
        assertComplete(names);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void listingGoesBackToAnyPlace(boolean plus) throws Exception {
        Sink all = read(0, LARGE, plus);
        all.nodeIds.forEach(nodeId -> session.forget(nodeId, 1));
        assertComplete(all.names);
        for (int at : new int[] {250, 3, 170, 0}) { // and then the one after it
            List<String> rest = all.names.subList(at + 1, all.names.size());
            assertEquals(rest, readAll(all.offsets.get(at), 4096, plus));
        }
    }

    @Test
    void aDirectoryThatIsNotOpenIsNotListed() {
        assertErrno(
                Errno.EBADF,
                () ->
                        session.directories()
                                .readdir(FileSystem.ROOT, fh + 1, 0, false, new Sink(9, false)));
    }
}
