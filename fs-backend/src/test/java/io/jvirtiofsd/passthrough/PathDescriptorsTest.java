package io.jvirtiofsd.passthrough;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.backend.BackEndOptions;
import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.ErrnoException;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.Fcntl;
import io.jvirtiofsd.linux.Fd;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.OpenFileLimit;
import io.jvirtiofsd.linux.Reclaimer;
import io.jvirtiofsd.linux.Scratch;
import io.jvirtiofsd.linux.Statx;
import io.jvirtiofsd.linux.Syscalls;
import io.jvirtiofsd.linux.Waiting;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Directories of a share, whose descriptors are not closed for their age, and a few files. */
class PathDescriptorsTest {
    private static final int ALWAYS = 1_000_000;
    private static final int SPARES = 16;

    private final FaultySyscalls faulty = new FaultySyscalls();
    private final Syscalls syscalls = faulty.calls();
    private final Reclaimer reclaimer = new Reclaimer();
    private final List<Inode> inodes = new ArrayList<>();

    @TempDir Path folder;
    private HostDirectory share;
    private SpareDescriptors spares;
    private PathDescriptors descriptors;

    private void begin(HandleMode mode, int most) throws Exception {
        PassthroughOptions options =
                BackEndOptions.builder(folder)
                        .socketPath(folder.resolve("s"))
                        .inodeFileHandles(mode)
                        .maxDescriptors(most)
                        .build()
                        .files();
        share = HostDirectory.open(syscalls, folder, options);
        spares = new SpareDescriptors(syscalls, share.root());
        descriptors = new PathDescriptors(share, reclaimer, spares);
    }

    @AfterEach
    void end() {
        inodes.forEach(descriptors::closed);
        descriptors.close();
        spares.close();
        share.close();
    }

    private Fd open(String name) throws ErrnoException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        long path = Scratch.get().path(bytes, 0, bytes.length);
        int flags = Fcntl.O_PATH | Fcntl.O_NOFOLLOW | Fcntl.O_CLOEXEC;
        return Fd.own(
                syscalls, ErrnoException.check(syscalls.openat(share.root(), path, flags, 0)));
    }

    /** An inode that is there, with its descriptor, of which nobody has been told. */
    private Inode inode(String name) throws ErrnoException {
        Fd path = open(name);
        assertEquals(0, share.statx(path.number()));
        NativeMemory statx = Scratch.get().statx();
        Inode inode =
                new Inode(
                        Statx.device(statx),
                        statx.getLong(Statx.INO),
                        share.mount(),
                        statx.getShort(Statx.MODE) & Statx.S_IFMT,
                        path);
        inodes.add(inode);
        return inode;
    }

    private Inode newDirectory(String name) throws Exception {
        Files.createDirectory(folder.resolve(name));
        return inode(name);
    }

    /** Directories that the guest gets to know. */
    private void directories(int count) throws Exception {
        for (int i = 0; i < count; i++) {
            descriptors.opened(newDirectory("d" + i));
        }
    }

    private long open() {
        return inodes.stream().filter(inode -> inode.path() != null).count();
    }

    /** A request, until whose end nothing is closed that it has found. */
    private void assertIsItself(Inode inode) throws ErrnoException {
        try (Reclaimer.Reader request = reclaimer.register()) {
            request.enter();
            assertIsOpenAs(inode, descriptors.of(inode));
        }
    }

    private void assertIsOpenAs(Inode inode, int fd) {
        assertEquals(0, share.statx(fd));
        NativeMemory statx = Scratch.get().statx();
        assertEquals(inode.ino(), statx.getLong(Statx.INO));
        assertEquals(inode.device(), Statx.device(statx));
    }

    private static void assertErrno(int errno, Executable call) {
        assertEquals(errno, assertThrows(ErrnoException.class, call).errno());
    }

    @Test
    void noMoreStayOpenThanMayAndTheOthersAreOpenedAgain() throws Exception {
        begin(HandleMode.PREFER, 10);
        int before = OpenDescriptors.count();
        directories(100);
        for (int round = 0; round < 3; round++) {
            assertTrue(open() <= 10, "open: " + open());
            OpenDescriptors.assertSettleAt(before + 10);
            for (Inode inode : inodes) {
                assertIsItself(inode);
            }
        }
    }

    @Test
    void whatHasNoHandleStaysOpen() throws Exception {
        begin(HandleMode.NEVER, 10);
        directories(50);
        assertEquals(50, open());
    }

    @Test
    void mandatoryKeepsNoneAndRefusesWhatHasNoHandle() throws Exception {
        begin(HandleMode.MANDATORY, 10);
        Inode inode = newDirectory("d");
        descriptors.require(inode);
        assertNotNull(inode.handle());
        descriptors.opened(inode);
        assertNull(inode.path());
        assertIsItself(inode);
        Inode other = newDirectory("other");
        faulty.fail("nameToHandleAt", 0, 1, Errno.EOPNOTSUPP);
        assertErrno(Errno.EOPNOTSUPP, () -> descriptors.require(other));
    }

    @Test
    void whatIsGoneOrAnotherIsStale() throws Exception {
        begin(HandleMode.MANDATORY, 10);
        Inode gone = newDirectory("gone");
        Inode there = newDirectory("there");
        for (Inode inode : inodes) {
            descriptors.require(inode);
            descriptors.opened(inode);
        }
        Files.delete(folder.resolve("gone"));
        int before = OpenDescriptors.count();
        assertErrno(Errno.ESTALE, () -> descriptors.of(gone));
        long device = there.device();
        long ino = there.ino();
        // As on a file system that gives numbers again and keeps no generations.
        List<Inode> others =
                List.of(
                        new Inode(device, ino, share.mount(), Statx.S_IFREG, null),
                        new Inode(device, ino + 1, share.mount(), Statx.S_IFDIR, null),
                        new Inode(device + 1, ino, share.mount(), Statx.S_IFDIR, null));
        for (Inode other : others) {
            other.setHandle(there.handle());
            assertErrno(Errno.ESTALE, () -> descriptors.of(other));
            assertErrno(Errno.ESTALE, () -> descriptors.again(other));
        }
        OpenDescriptors.assertSettleAt(before);
        assertIsItself(there);
    }

    @Test
    void whatIsForgottenIsNotOpenedAgain() throws Exception {
        begin(HandleMode.PREFER, 10);
        Inode inode = newDirectory("d");
        descriptors.opened(inode);
        descriptors.prepareToForget(inode);
        assertTrue(inode.takeLookups(1));
        descriptors.closed(inode);
        assertErrno(Errno.ESTALE, () -> descriptors.of(inode));
        descriptors.again(inode).close(); // but may be looked up by its handle
    }

    @Test
    void fullTableOfDescriptorsClosesTheLeastUsed() throws Exception {
        begin(HandleMode.PREFER, 200);
        directories(100);
        for (int errno : new int[] {Errno.EMFILE, Errno.ENFILE}) {
            long before = open();
            faulty.fail("openByHandleAt", 0, 1, errno);
            Inode closed = inodes.get(0);
            if (closed.path() != null) {
                descriptors.prepareToForget(closed);
                closed.takePath().close();
                before--;
            }
            assertIsItself(closed);
            assertTrue(open() < before, open() + " of " + before);
            assertTrue(open() > 0);
            for (Inode inode : inodes) {
                assertIsItself(inode);
            }
        }
    }

    /** Fails as long as the result has failures left; counts the calls. */
    private static PathDescriptors.Opening failing(AtomicInteger calls, int failures) {
        return () -> calls.incrementAndGet() <= failures ? -Errno.EMFILE : 0;
    }

    @Test
    void spareDescriptorsAreGivenUpAndComeBack() throws Exception {
        begin(HandleMode.PREFER, 10);
        AtomicInteger calls = new AtomicInteger();
        assertEquals(0, descriptors.opening(failing(calls, 3)));
        assertEquals(4, calls.get());
        assertEquals(3, spares.missing());
        assertEquals(-Errno.EMFILE, descriptors.opening(failing(new AtomicInteger(), ALWAYS)));
        assertEquals(SPARES, spares.missing());
        faulty.fail("openat", 5, ALWAYS, Errno.EMFILE);
        assertEquals(0, descriptors.opening(() -> 0));
        assertEquals(SPARES - 5, spares.missing());
        faulty.fail("openat", 0, 0, 0);
        assertEquals(0, descriptors.opening(() -> 0));
        assertEquals(0, spares.missing());
    }

    @Test
    void whatIsToStayIsRefusedWhereFewAreLeft() throws Exception {
        begin(HandleMode.PREFER, 200);
        AtomicInteger calls = new AtomicInteger();
        int result = descriptors.openingToStay(failing(calls, ALWAYS));
        assertEquals(-Errno.EMFILE, result);
        assertEquals(6, calls.get());
        assertEquals(0, spares.missing()); // it takes none of those for the requests
        directories(100);
        calls.set(0);
        assertEquals(0, descriptors.openingToStay(failing(calls, 1)));
        assertEquals(2, calls.get());
        assertEquals(1, spares.missing());
        assertTrue(open() < 100);
    }

    @Test
    void theLastDescriptorsAreForNobody() throws Exception {
        begin(HandleMode.PREFER, 10);
        int last = OpenFileLimit.now(syscalls) - 1;
        AtomicInteger calls = new AtomicInteger();
        assertEquals(last, descriptors.opening(() -> last));
        faulty.fail("dup", 0, ALWAYS, Errno.EMFILE);
        assertEquals(-Errno.EMFILE, descriptors.opening(failing(calls, 0)));
        assertEquals(0, calls.get());
        faulty.fail("dup", 0, 0, 0);
        assertEquals(0, descriptors.opening(failing(calls, 0)));
        assertEquals(1, calls.get());
    }

    @Test
    void aFileThatNobodyUsesIsClosedAndADirectoryIsNot() throws Exception {
        begin(HandleMode.PREFER, 10);
        Files.createFile(folder.resolve("f"));
        Inode file = inode("f");
        directories(1);
        descriptors.opened(file);
        assertTrue(Waiting.until(() -> file.path() == null));
        assertEquals(1, open());
        assertIsItself(file);
    }
}
