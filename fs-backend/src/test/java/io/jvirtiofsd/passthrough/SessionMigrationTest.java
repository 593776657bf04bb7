package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.DaxMode;
import io.jvirtiofsd.fuse.DirectorySink;
import io.jvirtiofsd.fuse.Entry;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.fuse.FileLock;
import io.jvirtiofsd.fuse.FileSystem;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.fuse.LockRequest;
import io.jvirtiofsd.fuse.Name;
import io.jvirtiofsd.fuse.Session;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.MigrationOptions.Mode;
import io.jvirtiofsd.passthrough.MigrationOptions.OnError;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session that is saved by one process's file system and goes on in another's. */
class SessionMigrationTest {
    private static final MigrationOptions PATHS = MigrationOptions.DEFAULT;
    private static final MigrationOptions HANDLES =
            new MigrationOptions(Mode.FILE_HANDLES, false, OnError.ABORT);
    private static final MigrationOptions VERIFIED =
            new MigrationOptions(Mode.FIND_PATHS, true, OnError.ABORT);
    private static final MigrationOptions FORGIVING =
            new MigrationOptions(Mode.FIND_PATHS, false, OnError.GUEST_ERROR);
    private static final int MUTATIONS = 3000;

    /** One process: a file system of its own on a share, and its session. */
    private final class Side implements AutoCloseable {
        private final FaultySyscalls faulty = new FaultySyscalls();
        private final Reclaimer reclaimer = new Reclaimer();
        private final PassthroughFileSystem fileSystem;
        private Session session;

        Side(Path share, MigrationOptions migration) throws IOException {
            PassthroughOptions options =
                    BackEndOptions.builder(share)
                            .socketPath(share.resolve("s"))
                            .locks(new LockOptions(true, true))
                            .migration(migration)
                            .build()
                            .files();
            fileSystem =
                    PassthroughFileSystem.open(
                            faulty.calls(), reclaimer, share, options, Optional.empty());
            sides.add(this);
        }

        Side begun() {
            session = fileSystem.begin(DaxMode.NEVER);
            return this;
        }

        Inode inode(long node) {
            return ((PassthroughFileSystem.HostParts) session).known().inodes().get(node);
        }

        byte[] save() throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            session.save(new DataOutputStream(out));
            return out.toByteArray();
        }

        Side resume(byte[] state) throws IOException {
            session = fileSystem.resume(new DataInputStream(new ByteArrayInputStream(state)));
            return this;
        }

        /** Runs {@code request} as a thread that serves does. */
        <T> T ask(Request<T> request) throws Exception {
            try (Reclaimer.Reader reader = reclaimer.register()) {
                reader.enter();
                return request.run();
            }
        }

        long lookup(long parent, String name) throws Exception {
            return ask(() -> session.names().lookup(parent, name(name)).nodeId());
        }

        long walk(String path) throws Exception {
            long node = FileSystem.ROOT;
            for (String name : path.split("/")) {
                node = lookup(node, name);
            }
            return node;
        }

        long open(long node, int flags) throws Exception {
            return ask(() -> session.files().open(node, flags, false).fh());
        }

        long size(long node) throws Exception {
            return ask(() -> session.nodes().getattr(node, false, 0).size());
        }

        long size(long node, long fh) throws Exception {
            return ask(() -> session.nodes().getattr(node, true, fh).size());
        }

        /** The names from a position on, and the position after the first of them. */
        List<String> list(long node, long fh, long offset, int most, long[] next) throws Exception {
            List<String> names = new ArrayList<>();
            DirectorySink sink =
                    new DirectorySink() {
                        @Override
                        public boolean fits(int nameBytes) {
                            return names.size() < most;
                        }

                        @Override
                        public boolean add(long ino, long position, int type, Name name) {
                            if (names.size() >= most) {
                                return false;
                            }
                            names.add(name.toString());
                            next[0] = position;
                            return true;
                        }

                        @Override
                        public boolean add(Entry entry, long position, Name name) {
                            return add(0, position, 0, name);
                        }
                    };
            ask(
                    () -> {
                        session.directories().readdir(node, fh, offset, false, sink);
                        return null;
                    });
            return names;
        }

        @Override
        public void close() {
            if (session != null) {
                session.close();
            }
            fileSystem.close();
        }
    }

    @FunctionalInterface
    private interface Request<T> {
        T run() throws Exception;
    }

    private final List<Side> sides = new ArrayList<>();

    @TempDir Path folder;
    private Path share;

    @BeforeEach
    void fill() throws IOException {
        share = folder.resolve("share");
        fill(share);
    }

    private static void fill(Path at) throws IOException {
        Files.createDirectories(at.resolve("a/b"));
        Files.write(at.resolve("a/b/one"), new byte[1]);
        Files.write(at.resolve("a/two"), new byte[2]);
        Files.write(at.resolve("a/three"), new byte[3]);
        Files.createSymbolicLink(at.resolve("a/link"), Path.of("two"));
        for (int i = 0; i < 20; i++) {
            Files.createFile(at.resolve("a/b/file" + i));
        }
    }

    @AfterEach
    void end() {
        sides.forEach(Side::close);
        assertTrue(
                Waiting.until(
                        () -> OpenDescriptors.count(t -> t.startsWith(folder.toString())) == 0));
    }

    private static Name name(String name) {
        return Name.of(name.getBytes(StandardCharsets.UTF_8));
    }

    private static void assertErrno(int errno, Executable request) {
        assertEquals(errno, assertThrows(ErrnoException.class, request).errno());
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void allThatTheGuestKnowsIsThereInTheOtherProcess(Mode mode) throws Exception {
        Side source = new Side(share, new MigrationOptions(mode, false, OnError.ABORT)).begun();
        long a = source.walk("a");
        long b = source.walk("a/b");
        long one = source.walk("a/b/one");
        assertEquals(one, source.lookup(b, "one")); // the second lookup of three
        long two = source.walk("a/two");
        long link = source.walk("a/link");
        long three = source.walk("a/three");
        long forgotten = source.walk("a/b/file1");
        source.session.forget(forgotten, 1);
        long reading = source.open(one, Fcntl.O_RDONLY);
        long writing = source.open(two, Fcntl.O_RDWR);
        long unlinked = source.open(three, Fcntl.O_RDWR);
        long closed = source.open(one, Fcntl.O_RDONLY);
        source.session.files().release(closed);
        source.ask(
                () -> {
                    source.session.names().unlink(a, name("three"));
                    source.session.names().rename(a, name("two"), b, name("zwei"), 0);
                    return null;
                });
        long directory = source.ask(() -> source.session.directories().opendir(b).fh());
        long[] position = new long[1];
        List<String> names = source.list(b, directory, 0, 7, position);

        byte[] state = source.save();
        Side there = new Side(share, PATHS).resume(state);
        source.close();
        sides.remove(source);

        assertEquals(1, there.size(one));
        assertEquals(1, there.size(one, reading));
        assertEquals(2, there.size(two));
        assertEquals(2, there.size(two, writing));
        assertEquals(3, there.size(three, unlinked));
        assertEquals(0, there.lookup(a, "three"));
        assertEquals(two, there.lookup(b, "zwei"));
        assertArrayEquals(
                "two".getBytes(StandardCharsets.UTF_8),
                there.ask(() -> there.session.nodes().readlink(link)));
        List<String> rest = there.list(b, directory, position[0], 100, position);
        names.addAll(rest);
        TreeSet<String> all = new TreeSet<>(List.of(".", "..", "one", "zwei"));
        for (int i = 0; i < 20; i++) {
            all.add("file" + i);
        }
        assertEquals(all.size(), names.size());
        assertEquals(all, new TreeSet<>(names));

        // Numbers that the guest once had mean nothing else.
        assertErrno(Errno.EBADF, () -> there.size(one, closed));
        assertNotEquals(closed, there.open(one, Fcntl.O_RDONLY));
        assertNotEquals(forgotten, there.walk("a/b/file2"));

        // What was looked up twice is forgotten with the second.
        there.session.forget(one, 1);
        assertEquals(1, there.size(one));
        there.session.forget(one, 1);
        assertErrno(Errno.ENOENT, () -> there.size(one));
        there.session.files().release(unlinked);
    }

    @Test
    void theSourceGoesOnAsIfNothingHadHappened() throws Exception {
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        long fh = source.open(one, Fcntl.O_RDWR);
        byte[] first = source.save();
        assertEquals(1, source.size(one, fh));
        Side there = new Side(share, PATHS).resume(first);
        Side back = new Side(share, PATHS).resume(there.save());
        assertEquals(1, back.size(one, fh));
        assertArrayEquals(first, source.save());
    }

    @Test
    void pathsThatTheKernelHasForgottenAreSearched() throws Exception {
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        source.faulty.fail("readlinkat", 0, 1000, Errno.ENOENT);
        byte[] state = source.save();
        Side there = new Side(share, PATHS).resume(state);
        assertEquals(1, there.size(one));
        assertEquals(one, there.walk("a/b/one"));
    }

    @Test
    void anotherShareOfTheSameContentWillDoForPaths() throws Exception {
        Path copy = folder.resolve("copy");
        fill(copy);
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        long fh = source.open(one, Fcntl.O_RDWR);
        Side there = new Side(copy, PATHS).resume(source.save());
        assertEquals(1, there.size(one, fh));
        Files.write(copy.resolve("a/b/one"), new byte[11]);
        assertEquals(11, there.size(one, fh));
    }

    @ParameterizedTest
    @EnumSource(Mode.class)
    void anotherFileIsNotTakenForTheOneMeant(Mode mode) throws Exception {
        Path copy = folder.resolve("copy");
        fill(copy);
        Side source = new Side(share, new MigrationOptions(mode, true, OnError.ABORT)).begun();
        source.walk("a/b/one");
        byte[] state = source.save();
        if (mode == Mode.FIND_PATHS) {
            Side there = new Side(copy, PATHS);
            IOException failure = assertThrows(IOException.class, () -> there.resume(state));
            assertTrue(failure.getMessage().contains("another file is in its place"));
        } else { // both shares are on one file system here, so its handles lead to the first
            Files.delete(share.resolve("a/b/one"));
            Files.createDirectory(share.resolve("a/b/one"));
            source.close();
            sides.remove(source);
            assertThrows(IOException.class, () -> new Side(share, PATHS).resume(state));
        }
    }

    @Test
    void aFileThatIsNotThereEndsTheMigrationOrIsTheGuestsLoss() throws Exception {
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        long fh = source.open(one, Fcntl.O_RDONLY);
        long two = source.walk("a/two");
        byte[] state = source.save();
        Files.move(share.resolve("a/b/one"), share.resolve("a/b/eins"));

        IOException failure =
                assertThrows(IOException.class, () -> new Side(share, PATHS).resume(state));
        assertEquals("cannot take over 'a/b/one': it is not there", failure.getMessage());

        Side there = new Side(share, FORGIVING).resume(state);
        assertEquals(2, there.size(two));
        assertErrno(Errno.ENOENT, () -> there.size(one));
        assertErrno(Errno.ENOENT, () -> there.size(one, fh));
        assertNotEquals(one, there.walk("a/b/eins"));
        assertNotEquals(fh, there.open(there.walk("a/b/eins"), Fcntl.O_RDONLY));
    }

    @Test
    void anObjectOfAnotherKindIsNoReplacement() throws Exception {
        Side source = new Side(share, PATHS).begun();
        source.walk("a/two");
        byte[] state = source.save();
        Files.delete(share.resolve("a/two"));
        Files.createSymbolicLink(share.resolve("a/two"), Path.of("/etc/passwd"));
        IOException failure =
                assertThrows(IOException.class, () -> new Side(share, PATHS).resume(state));
        assertEquals(
                "cannot take over 'a/two': another file is in its place", failure.getMessage());
    }

    @Test
    void whatTheHostHasRemovedMeanwhileIsNoError() throws Exception {
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        long two = source.walk("a/two");
        Files.delete(share.resolve("a/b/one"));
        Side there = new Side(share, PATHS).resume(source.save());
        assertEquals(2, there.size(two));
        assertEquals(1, there.size(one)); // the source has it open
        source.close();
        sides.remove(source);
        there.close();
        sides.remove(there);

        Side last = new Side(share, HANDLES).begun();
        long three = last.walk("a/three");
        last.faulty.fail("openByHandleAt", 0, 1000, Errno.ESTALE); // as the host has removed it
        assertTrue(Waiting.until(() -> last.inode(three).path() == null));
        Side after = new Side(share, PATHS).resume(last.save());
        assertErrno(Errno.ENOENT, () -> after.size(three));
    }

    @Test
    void whatHasNoNameIsMissedOnlyIfItIsOpen() throws Exception {
        for (boolean open : new boolean[] {true, false}) {
            Side source = new Side(share, PATHS).begun();
            long a = source.walk("a");
            long three = source.walk("a/three");
            if (open) {
                source.open(three, Fcntl.O_RDONLY);
            }
            source.ask(
                    () -> {
                        source.session.names().unlink(a, name("three"));
                        return null;
                    });
            byte[] state = source.save();
            source.close(); // and with it goes the file
            sides.remove(source);
            Side there = new Side(share, PATHS);
            if (open) {
                IOException failure = assertThrows(IOException.class, () -> there.resume(state));
                assertTrue(failure.getMessage().contains("an open file without a name"));
                Files.write(share.resolve("a/three"), new byte[3]);
            } else {
                there.resume(state);
                assertErrno(Errno.ENOENT, () -> there.size(three));
            }
        }
    }

    @Test
    void locksOfTheHostStayWhereTheyAre() throws Exception {
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        long fh = source.open(one, Fcntl.O_RDWR);
        FileLock all = new FileLock(0, Long.MAX_VALUE, FileLock.F_WRLCK, 0);
        for (boolean flock : new boolean[] {true, false}) {
            LockRequest lock = new LockRequest(fh, 7, all, flock);
            source.ask(
                    () -> {
                        source.session.locks().setlk(one, lock);
                        return null;
                    });
            IOException failure = assertThrows(IOException.class, source::save);
            assertTrue(failure.getMessage().contains("locks of the host"));
            LockRequest unlock = new LockRequest(fh, 7, FileLock.WHOLE_FILE_UNLOCKED, flock);
            source.ask(
                    () -> {
                        source.session.locks().setlk(one, unlock);
                        return null;
                    });
            source.save();
        }
    }

    @Test
    void mountsBelowTheShareAreFoundAgain() throws Exception {
        // Every system has a mount on /proc; what is below need not be shared to be looked up.
        Side source = new Side(FileSystems.getDefault().getPath("/"), VERIFIED).begun();
        long version = source.walk("proc/sys/kernel/ostype");
        Side there = new Side(FileSystems.getDefault().getPath("/"), PATHS).resume(source.save());
        assertEquals(version, there.walk("proc/sys/kernel/ostype"));
    }

    /** A hostile source may know file handles of all that its own share's file system has. */
    @Test
    void noHandleLeadsOutOfTheShare() throws Exception {
        Path outside = Files.createDirectory(folder.resolve("outside"));
        Files.createFile(outside.resolve("secret"));
        Files.createFile(outside.resolve("removed"));
        for (String name : List.of("outside", "outside/secret", "outside/removed")) {
            Side source = new Side(folder, HANDLES).begun();
            long node = source.walk(name);
            if (name.endsWith("removed")) {
                source.open(node, Fcntl.O_RDWR);
                Files.delete(folder.resolve(name));
            }
            byte[] state = source.save();
            IOException failure =
                    assertThrows(IOException.class, () -> new Side(share, PATHS).resume(state));
            assertTrue(failure.getMessage().startsWith("cannot take over "), failure.getMessage());
        }
    }

    @Test
    void handlesOfWhatTheKernelKnowsNoPathOfAreSearchedInTheShare() throws Exception {
        Side source = new Side(share, HANDLES).begun();
        long one = source.walk("a/b/one");
        byte[] state = source.save();
        Side there = new Side(share, PATHS);
        there.faulty.fail("readlinkat", 0, 1000, Errno.ENOENT);
        there.resume(state);
        assertEquals(1, there.size(one));
    }

    /** A hostile source gets no further than an error, and never out of the share. */
    @Test
    void noStateLeadsOutOfTheShareOrLeavesAnythingOpen() throws Exception {
        Files.createDirectory(folder.resolve("outside"));
        Files.createSymbolicLink(share.resolve("a/out"), folder.resolve("outside"));
        Side source = new Side(share, PATHS).begun();
        long one = source.walk("a/b/one");
        source.open(one, Fcntl.O_RDWR);
        source.walk("a/out");
        byte[] state = source.save();
        String text = new String(state, StandardCharsets.ISO_8859_1);
        for (String hostile : List.of("../../x", "/etc/pa", "a/../..", "a/out/x", "a//b/on")) {
            byte[] altered = text.replace("a/b/one", hostile).getBytes(StandardCharsets.ISO_8859_1);
            assertThrows(IOException.class, () -> new Side(share, PATHS).resume(altered), hostile);
        }
        Random random = new Random(1);
        for (int i = 0; i < MUTATIONS; i++) {
            byte[] altered = state.clone();
            for (int n = random.nextInt(4); n >= 0; n--) {
                altered[random.nextInt(altered.length)] = (byte) random.nextInt();
            }
            try (Side there = new Side(share, i % 50 != 0 ? PATHS : FORGIVING)) {
                there.resume(altered);
            } catch (IOException e) {
                // as it should be
            }
            sides.remove(sides.size() - 1);
        }
    }
}
