package io.jvirtiofsd.fake;

import static io.jvirtiofsd.fake.FuseRig.assertErrno;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.jvirtiofsd.fuse.Errno;
import io.jvirtiofsd.fuse.LockOptions;
import io.jvirtiofsd.guest.MountSpace;
import io.jvirtiofsd.linux.AlteredSyscalls;
import io.jvirtiofsd.linux.FaultySyscalls;
import io.jvirtiofsd.linux.NativeMemory;
import io.jvirtiofsd.linux.OpenDescriptors;
import io.jvirtiofsd.linux.Waiting;
import io.jvirtiofsd.passthrough.HandleMode;
import io.jvirtiofsd.passthrough.XattrOptions;
import io.jvirtiofsd.vhost.FakeFrontend;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A host on which anything may fail, be slow or be full: the guest is told, loses nothing it was
 * told to have written, and goes on.
 */
class FailingHostTest {
    private static final long INIT = 1 << 22 | 1 << 4 | 1 << 1 | 1 << 10; // locks, "." and ".."
    private static final int O_RDWR = 2;
    private static final int S_IFREG = 0x8000;
    private static final int EINTR = 4;
    private static final int ENOENT = 2;
    private static final int EIO = 5;
    private static final int ENOMEM = 12;
    private static final int ENFILE = 23;
    private static final int EMFILE = 24;
    private static final int ENOSPC = 28;
    private static final int EDQUOT = 122;
    private static final int[] ERRNOS = {EIO, ENOMEM, ENFILE, EMFILE, ENOSPC, EDQUOT, EINTR};

    /**
     * One of those that are handed on, and one of those that are not: the rest goes the same way.
     */
    private static final int[] FEW_ERRNOS = {EIO, EMFILE};

    /** What no guest asks the file system for, or has tests of its own for its faults. */
    private static final Set<String> WITHOUT_A_ROW =
            Set.of(
                    "INIT",
                    "DESTROY",
                    "INTERRUPT",
                    "BATCH_FORGET",
                    "NOTIFY_REPLY",
                    "BMAP",
                    "CUSE_INIT",
                    "SETUPMAPPING",
                    "REMOVEMAPPING");

    @TempDir Path folder;

    private FakeFrontend connect(InProcess backEnd) throws Exception {
        return FuseRig.connect(backEnd, FuseRig.FEATURES);
    }

    private static FuseClient begin(FakeFrontend frontend, int queue) {
        FuseClient fuse = new FuseClient(frontend, queue);
        fuse.init(INIT);
        return fuse;
    }

    /** In {@code NEVER} each inode that is still known has a descriptor, which is counted. */
    @ParameterizedTest
    @EnumSource(names = {"NEVER", "MANDATORY"})
    void anyCallOfAnyOperationMayFail(HandleMode mode) throws Exception {
        Path share = folder.resolve("share");
        CallFault fault = new CallFault();
        Set<String> wrong = new TreeSet<>();
        try (InProcess backEnd =
                        new InProcess(
                                fault.calls(),
                                share,
                                folder,
                                options ->
                                        options.inodeFileHandles(mode)
                                                .xattrs(XattrOptions.on())
                                                .locks(new LockOptions(true, true)));
                FakeFrontend frontend = connect(backEnd)) {
            FuseClient fuse = begin(frontend, 1);
            int places = 0;
            for (HostOperation operation : HostOperation.values()) {
                if (mode == HandleMode.NEVER && operation.isForHandles()) {
                    continue;
                }
                attempt(fuse, place(share, places++), operation, fault); // what is done once
                fault.none();
                assertEquals("done", attempt(fuse, place(share, places++), operation, fault));
                List<CallFault.Call> calls = fault.seen();
                for (int i = 0; i < calls.size(); i++) {
                    int before = OpenDescriptors.count();
                    for (int errno : mode == HandleMode.NEVER ? ERRNOS : FEW_ERRNOS) {
                        fault.at(i, errno);
                        String outcome = attempt(fuse, place(share, places++), operation, fault);
                        if (!calls.get(i).mayEnd(outcome, errno)) {
                            wrong.add(
                                    "%s, %s: %s gives %s"
                                            .formatted(
                                                    operation,
                                                    calls.get(i),
                                                    Errno.name(errno),
                                                    outcome));
                        }
                    }
                    fault.none();
                    assertEquals("done", attempt(fuse, place(share, places++), operation, fault));
                    OpenDescriptors.assertSettleAt(before, operation + ", " + calls.get(i));
                }
            }
        }
        assertEquals("", String.join("\n", wrong));
    }

    private static Path place(Path share, int number) throws Exception {
        return Files.createDirectory(share.resolve("p" + number));
    }

    private static String attempt(
            FuseClient fuse, Path place, HostOperation operation, CallFault fault)
            throws Exception {
        try (HostOperation.Place prepared = new HostOperation.Place(fuse, place)) {
            fault.arm(true);
            operation.run(prepared);
            return "done";
        } catch (FuseErrorException e) {
            return Errno.name(e.errno());
        } finally {
            fault.arm(false);
        }
    }

    @Test
    void eachOpcodeHasARow() throws Exception {
        Set<String> rows =
                Arrays.stream(HostOperation.values())
                        .map(Enum::toString)
                        .collect(Collectors.toSet());
        for (Object opcode : Class.forName("io.jvirtiofsd.fuse.server.Opcode").getEnumConstants()) {
            String name = opcode.toString();
            assertTrue(rows.contains(name) != WITHOUT_A_ROW.contains(name), name);
        }
    }

    /** Lets calls of {@code method} move at most so many bytes, in the first piece of memory. */
    private static InProcess shortened(Path folder, String method, int bytes) throws Exception {
        NativeMemory piece = NativeMemory.allocate(16); // struct iovec: base@0 length@8
        return new InProcess(
                AlteredSyscalls.with(
                        (name, arguments, real) -> {
                            if (name.equals(method)) {
                                NativeMemory given = NativeMemory.view((Long) arguments[1], 16);
                                piece.putLong(0, given.getLong(0));
                                piece.putLong(8, Math.min(bytes, given.getLong(8)));
                                arguments[1] = piece.address();
                                arguments[2] = 1;
                            }
                            return real.getAsLong();
                        }),
                folder.resolve("share"),
                folder,
                options -> options);
    }

    private static byte[] random(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return data;
    }

    @ParameterizedTest
    @ValueSource(ints = {512, 4096, 51_200}) // as file systems stop
    void aReadThatIsShortOnTheHostGoesOnToTheEndOfTheFile(int bytes) throws Exception {
        byte[] data = random(60_000);
        try (InProcess backEnd = shortened(folder, "preadv2", bytes);
                FakeFrontend frontend = connect(backEnd)) {
            Files.write(folder.resolve("share/f"), data);
            frontend.queue(1).pieces(4096);
            FuseClient fuse = begin(frontend, 1);
            long node = fuse.lookup(FuseClient.ROOT, "f").nodeId();
            long fh = fuse.open(node, 0);
            assertArrayEquals(data, fuse.read(node, fh, 0, 64 << 10));
            byte[] part = Arrays.copyOfRange(data, 100, 250);
            assertArrayEquals(part, fuse.read(node, fh, 100, 150));
        }
    }

    /** The guest would take what is missing for the end of the file. */
    @Test
    void aReadThatFailsOnItsWayFails() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        try (InProcess backEnd =
                        new InProcess(faulty.calls(), folder.resolve("share"), folder, o -> o);
                FakeFrontend frontend = connect(backEnd)) {
            byte[] data = random(4096); // the end might be the border of a sector that failed
            Files.write(folder.resolve("share/f"), data);
            FuseClient fuse = begin(frontend, 1);
            long node = fuse.lookup(FuseClient.ROOT, "f").nodeId();
            long fh = fuse.open(node, 0);
            faulty.fail("preadv2", 1, 1, EIO);
            assertErrno(EIO, () -> fuse.read(node, fh, 0, 8192));
            assertArrayEquals(data, fuse.read(node, fh, 0, 8192));
        }
    }

    @Test
    void aWriteThatIsShortOnTheHostIsAcknowledgedAsFarAsItCame() throws Exception {
        byte[] data = random(5000);
        try (InProcess backEnd = shortened(folder, "pwritev2", 999);
                FakeFrontend frontend = connect(backEnd)) {
            frontend.queue(1).pieces(700);
            FuseClient fuse = begin(frontend, 1);
            FuseClient.Created made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
            int done = fuse.write(made.node().nodeId(), made.fh(), 0, data);
            assertTrue(done > 0 && done <= 999, done + " bytes");
            assertArrayEquals(
                    Arrays.copyOf(data, done), Files.readAllBytes(folder.resolve("share/f")));
        }
    }

    @Test
    void aSlowCallHoldsUpItsOwnQueueOnly() throws Exception {
        FaultySyscalls faulty = new FaultySyscalls();
        try (InProcess backEnd =
                        new InProcess(faulty.calls(), folder.resolve("share"), folder, o -> o);
                FakeFrontend frontend = connect(backEnd)) {
            FuseClient slow = begin(frontend, 1);
            FuseClient.Created made = slow.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
            long node = made.node().nodeId();
            faulty.hold("fsync");
            CompletableFuture<Void> syncing =
                    CompletableFuture.runAsync(() -> slow.fsync(node, made.fh()));
            assertTrue(Waiting.until(() -> faulty.isHeld("queue-1")));
            FuseClient other = new FuseClient(frontend, 2);
            assertEquals(4, other.write(node, made.fh(), 0, new byte[4]));
            assertEquals(4, other.getattr(node).size());
            long directory = other.mkdir(FuseClient.ROOT, "d", 0700).nodeId();
            other.forget(directory, 1); // by hiprio
            assertErrno(ENOENT, () -> other.getattr(directory));
            assertFalse(syncing.isDone());
            faulty.releaseAll("fsync");
            syncing.get(10, TimeUnit.SECONDS);
        }
    }

    @Test
    void onAFullFileSystemNothingIsLostThatWasWritten() throws Exception {
        try (MountSpace space = MountSpace.open()) {
            Path place = Files.createDirectory(folder.resolve("share"));
            space.runIfPossible("mount -t tmpfs -o size=1m,nr_inodes=20 tmpfs " + place);
            Path share = space.path(place);
            try (FuseRig rig = new FuseRig(share, folder)) {
                FuseClient fuse = rig.fuse();
                FuseClient.Created made = fuse.create(FuseClient.ROOT, "f", O_RDWR, S_IFREG | 0600);
                long first = fuse.mkdir(FuseClient.ROOT, "first", 0700).nodeId();
                long node = made.node().nodeId();
                assertErrno(ENOSPC, () -> fuse.fallocate(node, made.fh(), 0, 2 << 20, 0));
                ByteArrayOutputStream written = new ByteArrayOutputStream();
                byte[] data = random(100_001);
                FuseErrorException full =
                        assertThrows(
                                FuseErrorException.class,
                                () -> {
                                    while (true) {
                                        int at = written.size();
                                        int done = fuse.write(node, made.fh(), at, data);
                                        written.write(data, 0, done);
                                    }
                                });
                assertEquals(ENOSPC, full.errno());
                assertTrue(written.size() > 900_000, written.size() + " bytes");
                assertArrayEquals(written.toByteArray(), Files.readAllBytes(share.resolve("f")));
                assertErrno(
                        ENOSPC,
                        () -> {
                            for (int i = 0; i < 20; i++) {
                                fuse.mkdir(FuseClient.ROOT, "d" + i, 0700);
                            }
                        });
                fuse.setattr(node, 8, 0, 0, 0, 0);
                int open = OpenDescriptors.count();
                fuse.rmdir(FuseClient.ROOT, "first");
                fuse.forget(first, 1);
                OpenDescriptors.assertSettleAt(open - 1); // then the host has its inode back
                fuse.mkdir(FuseClient.ROOT, "new", 0700);
                assertEquals(4, fuse.write(node, made.fh(), 0, new byte[4]));
            }
        }
    }
}
